"""A change of keys dies once before and once after each durable effect of log and database, and is then whole."""

import shutil
from pathlib import Path

import pytest

from app.db.engine import transaction
from app.services import keychanges, keys_of_log, logkeys, names
from app.wiring import Disks
from archive.ledger.checkpoint import open_checkpoint
from archive.ledger.statement_check import read_statement
from tests.fakes.disks import Died, DyingDisk
from tests.faults.test_publish_saga import DyingDatabase, DyingLogDisk
from tests.town import HOST, SHELL, Town, reopened
from tests.unit.app.services.test_line import CSV, actor

SOLO = names.agency_key(HOST, "solo")
ORIGIN = names.log_origin(HOST)

pytestmark = pytest.mark.engines  # both rotations die at each of their effects: minutes, not seconds


def wish(made: Town, name: str) -> None:
    portal = made.portal
    ring, now = portal.log_keys.ring(), portal.clock.now()
    with transaction(portal.engine) as session:
        if name == SOLO:
            keychanges.rotate(session, portal.jobs, actor(made, "ann"), ring, SOLO, keep=False, now=now)
        else:
            brought = logkeys.bring(made.data / "next-log-key.txt", portal.folders, portal.keys, ring)
            keychanges.rotate_log(session, portal.jobs, SHELL, ring, brought.key, brought.following, now=now)


@pytest.fixture(scope="module", params=[SOLO, ORIGIN], ids=["agency", "log"])
def wished(request: pytest.FixtureRequest, founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node where a rotation of a key waits for the worker; the folder's name tells whose."""
    data = tmp_path_factory.mktemp("wished") / request.param.replace("/", "~")
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    wish(made, request.param)
    made.portal.close()
    return data


@pytest.fixture(scope="module")
def effects(wished: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """Every effect there is between the wish and its end."""
    data = tmp_path_factory.mktemp("counted") / "data"
    shutil.copytree(wished, data, symlinks=True)
    log = DyingLogDisk()
    made = reopened(data, Disks(DyingDisk(), log))
    with DyingDatabase(made.portal.engine) as database:
        made.work_off()
    made.portal.close()
    counts = {"log": log.effects, "database": database.commits}
    assert all(counts.values()), counts
    return [(kind, at) for kind, n in counts.items() for at in range(n)]


def assert_whole(made: Town, name: str) -> None:
    """There is one new key; an agency's old one is ended once, the log's still signs; and the node publishes."""
    old, new = keys_of_log.items(made.portal.log_keys.ring(), name)
    assert [key.vkey for key in made.portal.keys.held(name)] == [old.vkey, new.vkey]
    size = made.portal.log.checkpoint().size
    said = [read_statement(entry).type for entry in made.portal.log.entries(0, size)]
    ends = ["add-key", "revoke-key"] if name == SOLO else ["add-key"]
    assert said[-len(ends) - 1 :] == ["add-key", *ends]
    assert (old.reason, new.revoked_at) == ("superseded" if name == SOLO else "", None)
    with transaction(made.portal.engine) as session:
        assert keychanges.under_way(session, name) is None
    if name == ORIGIN:
        for key in made.portal.log_keys.of_log:
            assert open_checkpoint(made.portal.log.checkpoint().raw, [key]).size == size
    assert made.publish(actor(made, "ann"), "shelters", {"a.csv": CSV}).state == "published"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rotation_is_whole_or_resumable_wherever_it_dies(
    wished: Path, effects: list[tuple[str, int]], tmp_path: Path, moment: str
) -> None:
    for number, (kind, at) in enumerate(effects):
        data = tmp_path / str(number) / "data"
        shutil.copytree(wished, data, symlinks=True)
        log = DyingLogDisk()
        made = reopened(data, Disks(DyingDisk(), log))
        if kind == "log":
            log.at, log.moment = at, moment
        with DyingDatabase(made.portal.engine, at if kind == "database" else -1, moment), pytest.raises(Died):
            made.work_off()

        made.restart()
        made.work_off()

        assert_whole(made, wished.name.replace("~", "/"))
        made.portal.close()
        shutil.rmtree(data)
