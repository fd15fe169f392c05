"""What only a disk can show: modes, leftovers, a mount that is gone, and the operating system's refusals."""

import errno
import hashlib
import io
from pathlib import Path

import pytest

from archive.store import disk as disk_module
from archive.store.disk import LocalDisk
from archive.store.errors import DigestMismatch, StoreFull, StoreUnavailable
from archive.store.local_disk import LocalDiskStore


def test_an_object_cannot_be_written_and_nothing_lies_aside(tmp_path: Path) -> None:
    store = LocalDiskStore(tmp_path, LocalDisk())
    store.put_new("a/b", io.BytesIO(b"x"), hashlib.sha256(b"x").digest())
    with pytest.raises(DigestMismatch):
        store.put_new("a/c", io.BytesIO(b"x"), bytes(32))
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o444
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["b"]


def test_a_lost_mount_is_no_empty_store(tmp_path: Path) -> None:
    store = LocalDiskStore(tmp_path / "gone", LocalDisk())
    with pytest.raises(StoreUnavailable):
        list(store.keys(""))
    with pytest.raises(StoreUnavailable):
        store.put_new("k", io.BytesIO(b""), hashlib.sha256(b"").digest())


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EIO, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
        (errno.ENOENT, FileNotFoundError),
        (errno.EEXIST, FileExistsError),
        (errno.ENOTEMPTY, FileExistsError),
    ],
)
def test_what_the_system_says_is_told_in_our_words(number: int, told: type[Exception]) -> None:
    with pytest.raises(told), disk_module._told():
        raise OSError(number, "said the system")


def test_rename_onto_a_full_folder_is_refused_by_the_kernel(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inventory.json").touch()
    with pytest.raises(FileExistsError):
        LocalDisk().rename(tmp_path / "mine", tmp_path / "theirs")


def test_syncing_a_whole_file_system_works_here(tmp_path: Path) -> None:
    LocalDisk().sync_all(tmp_path)
    with pytest.raises(FileNotFoundError):
        LocalDisk().sync_all(tmp_path / "nothing")
