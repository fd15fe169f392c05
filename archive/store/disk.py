"""The disk as we need it: every effect that must be durable has a name, so that tests can fail each one."""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple, Protocol

from archive.store.errors import StoreFull, StoreUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CWD = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
_THERE = {errno.EEXIST, errno.ENOTEMPTY}


class Space(NamedTuple):
    free: int
    total: int


class Disk(Protocol):
    """Effects on one file system.

    FileExistsError and FileNotFoundError mean what they say and are part of the contract; any other trouble
    is StoreFull (no space, no quota) or StoreUnavailable.

    An effect on a name is durable after `sync_folder` of the folder that holds it, the bytes of a file after
    `sync`; `sync_all` does both for everything before it. Until then power loss may undo each, in any order.
    """

    def create(self, path: Path) -> FileIO:
        """Open a new file for unbuffered writing. Raises FileExistsError."""

    def write(self, handle: FileIO, data: bytes) -> None:
        """Write all of `data`."""

    def sync(self, handle: FileIO) -> None:
        """Make the file's bytes and length durable."""

    def seal(self, path: Path) -> None:
        """Take every right to write from a file: 0444."""

    def make_folder(self, path: Path) -> None:
        """Make one folder; its parent exists. Raises FileExistsError."""

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable."""

    def sync_all(self, path: Path) -> None:
        """Make all on the file system of `path` durable: cheaper for many files than `syn`."""

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name. Raises FileExistsError."""

    def rename(self, source: Path, target: Path) -> None:
        """Move a folder to a free name in one step. Raises FileExistsError if something full is there."""

    def replace(self, source: Path, target: Path) -> None:
        """Move a file over another in one step."""

    def exchange(self, one: Path, other: Path) -> None:
        """Let two folders change places in one step."""

    def unlink(self, path: Path) -> None:
        """Take a name away. Raises FileNotFoundError."""

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder. Raises FileExistsError if it is not empty."""

    def open(self, path: Path) -> FileIO:
        """Open a file for unbuffered reading. Raises FileNotFoundError."""

    def space(self, path: Path) -> Space:
        """Tell how many bytes are free to us and how many there are."""


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the operating system says into what a caller can act on."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as trouble:
        if trouble.errno in _THERE:
            raise FileExistsError(*trouble.args) from trouble
        if trouble.errno in _FULL:
            raise StoreFull from trouble
        raise StoreUnavailable({"why": trouble.strerror or type(trouble).__name__}) from trouble


class LocalDisk:
    """A POSIX file system with hard links and atomic renames (ext4, XFS, btrfs, ZFS, APFS)."""

    def create(self, path: Path) -> FileIO:
        with _told():
            return path.open("xb", buffering=0)

    def write(self, handle: FileIO, data: bytes) -> None:
        with _told():
            rest = memoryview(data)
            while rest:
                rest = rest[handle.write(rest) :]

    def sync(self, handle: FileIO) -> None:
        with _told():
            os.fsync(handle.fileno())

    def seal(self, path: Path) -> None:
        with _told():
            path.chmod(0o444)

    def make_folder(self, path: Path) -> None:
        with _told():
            path.mkdir()

    def sync_folder(self, path: Path) -> None:
        with _told(), _opened(path) as folder:
            os.fsync(folder)

    def sync_all(self, path: Path) -> None:
        with _told(), _opened(path) as folder:
            _syncfs(folder)

    def link(self, source: Path, target: Path) -> None:
        with _told():
            target.hardlink_to(source)

    def rename(self, source: Path, target: Path) -> None:
        with _told():
            source.rename(target)

    def replace(self, source: Path, target: Path) -> None:
        with _told():
            source.replace(target)

    def exchange(self, one: Path, other: Path) -> None:
        with _told():
            _exchange(one, other)

    def unlink(self, path: Path) -> None:
        with _told():
            path.unlink()

    def remove_folder(self, path: Path) -> None:
        with _told():
            path.rmdir()

    def open(self, path: Path) -> FileIO:
        with _told():
            return path.open("rb", buffering=0)

    def space(self, path: Path) -> Space:
        with _told():
            found = os.statvfs(path)
            return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield folder
    finally:
        os.close(folder)


def _syncfs(folder: int) -> None:
    """Call syncfs(2), which Python does not offer; where the system lacks it, sync every file system."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        os.sync()
    elif call(folder) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _exchange(one: Path, other: Path) -> None:
    """Call renameat2(2) with RENAME_EXCHANGE, which Python does not offer; Linux has it since 3.15."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(_CWD, os.fsencode(one), _CWD, os.fsencode(other), _EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one))


def write_durably(disk: Disk, path: Path, data: bytes) -> None:
    """Make a new file of durable bytes; its name is durable after `sync_folder`. Raises FileExistsError."""
    with disk.create(path) as handle:
        disk.write(handle, data)
        disk.sync(handle)


def make_folders(disk: Disk, path: Path, durable_from: Path) -> None:
    """Make `path` and what is missing above it, durably, below the existing folder `durable_from`."""
    missing = [step for step in (path, *path.parents) if durable_from in step.parents and not step.is_dir()]
    for step in reversed(missing):
        try:
            disk.make_folder(step)
        except FileExistsError:
            if not step.is_dir():
                raise
        disk.sync_folder(step.parent)


def remove_tree(disk: Disk, path: Path) -> None:
    """Remove a folder of ours with everything in it; nothing is raised for what is already gone."""
    if not path.is_dir():
        return
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            remove_tree(disk, entry)
        else:
            disk.unlink(entry)
    disk.remove_folder(path)
