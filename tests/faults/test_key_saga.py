"""A rotation of keys dies once before and once after each durable effect of log and database, and is then whole."""

import shutil
from pathlib import Path

import pytest

from app.db.engine import transaction
from app.services import keychanges, keys_of_log, names
from app.wiring import Disks
from archive.ledger.statement_check import read_statement
from tests.fakes.disks import Died, DyingDisk
from tests.faults.test_publish_saga import DyingDatabase, DyingLogDisk
from tests.town import HOST, Town, reopened
from tests.unit.app.services.test_line import CSV, actor

SOLO = names.agency_key(HOST, "solo")


@pytest.fixture(scope="module")
def wished(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node where a rotation of an agency's key waits for the worker."""
    data = tmp_path_factory.mktemp("wished") / "data"
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    portal = made.portal
    with transaction(portal.engine) as session:
        keychanges.rotate(
            session,
            portal.jobs,
            actor(made, "ann"),
            portal.log_keys.ring(),
            SOLO,
            keep=False,
            now=portal.clock.now(),
        )
    portal.close()
    return data


@pytest.fixture(scope="module")
def effects(wished: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str]]:
    data = tmp_path_factory.mktemp("counted") / "data"
    shutil.copytree(wished, data, symlinks=True)
    log = DyingLogDisk()
    made = reopened(data, Disks(DyingDisk(), log))
    with DyingDatabase(made.portal.engine) as database:
        made.work_off()
    made.portal.close()
    counts = {"log": log.effects, "database": database.commits}
    assert all(counts.values()), counts
    return [(kind, at, moment) for moment in ("before", "after") for kind, n in counts.items() for at in range(n)]


def assert_whole(made: Town) -> None:
    """There is one new key, the old one is ended once, and the next release is signed by the new one."""
    old, new = keys_of_log.items(made.portal.log_keys.ring(), SOLO)
    assert (old.reason, new.revoked_at) == ("superseded", None)
    assert [key.vkey for key in made.portal.keys.held(SOLO)] == [old.vkey, new.vkey]
    size = made.portal.log.checkpoint().size
    said = [read_statement(entry).type for entry in made.portal.log.entries(0, size)]
    assert said[-2:] == ["add-key", "revoke-key"]
    with transaction(made.portal.engine) as session:
        assert keychanges.under_way(session, SOLO) is None
    assert made.publish(actor(made, "ann"), "shelters", {"a.csv": CSV}).state == "published"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rotation_is_whole_or_resumable_wherever_it_dies(
    wished: Path, effects: list[tuple[str, int, str]], tmp_path: Path, moment: str
) -> None:
    for number, (kind, at, _) in enumerate(each for each in effects if each[2] == moment):
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

        assert_whole(made)
        made.portal.close()
        shutil.rmtree(data)
