"""The writer's effects on the folder of a log, one by one, so that tests can let each of them fail."""

import os
from pathlib import Path
from typing import Protocol

_TILE_MODE = 0o444  # a tile never changes; nor may a careless hand change it
_CHECKPOINT_MODE = 0o644


class Disk(Protocol):
    """Every method raises OSError when it fails; the writer then stops: after that the cache may lie."""

    def make_folder(self, path: Path) -> None:
        """Make one folder whose parent exists; not durable until the parent is synced."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a draft, replacing a left-over one. When this returns its bytes survive power loss."""

    def rename(self, source: Path, target: Path) -> None:
        """Give a written file its name, replacing what had it; not durable until the folder is synced."""

    def sync_folder(self, path: Path) -> None:
        """When this returns the names in the folder survive power loss."""


class LocalDisk:
    """A local POSIX file system. Network file systems do not keep these promises."""

    def make_folder(self, path: Path) -> None:
        path.mkdir(exist_ok=True)

    def write(self, path: Path, data: bytes) -> None:
        path.unlink(missing_ok=True)
        mode = _CHECKPOINT_MODE if path.name.startswith(".checkpoint") else _TILE_MODE
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(number, "wb", buffering=0) as file:  # noqa: PTH123 - made with its mode above
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(number)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def sync_folder(self, path: Path) -> None:
        number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
