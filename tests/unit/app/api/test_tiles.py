"""The log's files over HTTP: paths that no log has, and partial tiles that were pruned (LEDGER section 8, 8 to 10, 49)."""

from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from archive import merkle
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles, TreeReader, decode_bundle
from archive.ledger.writer import open_log
from tests.town import Town
from tests.unit.archive.ledger.logs import LOG_KEY, clock, make_log

MANY = [b"entry %d" % number for number in range(300)]


@pytest.fixture
def client(town: Town) -> FlaskClient:
    app = create_app(Settings(data_dir=town.data), town.portal)
    app.testing = True
    return app.test_client()


@pytest.mark.parametrize(
    "path",
    [
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/300",
        "0/000.p/08",
        "0/x001",
        "0/x000/001",
        "64/000",
        "0/..%2f000",
        "0/../checkpoint",
        "0/0000",
        "0/000/",
        "entries/000.p/99",
        "0/００0",
        "9/999",
        "0/000.p/-1",
        "x/000",
    ],
)
def test_9_and_10_a_path_that_is_no_tile_or_not_there(client: FlaskClient, path: str) -> None:
    assert client.get(f"/log/tile/{path}").status_code == 404


def test_8_a_pruned_partial_is_answered_from_its_full_tile(
    town: Town, client: FlaskClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = make_log(tmp_path_factory.mktemp("log"), MANY)
    folder = town.portal.folders.log
    for name in ("tile/0/000", "tile/entries/000"):
        (folder / name).write_bytes((log / name).read_bytes())
    answer = client.get("/log/tile/0/000.p/77")
    assert answer.data == b"".join(merkle.leaf_hash(entry) for entry in MANY[:77])
    assert "immutable" in answer.headers["Cache-Control"]
    answer = client.get("/log/tile/entries/000.p/77")
    assert decode_bundle(answer.data, 77, "") == MANY[:77]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert client.get("/log/tile/0/001.p/7").status_code == 404


@dataclass
class StaleCache:
    """A source behind a cache that keeps handing out the first checkpoint that it saw."""

    tiles: LocalTiles
    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str, limit: int) -> bytes:
        data = self.tiles.read(path, limit)
        return self.kept.setdefault(path, data) if path == "checkpoint" else data


def test_49_a_stale_cache_in_front_of_the_checkpoint_gives_old_and_right_proofs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("log")
    source = StaleCache(LocalTiles(make_log(home, MANY[:100])))
    reader = LogReader(source, [LOG_KEY.public])
    old = reader.checkpoint()
    with open_log(home / "log", home / "state", LOG_KEY, clock) as log:
        log.append(MANY[100:])
    (home / "log/tile/0/000.p/100").unlink()  # pruned: the full tile is there
    assert reader.checkpoint() == old
    proof = reader.tlog_proof(42)
    proof.check_inclusion(MANY[42])
    assert proof.checkpoint.size == 100
    assert TreeReader(source, 100).range_root(0, 100) == old.root
    assert LogReader(home / "log", [LOG_KEY.public]).checkpoint().size == 300
