"""Steps 5 and 7 of a leaf's life: tiles and checkpoint become durable, public files, whole or not at all."""

from collections.abc import Iterable
from pathlib import Path

from archive.ledger.disk import Disk
from archive.ledger.errors import TileConflict
from archive.ledger.growth import Files

CHECKPOINT_FILE = "checkpoint"


def write_tiles(disk: Disk, folder: Path, files: Files, *, again: bool) -> None:
    """Make `files` durable under `folder`. `again` after a crash: names made then may not have been synced.

    Raises:
        TileConflict: a file is there with other bytes. OSError: the disk fails.

    """
    targets = {folder / str(path): data for path, data in files.items()}
    there = {target for target in targets if target.exists()}
    for target in there:
        if target.read_bytes() != targets[target]:
            raise TileConflict({"path": str(target.relative_to(folder))})
    fresh = [target for target in targets if target not in there]
    changed = {target.parent for target in targets}
    for target in fresh:
        for missing in _missing_folders(target.parent):
            disk.make_folder(missing)
            changed.add(missing.parent)
        disk.write(_draft(target), targets[target])
    for target in fresh:
        disk.rename(_draft(target), target)
    for path in sorted(changed | (_ancestors(targets, folder) if again else set())):
        disk.sync_folder(path)


def publish_checkpoint(disk: Disk, folder: Path, raw: bytes) -> None:
    """Replace the public checkpoint in one step. Raises OSError."""
    target = folder / CHECKPOINT_FILE
    disk.write(_draft(target), raw)
    disk.rename(_draft(target), target)
    disk.sync_folder(folder)


def _draft(target: Path) -> Path:
    """Where a file is written before it has its name; there is one writer, so one draft of each."""
    return target.with_name(f".{target.name}.new")


def _missing_folders(folder: Path) -> list[Path]:
    """Return the folders to make, the outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing[::-1]


def _ancestors(targets: Iterable[Path], folder: Path) -> set[Path]:
    return {parent for target in targets for parent in target.parents if parent == folder or folder in parent.parents}
