"""The object store on a local disk: one file per key, written aside, linked into place, never overwritten."""

import hashlib
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive.store.disk import Disk, make_folders
from archive.store.errors import DigestMismatch, KeyTaken, NoSuchKey, StoreUnavailable
from archive.store.port import check_key

_BLOCK = 1 << 20
_ASIDE = ".aside"  # no key can begin with a dot


class LocalDiskStore:
    """Keeps objects under `folder`, which must exist: a missing one is a lost mount, not an empty store."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def put_new(self, key: str, content: BinaryIO, sha256: bytes) -> None:
        target = self._path(key)
        aside = self._write_aside(content, sha256)
        try:
            self._make_parents(key, target)
            try:
                self._disk.link(aside, target)
            except FileExistsError:
                self._require_same(key, target, sha256)
            self._disk.sync_folder(target.parent)
        finally:
            self._disk.unlink(aside)

    @contextmanager
    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        path = self._path(key)
        try:
            handle = self._disk.open(path)
        except FileNotFoundError:
            raise NoSuchKey({"key": key}) from None
        except StoreUnavailable:
            if path.is_dir() or not path.parent.is_dir():
                raise NoSuchKey({"key": key}) from None
            raise
        with handle:
            handle.seek(start)
            yield handle if length is None else io.BufferedReader(_Part(handle, length))

    def keys(self, prefix: str) -> Iterator[str]:
        self._require_mounted()
        yield from self._below(self._folder, "", prefix)

    def _below(self, folder: Path, above: str, prefix: str) -> Iterator[str]:
        names = {f"{above}{e.name}/" if e.is_dir() else above + e.name: e for e in folder.iterdir()}
        for name in sorted(names):
            if name.startswith("."):
                continue
            if name.endswith("/"):
                if name.startswith(prefix) or prefix.startswith(name):
                    yield from self._below(names[name], name, prefix)
            elif name.startswith(prefix):
                yield name

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _require_mounted(self) -> None:
        if not self._folder.is_dir():
            raise StoreUnavailable({"why": "the folder of the store is not there"})

    def _write_aside(self, content: BinaryIO, sha256: bytes) -> Path:
        self._require_mounted()
        make_folders(self._disk, self._folder / _ASIDE, self._folder)
        aside = self._folder / _ASIDE / secrets.token_hex(16)
        digest = hashlib.sha256()
        try:
            with self._disk.create(aside) as handle:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    self._disk.write(handle, block)
                _require_digest(digest.digest(), sha256)
                self._disk.sync(handle)
            self._disk.seal(aside)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return aside

    def _make_parents(self, key: str, target: Path) -> None:
        try:
            make_folders(self._disk, target.parent, self._folder)
        except FileExistsError:
            raise KeyTaken({"key": key}) from None

    def _require_same(self, key: str, target: Path, sha256: bytes) -> None:
        if target.is_dir():
            raise KeyTaken({"key": key})
        with self._disk.open(target) as there:
            if hashlib.file_digest(there, "sha256").digest() != sha256:
                raise KeyTaken({"key": key})


def _require_digest(found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise DigestMismatch({"want": wanted.hex(), "got": found.hex()})


class _Part(io.RawIOBase):
    """The next `length` bytes of an open file; closing it leaves the file to its owner."""

    def __init__(self, handle: BinaryIO, length: int) -> None:
        self._handle = handle
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        found = self._handle.read(min(len(buffer), self._left))
        buffer[: len(found)] = found
        self._left -= len(found)
        return len(found)
