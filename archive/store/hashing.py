"""SHA-256 of a file and the RFC 6962 root of its 64 KiB chunks, in one reading, on two cores."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import BinaryIO

from archive import merkle

CHUNK = 65536  # LEDGER.md section 4
BLOCK = 1 << 20
_AHEAD = 8  # blocks in memory between a reader and a hasher that cannot keep up


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file's bytes are: all that a manifest leaf needs to know of them."""

    size: int
    sha256: bytes
    chunks: int
    chunk_root: bytes


class ChunkTree:
    """The RFC 6962 tree over 64 KiB chunks, in memory that grows with the logarithm of the file."""

    def __init__(self) -> None:
        self._full: list[bytes] = []  # roots of full subtrees, largest first: one for each bit of `_leaves`
        self._leaves = 0
        self._open = hashlib.sha256(b"\0")  # the leaf being filled
        self._filled = 0

    def update(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            part = view[: CHUNK - self._filled]
            self._open.update(part)
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == CHUNK:
                self._close_leaf()

    def finish(self) -> tuple[int, bytes]:
        """Return the number of chunks and the root; an empty file has none, and the empty tree's root."""
        if self._filled:
            self._close_leaf()
        if not self._full:
            return 0, merkle.root([])
        root = self._full[-1]
        for left in reversed(self._full[:-1]):
            root = merkle.node_hash(left, root)
        return self._leaves, root

    def _close_leaf(self) -> None:
        found, carry = self._open.digest(), self._leaves
        while carry & 1:
            found, carry = merkle.node_hash(self._full.pop(), found), carry >> 1
        self._full.append(found)
        self._leaves += 1
        self._open, self._filled = hashlib.sha256(b"\0"), 0


class RunningDigests:
    """Both hashes of the bytes seen so far; owned by one thread, except inside `feeding`."""

    def __init__(self) -> None:
        self.size = 0
        self._whole = hashlib.sha256()
        self._tree = ChunkTree()

    def update(self, block: bytes) -> None:
        self._whole.update(block)
        self._tree.update(block)
        self.size += len(block)

    @contextmanager
    def feeding(self) -> Iterator[Callable[[bytes], None]]:
        """Give a function to feed blocks with: both hashes then run beside the caller and each other.

        hashlib lets go of the interpreter lock on long blocks; all that was fed is hashed when it ends.
        """
        with _beside(self._whole.update) as whole, _beside(self._tree.update) as tree:

            def feed(block: bytes) -> None:
                whole(block)
                tree(block)
                self.size += len(block)

            yield feed

    def finish(self) -> Digests:
        """Return the digests; nothing may be fed after that."""
        chunks, root = self._tree.finish()
        return Digests(self.size, self._whole.digest(), chunks, root)


@contextmanager
def _beside(work: Callable[[bytes], None]) -> Iterator[Callable[[bytes], None]]:
    """Run `work` on each block in a thread of its own, at most `_AHEAD` blocks behind."""
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    room = BoundedSemaphore(_AHEAD)

    def run() -> None:
        while (block := waiting.get()) is not None:
            work(block)
            room.release()

    def put(block: bytes) -> None:
        room.acquire()
        waiting.put(block)

    thread = Thread(target=run, name="hash", daemon=True)
    thread.start()
    try:
        yield put
    finally:
        waiting.put(None)
        thread.join()


def blocks(source: BinaryIO) -> Iterator[bytes]:
    """Give what `source` holds, in blocks of at most 1 MiB."""
    while block := source.read(BLOCK):
        yield block


def digests(parts: Iterable[bytes]) -> Digests:
    """Return the digests of the joined `parts`."""
    running = RunningDigests()
    each = iter(parts)
    first = next(each, b"")
    if len(first) < BLOCK:
        running.update(first)
    else:
        with running.feeding() as feed:
            feed(first)
            for part in each:
                feed(part)
        return running.finish()
    for part in each:
        running.update(part)
    return running.finish()
