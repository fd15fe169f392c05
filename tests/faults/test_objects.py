"""A commit that dies: at every durable effect, by kill -9, by power loss, on a full disk (ARCHIVE.md 8, rows 1 to 3)."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from io import FileIO
from itertools import product
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.objects.audit import audit
from archive.objects.commit import find_commit
from archive.objects.recovery import recover_all
from archive.objects.root import Limits, StorageRoot
from archive.store.disk import Disk, LocalDisk
from archive.store.errors import StoreFull, StoreUnavailable
from tests.fakes.disks import Died, DyingDisk, PowerLossDisk
from tests.unit.archive.objects.test_objects import foreign_reader_codes, new_root, save

REPOSITORY = Path(__file__).parents[2]
FIRST = {"files/a.csv": b"1", "files/b.csv": b"2"}
SECOND = {"files/a.csv": b"3", "files/b.csv": b"2"}
LIMITS = {"first version": 256, "next version": 256, "next volume": 1}


def prepared(folder: Path, case: str) -> None:
    root = new_root(folder)
    if case != "first version":
        save(root, "r1", FIRST)


def reopened(folder: Path, disk: Disk, case: str) -> StorageRoot:
    return StorageRoot.open(folder / "objects", folder / "staging", disk, Limits(versions=LIMITS[case]))


def effects_of_a_commit(folder: Path, case: str) -> list[str]:
    prepared(folder, case)
    disk = DyingDisk()
    root = reopened(folder, disk, case)
    disk.effects.clear()
    save(root, "r2", SECOND)
    return disk.effects


def fingerprint(root: StorageRoot) -> frozenset[tuple[str, bytes]]:
    """Return all that a foreign reader can see: one judgement holds for every archive that looks the same."""
    return frozenset(
        (path.relative_to(root.folder).as_posix(), path.read_bytes() if path.is_file() else b"folder")
        for path in root.folder.rglob("*")
    )


def assert_old_or_new(root: StorageRoot, case: str, judged: set[frozenset[tuple[str, bytes]]]) -> bool:
    """Assert that the archive is valid and holds what it held, and perhaps all of the new; tell whether it does."""
    seen = fingerprint(root)
    if seen not in judged:
        assert foreign_reader_codes(root) <= {"W004"}
        judged.add(seen)
    assert [finding for checked in audit(root) for finding in checked.findings] == []
    if case != "first version":
        old = root.read("urn:ishibumi:shelters:1", 1, "files/a.csv")
        assert old.path.read_bytes() == b"1"
    done = find_commit(root, "shelters", "r2")
    if done:
        assert root.read(done.object_id, done.version, "files/a.csv").path.read_bytes() == b"3"
    return done is not None


@pytest.mark.parametrize("case", LIMITS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_each_effect_may_be_the_last(tmp_path: Path, case: str, moment: str) -> None:
    effects = effects_of_a_commit(tmp_path / "whole", case)
    assert {"rename", "sync_folder", "sync", "seal"} <= set(effects)
    prepared(tmp_path / "before", case)
    judged: set[frozenset[tuple[str, bytes]]] = set()
    for at in range(len(effects)):
        folder = tmp_path / "try"
        shutil.copytree(tmp_path / "before", folder)
        disk = DyingDisk()
        root = reopened(folder, disk, case)
        disk._at, disk._moment = len(disk.effects) + at, moment  # type: ignore[assignment]
        with pytest.raises(Died):
            save(root, "r2", SECOND)

        root = reopened(folder, LocalDisk(), case)
        recover_all(root)
        assert_old_or_new(root, case, judged)
        again = save(root, "r2", SECOND)
        assert next(audit(root, [again.object_id])).findings == ()
        assert again.version == (2 if case == "next version" else 1)
        assert list((root.staging / "commits").iterdir()) == []
        shutil.rmtree(folder)


@pytest.mark.parametrize("case", LIMITS)
@pytest.mark.parametrize("seed", range(3))
def test_power_loss_leaves_the_old_or_the_new(tmp_path: Path, case: str, seed: int) -> None:
    """Cut the power at every effect; what comes back is one of the states the disk allows, by the dice."""
    dice = random.Random(f"{case}{seed}")
    count = len(effects_of_a_commit(tmp_path / "whole", case))
    judged: set[frozenset[tuple[str, bytes]]] = set()
    for at in range(seed, count + 1, 3):
        live, found = tmp_path / f"live{at}", tmp_path / f"found{at}"
        live.mkdir()
        power = PowerLossDisk(live)
        root = StorageRoot.create(live / "objects", live / "staging", power)
        if case != "first version":
            save(root, "r1", FIRST)
        dying = DyingDisk(disk=power)
        root = reopened(live, dying, case)
        dying._at = len(dying.effects) + at
        returned = False
        try:
            save(root, "r2", SECOND)
            returned = True
        except Died:
            returned = False
        power.lose_power(dice, found)

        root = reopened(found, LocalDisk(), case)
        recover_all(root)
        assert assert_old_or_new(root, case, judged) or not returned
        assert next(audit(root, [save(root, "r2", SECOND).object_id])).findings == ()


class TroubledDisk(LocalDisk):
    """Raises one error at one kind of effect."""

    def __init__(self, effect: str, error: ArchiveError) -> None:
        self.effect: str | None = effect
        self.error = error

    def write(self, handle: FileIO, data: bytes) -> None:
        self._trouble("write")
        super().write(handle, data)

    def sync(self, handle: FileIO) -> None:
        self._trouble("sync")
        super().sync(handle)

    def sync_folder(self, path: Path) -> None:
        self._trouble("sync_folder")
        super().sync_folder(path)

    def rename(self, source: Path, target: Path) -> None:
        self._trouble("rename")
        super().rename(source, target)

    def replace(self, source: Path, target: Path) -> None:
        self._trouble("replace")
        super().replace(source, target)

    def _trouble(self, effect: str) -> None:
        if effect == self.effect:
            self.effect = None
            raise self.error


@pytest.mark.parametrize(
    ("effect", "case"),
    [*product(["write", "sync", "sync_folder", "rename"], LIMITS), ("replace", "next version")],
)
@pytest.mark.parametrize("error", [StoreFull(), StoreUnavailable({"why": "EIO"})], ids=["ENOSPC", "EIO"])
def test_a_disk_in_trouble_is_told_and_a_repeat_is_right(
    tmp_path: Path, case: str, effect: str, error: ArchiveError
) -> None:
    prepared(tmp_path, case)
    disk = TroubledDisk(effect, error)
    root = reopened(tmp_path, disk, case)
    with pytest.raises(type(error)):
        save(root, "r2", SECOND)
    save(root, "r2", SECOND)
    assert assert_old_or_new(root, case, set())
    assert list((root.staging / "commits").glob("r*")) == []


def test_a_read_error_is_a_finding(tmp_path: Path) -> None:
    class Unreadable(LocalDisk):
        def open(self, path: Path) -> FileIO:
            if "content" in path.parts:
                raise StoreUnavailable({"why": "EIO"})
            return super().open(path)

    save(new_root(tmp_path), "r1", FIRST)
    root = reopened(tmp_path, Unreadable(), "next version")
    assert {finding.kind for checked in audit(root) for finding in checked.findings} == {"unreadable"}


COMMITTER = """
import sys
from pathlib import Path
from archive.store.disk import LocalDisk
from archive.objects.root import StorageRoot
from tests.unit.archive.objects.test_objects import save
root = StorageRoot.open(Path(sys.argv[1], "objects"), Path(sys.argv[1], "staging"), LocalDisk())
print("ready", flush=True)
for n in range(int(sys.argv[2]), 100_000):
    save(root, f"r{n}", {"files/a.csv": b"%d" % n, "files/b.csv": b"same", "meta/n.json": b"[%d]" % n})
    print(n, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_at_any_moment_loses_nothing_that_was_answered(tmp_path: Path, seed: int) -> None:
    root, dice, done = new_root(tmp_path), random.Random(seed), 0
    for _ in range(4):
        done = killed_after(dice.randrange(1, 6), dice, tmp_path, done + 1)
        recover_all(root)
        assert foreign_reader_codes(root) <= {"W004"}
        assert [finding for checked in audit(root) for finding in checked.findings] == []
        saved = find_commit(root, "shelters", f"r{done}")
        assert saved is not None
        assert root.read(saved.object_id, saved.version, "files/a.csv").path.read_bytes() == b"%d" % done
        if find_commit(root, "shelters", f"r{done + 1}"):
            done += 1  # committed, and killed before it could say so


def killed_after(lines: int, dice: random.Random, folder: Path, first: int) -> int:
    """Let a process commit in a tight loop, kill it some instructions after `lines` answers; return the last one."""
    command = [sys.executable, "-c", COMMITTER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as child:
        assert child.stdout
        answers = [child.stdout.readline() for _ in range(lines + 1)]
        spin(dice.randrange(200_000))
        os.kill(child.pid, signal.SIGKILL)
        answers += child.stdout.readlines()
    return max(int(line) for line in answers if line.strip().isdigit())


def spin(turns: int) -> None:
    for _ in range(turns):
        continue


def test_the_moment_of_death_is_not_ours_to_catch() -> None:
    assert not issubclass(Died, Exception)
    dies: Callable[[], object] = DyingDisk(at=0).sync_all  # type: ignore[assignment]
    with pytest.raises(Died):
        dies(Path())  # type: ignore[call-arg]
