"""The life of a release dies once before and once after each durable effect: archive, log and database.

Effects are counted on the real adapters while one release goes from "approved" to "found by search"; then the same is
run once for each effect and moment, cut there, and restarted.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import ocfl
import pytest
import sqlalchemy as sa

from app.db.engine import transaction
from app.services import auditing, catalogue
from app.services.searching import Question, is_current
from app.wiring import Disks
from archive.ledger.disk import LocalDisk as LogDisk
from archive.ledger.statement_check import read_statement
from tests.fakes.disks import Died, DyingDisk
from tests.town import Town, reopened
from tests.unit.app.services.test_line import actor

FILES = {"shelters.csv": "名称\n中央小学校\n".encode(), "note.txt": b"hello"}
SHARES = 6  # so that more than one core can take part


class DyingLogDisk(LogDisk):
    """The log's disk, counting effects and dying at one of them."""

    def __init__(self) -> None:
        self.effects, self.at, self.moment, self.dead = 0, -1, "before", False

    def make_folder(self, path: Path) -> None:
        self._do(super().make_folder, path)

    def write(self, path: Path, data: bytes) -> None:
        self._do(super().write, path, data)

    def rename(self, source: Path, target: Path) -> None:
        self._do(super().rename, source, target)

    def sync_folder(self, path: Path) -> None:
        self._do(super().sync_folder, path)

    def _do(self, effect: Callable[..., None], *args: object) -> None:
        here = self.effects == self.at
        self.effects += 1
        if self.dead or (here and self.moment == "before"):
            self.dead = True
            raise Died
        effect(*args)
        if here:
            self.dead = True
            raise Died


@dataclass
class DyingDatabase:
    """Counts the commits of the portal's database and dies at one of them."""

    engine: sa.Engine
    at: int = -1
    moment: str = "before"
    commits: int = 0
    dead: bool = False
    _watching: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        sa.event.listen(self.engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.engine, "commit", self._commit)

    def _commit(self, connection: sa.Connection) -> None:
        here = self.commits == self.at
        self.commits += 1
        if self.dead or here:
            self.dead = True
            if here and self.moment == "after":
                connection.connection.driver_connection.commit()
            raise Died


@pytest.fixture(scope="module")
def approved(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node whose second release is approved and waits for the worker."""
    data = tmp_path_factory.mktemp("approved") / "data"
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    ann = actor(made, "ann")
    made.publish(ann, "shelters", {"shelters.csv": b"first\n"})
    made.submit(ann, made.draft(ann, "shelters", FILES))
    made.portal.close()
    return data


@pytest.fixture(scope="module")
def effects(approved: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str]]:
    """Every effect there is between "approved" and "found", twice: to be cut before and after it."""
    data = tmp_path_factory.mktemp("counted") / "data"
    shutil.copytree(approved, data, symlinks=True)
    disk, log = DyingDisk(), DyingLogDisk()
    made = reopened(data, Disks(disk, log))
    disk.effects.clear()
    with DyingDatabase(made.portal.engine) as database:
        made.work_off()
    made.portal.close()
    counts = {"archive": len(disk.effects), "log": log.effects, "database": database.commits}
    assert all(counts.values()), counts
    return [(kind, at, moment) for moment in ("before", "after") for kind, n in counts.items() for at in range(n)]


def assert_whole(made: Town) -> None:
    """The release is published once, the archive and the log agree, and a reader finds it."""
    with transaction(made.portal.engine) as session:
        releases = catalogue.releases(session, "shelters")
        assert [(row.version, row.state) for row in releases] == [(2, "published"), (1, "published")]
        answer = made.portal.searcher.ask(session, Question("中央小学校"), cursor_key=b"k" * 32, lang="ja")
        assert [found.dataset.name for found in answer.found] == ["shelters"]
        assert is_current(session)
    size = made.portal.log.checkpoint().size
    said = [read_statement(entry) for entry in made.portal.log.entries(0, size)]
    assert [s.body["version"] for s in said if s.type == "publish"] == [1, 2]
    assert [finding for step in auditing.steps(made.portal.root, made.portal.log) for finding in step.findings] == []
    assert not list(made.portal.staging.uploads())


@pytest.mark.parametrize("share", range(SHARES))
def test_a_release_is_whole_or_resumable_wherever_it_dies(
    approved: Path, effects: list[tuple[str, int, str]], tmp_path: Path, share: int
) -> None:
    for number, (kind, at, moment) in enumerate(effects[share::SHARES]):
        data = tmp_path / str(number) / "data"
        shutil.copytree(approved, data, symlinks=True)
        disk, log = DyingDisk(), DyingLogDisk()
        made = reopened(data, Disks(disk, log))
        disk.effects.clear()
        if kind == "archive":
            disk.die_at(at, moment)
        if kind == "log":
            log.at, log.moment = at, moment
        with DyingDatabase(made.portal.engine, at if kind == "database" else -1, moment), pytest.raises(Died):
            made.work_off()

        made.restart()
        made.work_off()

        assert_whole(made)
        if kind == "archive":
            folder = made.portal.root.path_of("urn:ishibumi:shelters:1")
            assert ocfl.Object(identifier="urn:ishibumi:shelters:1").validate(objdir=str(folder))[0]
        made.portal.close()
        shutil.rmtree(data)
