"""Power fails at each effect on disk while an anchor is kept: what is seen is whole, and the next round makes it up."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archive.ledger.anchor import folder
from archive.ledger.disk import LocalDisk
from tests.unit.archive.ledger.anchor.test_folder import checkpoint

EFFECTS = 12


@dataclass
class FailingDisk:
    """A real disk that fails at effect number `at`, before it is done or, with `late`, after."""

    at: int
    late: bool
    count: int = 0
    disk: LocalDisk = field(default_factory=LocalDisk)

    def _effect(self, name: str, *args: object) -> None:
        self.count += 1
        if self.count == self.at and not self.late:
            raise OSError("power failed")
        getattr(self.disk, name)(*args)
        if self.count == self.at:
            raise OSError("power failed")

    def make_folder(self, path: Path) -> None:
        self._effect("make_folder", path)

    def write(self, path: Path, data: bytes) -> None:
        self._effect("write", path, data)

    def rename(self, source: Path, target: Path) -> None:
        self._effect("rename", source, target)

    def sync_folder(self, path: Path) -> None:
        self._effect("sync_folder", path)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, EFFECTS))
def test_power_fails_while_an_anchor_is_kept(tmp_path: Path, at: int, late: bool) -> None:
    disk = FailingDisk(at, late)
    try:
        folder.keep(tmp_path, checkpoint(5), "rfc3161", "office", b"token", 1.0, disk)
        assert disk.count < at
    except OSError:
        pass
    seen = [(each.size, each.by, each.token) for each in folder.kept(tmp_path)]
    assert seen in ([], [(5, "office", b"token")])
    folder.keep(tmp_path, checkpoint(5), "rfc3161", "office", b"token", 1.0)
    assert [(each.size, each.by, each.token) for each in folder.kept(tmp_path)] == [(5, "office", b"token")]
    assert [path.name for path in tmp_path.rglob(".*") if path.is_file()] == []


def test_every_effect_was_tried(tmp_path: Path) -> None:
    disk = FailingDisk(0, late=False)
    folder.keep(tmp_path, checkpoint(5), "rfc3161", "office", b"token", 1.0, disk)
    assert disk.count == EFFECTS - 2
