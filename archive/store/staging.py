"""Where uploads wait on the file system of the archive: resumable, hashed on the way, sealed when whole."""

import fcntl
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from archive.store.disk import Disk
from archive.store.errors import (
    DigestMismatch,
    LengthMismatch,
    NoSuchUpload,
    StoreFull,
    TooLarge,
    UploadBusy,
    WrongOffset,
)
from archive.store.hashing import BLOCK, Digests, RunningDigests, blocks, digests

SYNC_EACH = 64 << 20
_FLOOR = 0.05  # of the file system stays free: a full disk cannot even be repaired
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A whole, sealed upload; its bytes are durable under `path` until it is discarded."""

    id: str
    path: Path
    size: int
    sha256: bytes
    chunks: int
    chunk_root: bytes


class Staging:
    """Owns the files `<id>.part` (growing) and `<id>.bin` (sealed) in `folder`, which must exist.

    `limit` is the largest size of one file. Running hashes are remembered in this object only: another
    process, or this one after a restart, hashes the file again when it is finished.
    """

    def __init__(self, folder: Path, disk: Disk, limit: int) -> None:
        self._folder = folder
        self._disk = disk
        self._limit = limit
        self._running: OrderedDict[str, RunningDigests] = OrderedDict()
        self._lock = Lock()

    def require_space(self, length: int, reserved: int = 0) -> None:
        """Return if `length` more bytes fit beside what is `reserved`. Raises TooLarge, StoreFull."""
        if length > self._limit:
            raise TooLarge({"limit": self._limit})
        space = self._disk.space(self._folder)
        if space.free - reserved < 2 * length + int(space.total * _FLOOR):
            raise StoreFull

    def create(self, upload: str | None = None) -> str:
        """Begin an empty upload and return its id; a name given that exists already is simply continued."""
        upload = upload or secrets.token_hex(16)
        try:
            with self._disk.create(self._part(upload)) as handle:
                self._disk.sync(handle)
        except FileExistsError:
            return upload
        self._disk.sync_folder(self._folder)
        return upload

    def offset(self, upload: str) -> int:
        """Return how many bytes are there. Raises NoSuchUpload."""
        for path in (self._part(upload), self._bin(upload)):
            if path.is_file():
                return path.stat().st_size
        raise NoSuchUpload({"upload": upload})

    def append(
        self, upload: str, offset: int, source: BinaryIO, on_durable: Callable[[int], None] | None = None
    ) -> int:
        """Add the bytes of `source` after byte `offset`, drop what lay beyond it, and return the new end.

        `on_durable` hears the end each time everything before it has become durable. If source or disk fail,
        what came before stays, and `on_durable` has heard how much that is.

        Raises:
            NoSuchUpload, TooLarge, StoreFull, UploadBusy (another append runs), WrongOffset (bytes miss).

        """
        with self._writing(upload) as handle:
            have = handle.seek(0, 2)
            if offset > have or offset < 0:
                raise WrongOffset({"have": have, "given": offset})
            handle.truncate(offset)
            handle.seek(offset)
            running = self._recall(upload, offset)
            end = self._pump(source, handle, running, on_durable or _nobody)
            if running:
                self._remember(upload, running)
            return end

    def finish(self, upload: str, length: int | None = None, sha256: bytes | None = None) -> StagedFile:
        """Seal an upload and return what it is; sealing twice gives the same answer.

        Raises:
            NoSuchUpload.
            LengthMismatch: it has not `length` bytes; it stays open.
            DigestMismatch: it does not hash to `sha256`; nothing is kept.

        """
        have = self.offset(upload)
        if length is not None and have != length:
            raise LengthMismatch({"want": length, "got": have})
        found = self._digests(upload, have)
        if sha256 is not None and found.sha256 != sha256:
            self.discard(upload)
            raise DigestMismatch({"want": sha256.hex(), "got": found.sha256.hex()})
        path = self._bin(upload)
        if not path.is_file():
            self._disk.seal(self._part(upload))
            self._disk.replace(self._part(upload), path)
            self._disk.sync_folder(self._folder)
        return StagedFile(upload, path, found.size, found.sha256, found.chunks, found.chunk_root)

    def stage(self, source: BinaryIO, sha256: bytes | None = None, length: int | None = None) -> StagedFile:
        """Take all of `source` at once.

        Raises:
            TooLarge, StoreFull, LengthMismatch, DigestMismatch: then nothing is kept.

        """
        upload = self.create()
        try:
            self.append(upload, 0, source)
            return self.finish(upload, length, sha256)
        except BaseException:
            self.discard(upload)
            raise

    def sealed(self, upload: str) -> Path | None:
        """Return where the bytes of a sealed upload lie, None when it is not sealed or discarded already."""
        path = self._bin(upload)
        return path if path.is_file() else None

    def discard(self, upload: str) -> None:
        """Remove an upload in whatever state; what is not there is discarded already."""
        self._forget(upload)
        for path in (self._part(upload), self._bin(upload)):
            path.unlink(missing_ok=True)
        self._disk.sync_folder(self._folder)

    def uploads(self) -> Iterator[str]:
        """Give the id of every upload in the folder."""
        for path in sorted(self._folder.iterdir()):
            if path.suffix in {".part", ".bin"}:
                yield path.stem

    def sweep(self, keep: Callable[[str], bool], older_than: float, now: float | None = None) -> list[str]:
        """Discard what `keep` disowns and nobody touched for `older_than` seconds; return their ids."""
        limit = (time.time() if now is None else now) - older_than
        gone = [
            path.stem
            for path in sorted(self._folder.iterdir())
            if path.suffix in {".part", ".bin"} and path.stat().st_mtime < limit and not keep(path.stem)
        ]
        for upload in gone:
            self.discard(upload)
        return gone

    def _pump(
        self,
        source: BinaryIO,
        handle: FileIO,
        running: RunningDigests | None,
        on_durable: Callable[[int], None],
    ) -> int:
        """Write and hash until `source` ends; small bodies are hashed here, large ones beside."""
        first = self._room_for(source.read(BLOCK), handle)
        try:
            if len(first) < BLOCK:
                self._write_all(first, source, handle, running.update if running else _nothing, _nobody)
            else:
                feeding = running.feeding() if running else nullcontext(_nothing)
                with feeding as feed, self._syncing(handle, on_durable) as written:
                    self._write_all(first, source, handle, feed, written)
        finally:
            self._disk.sync(handle)
            on_durable(handle.tell())
        return handle.tell()

    @contextmanager
    def _syncing(self, handle: FileIO, on_durable: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
        """Give a function to tell how far the file was written; each 64 MiB are then made durable beside it.

        `on_durable` is called from the caller's thread: it may hold a database session.
        """
        synced: Future[None] | None = None
        begun = handle.tell()

        def written(end: int) -> None:
            nonlocal synced, begun
            if end - begun < SYNC_EACH:
                return
            if synced is not None:
                synced.result()
                on_durable(begun)
            synced, begun = syncer.submit(self._disk.sync, handle), end

        with ThreadPoolExecutor(1, thread_name_prefix="sync") as syncer:
            yield written

    def _write_all(
        self,
        block: bytes,
        source: BinaryIO,
        handle: FileIO,
        feed: Callable[[bytes], None],
        written: Callable[[int], None],
    ) -> None:
        while block:
            feed(block)
            self._disk.write(handle, block)
            written(handle.tell())
            block = self._room_for(source.read(BLOCK), handle)

    def _room_for(self, block: bytes, handle: FileIO) -> bytes:
        if handle.tell() + len(block) > self._limit:
            raise TooLarge({"limit": self._limit})
        return block

    @contextmanager
    def _writing(self, upload: str) -> Iterator[FileIO]:
        """Open the growing file for one writer: the lock is the kernel's, so it holds between processes."""
        try:
            handle = self._part(upload).open("r+b", buffering=0)
        except FileNotFoundError:
            raise NoSuchUpload({"upload": upload}) from None
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy from None
            yield handle

    def _digests(self, upload: str, size: int) -> Digests:
        running = self._forget(upload)
        if running and running.size == size:
            return running.finish()
        part = self._part(upload)
        with self._disk.open(part if part.is_file() else self._bin(upload)) as handle:
            return digests(blocks(handle))

    def _recall(self, upload: str, offset: int) -> RunningDigests | None:
        """Take the hashes up to `offset` out of memory; without them the whole file is hashed at the end."""
        running = self._forget(upload)
        if running and running.size == offset:
            return running
        return None if offset else RunningDigests()

    def _remember(self, upload: str, running: RunningDigests) -> None:
        with self._lock:
            self._running[upload] = running
            while len(self._running) > _REMEMBERED:
                self._running.popitem(last=False)

    def _forget(self, upload: str) -> RunningDigests | None:
        with self._lock:
            return self._running.pop(upload, None)

    def _part(self, upload: str) -> Path:
        return self._named(upload, ".part")

    def _bin(self, upload: str) -> Path:
        return self._named(upload, ".bin")

    def _named(self, upload: str, suffix: str) -> Path:
        if not _ID.fullmatch(upload):
            raise NoSuchUpload({"upload": upload[:64]})
        return self._folder / (upload + suffix)


def _nobody(_end: int) -> None:
    """Nobody waits to hear what is durable."""


def _nothing(_block: bytes) -> None:
    """Hash nothing now: a resumed file is hashed whole when it is finished."""
