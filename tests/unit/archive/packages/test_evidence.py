"""Evidence from a real archive and a real log: what is built, the verifier accepts; what is missing has its words."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import StatementCheck
from archive.ledger.writer import create_log, open_log
from archive.objects.commit import commit
from archive.objects.inventory import User
from archive.objects.root import StorageRoot
from archive.packages import evidence
from archive.packages.evidence import Stored, build_bundle
from archive.records import base64_strict, dsse
from archive.records.keys import KeyKind, SigningKey
from archive.records.statements import Statement
from archive.store.disk import LocalDisk
from archive.verify import bundle as bundles
from archive.verify.steps import check
from tests.unit.archive.ledger.logs import clock
from tests.unit.archive.verify.material import FILES, PATH, SALT, WHEN, city, digests, genesis, honest_release

CITY = city()
YOUNGER = SigningKey.from_seed(CITY.agency.public.name, KeyKind.STATEMENT, b"y" * 32)
OTHER = SigningKey.from_seed("mihon.example/agency/other", KeyKind.STATEMENT, b"o" * 32)


@dataclass
class House:
    """An archive and a log that hold one release, signed by the agency's second key, among 300 other statements."""

    folder: Path
    root: StorageRoot
    index: int

    def bundle(self, path: str = PATH, **given: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = {"dataset": "shelters", "volume": 1, "ocfl_version": 1, "log_index": self.index}
        return build_bundle(self.root, LogReader(self.folder / "log"), Stored(**{**wanted, **given}), path)


def _openings() -> dict[str, Any]:
    return {
        "v": 1,
        "manifest": honest_release().tree.to_json(),
        "metadata": {"salt": base64_strict.encode(SALT)},
    }


def _commit(root: StorageRoot, dataset: str, meta: dict[str, bytes]) -> None:
    files = {f"files/{path}": data for path, data in FILES.items()}
    commit(root, dataset, "r1", {**files, **meta}, message="v1", user=User("n", "https://a/"), created=WHEN)


def _entries() -> Iterator[bytes]:
    """Give genesis, three keys, and 300 releases: the last is the one that is told."""
    ends: dict[str, tuple[int, bytes]] = {}

    def say(by: SigningKey, kind: str, body: dict[str, Any]) -> bytes:
        seq, previous = ends.get(by.public.name, (0, None))
        entry = dsse.seal(Statement(kind, CITY.origin, by.public.name, seq, previous, WHEN, body).payload(), by).entry()
        ends[by.public.name] = (seq + 1, merkle.leaf_hash(entry))
        return entry

    first = genesis(CITY)
    ends[CITY.node.public.name] = (1, merkle.leaf_hash(first))
    yield first
    for by, key in ((CITY.node, CITY.agency), (CITY.node, OTHER), (CITY.agency, YOUNGER)):
        body = {"name": key.public.name, "vkey": key.public.vkey, "role": "agency", "custody": "own"}
        yield say(by, "add-key", {**body, "not_before": "2026-01-01T00:00:00Z"})
    published = honest_release().body
    for number in range(300):
        yield say(OTHER, "publish", {**published, "version": number + 1})
    yield say(YOUNGER, "publish", published)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    root = StorageRoot.create(folder / "objects", folder / "staging", LocalDisk())
    record = honest_release().record
    _commit(root, "shelters", {"meta/record.json": record, "meta/openings.json": json.dumps(_openings()).encode()})
    _commit(root, "no-openings", {"meta/record.json": record})
    _commit(root, "no-record", {"meta/openings.json": json.dumps(_openings()).encode()})
    _commit(root, "no-json", {"meta/openings.json": b"\xff"})
    _commit(root, "no-object", {"meta/openings.json": b"[]"})
    _commit(
        root,
        "no-salt",
        {"meta/openings.json": json.dumps({**_openings(), "metadata": 1}).encode(), "meta/record.json": record},
    )
    _commit(root, "no-manifest", {"meta/openings.json": b'{"manifest":{"leaves":[],"salt":"?"}}'})
    _commit(root, "no-text", {"meta/openings.json": json.dumps(_openings()).encode(), "meta/record.json": b"\xff"})
    create_log(folder / "log", folder / "state", CITY.log, clock)
    with open_log(folder / "log", folder / "state", CITY.log, clock, StatementCheck(CITY.origin)) as log:
        index = log.append(list(_entries()))[-1].index
    return House(folder, root, index)


@pytest.mark.parametrize("path", list(FILES))
def test_what_is_built_the_verifier_accepts(house: House, path: str) -> None:
    raw = json.dumps(house.bundle(path), ensure_ascii=False, indent=1).encode()
    result = check(digests(FILES[path]), raw, CITY.policy)
    assert (result.exit_code, result.error) == (0, None)
    assert result.facts is not None
    assert (result.facts.path, result.facts.log_index, result.facts.log_size) == (path, house.index, house.index + 1)


def test_it_brings_only_the_keys_that_lead_to_the_signature(house: House) -> None:
    bundle = house.bundle()
    assert [key["index"] for key in bundle["keys"]] == [0, 1, 3]
    parsed = bundles.parse(json.dumps(bundle).encode())
    heads = {proof.partition(b"\n\n")[2] for proof in (parsed.publish.proof, *(key.proof for key in parsed.keys))}
    assert len(heads) == 1
    assert bundle["policy"] == f"log {CITY.log.public.vkey}\nquorum none\n"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"path": "nowhere.csv"}, "REC-041"),
        ({"dataset": "nobody"}, "ARC-042"),
        ({"ocfl_version": 2}, "ARC-043"),
        ({"log_index": 10_000}, "LED-037"),
        ({"dataset": "no-openings"}, "VER-040"),
        ({"dataset": "no-record"}, "VER-040"),
        ({"dataset": "no-json"}, "VER-040"),
        ({"dataset": "no-object"}, "VER-040"),
        ({"dataset": "no-salt"}, "VER-040"),
        ({"dataset": "no-text"}, "VER-040"),
        ({"dataset": "no-manifest"}, "REC-041"),
    ],
)
def test_what_cannot_be_built(house: House, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        house.bundle(**given)
    assert refused.value.code == code


def test_a_part_that_cannot_be_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    state = house.root.state("urn:ishibumi:shelters:1", 1)
    lost = {**state, evidence.OPENINGS: type(state[evidence.OPENINGS])(house.folder / "nothing", bytes(32))}
    monkeypatch.setattr(StorageRoot, "state", lambda *_: lost)
    with pytest.raises(evidence.EvidenceMissing):
        house.bundle()


def test_what_no_verifier_would_read_is_not_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 2_000)
    with pytest.raises(evidence.EvidenceTooLarge):
        house.bundle()


def test_another_release_with_the_same_words_is_another_place_in_the_log(house: House) -> None:
    bundle = house.bundle()
    bundle["statement"]["index"] -= 1
    assert check(digests(FILES[PATH]), json.dumps(bundle).encode(), CITY.policy).exit_code == 1
