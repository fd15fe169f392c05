"""What the writer asks before it lets an entry in, and what the one who answers may look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from archive.ledger.errors import LedgerError, LogDamaged, NoSuchEntry, OutOfTurn
from archive.ledger.state import Tail
from archive.merkle import Hash


@dataclass(frozen=True)
class Link:
    """An entry's place in its signer's own chain: the writer keeps its end and holds entries to it."""

    signer: str
    seq: int
    prev: Hash | None


class Admitted(Protocol):
    """The log as it will be just before the entry in question: the published, then the already let in."""

    @property
    def published(self) -> int:
        """How many entries are published: they never change; those behind them may still be refused."""

    @property
    def size(self) -> int:
        """The index that the entry gets if it is admitted now."""

    def entry(self, index: int) -> bytes:
        """Return an earlier entry. Raises NoSuchEntry."""

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Give the earlier entries from `start` up to `end`: many of them faster than one by one."""

    def tail(self, signer: str) -> Tail | None:
        """Return the end of a signer's chain."""


class EntryCheck(Protocol):
    """Decides on one entry. It is asked twice: when the entry is submitted and when its index is given.

    Between the two another entry, a revoked key for example, may have gone ahead.
    """

    def __call__(self, entry: bytes, log: Admitted, /) -> Link | None:
        """Return the entry's place in its signer's chain (None: it has none) if it may be logged.

        The signature and the key's validity are the check's business, `seq` and `prev` are the writer's.
        Raises an ArchiveError to refuse the entry.
        """


class Admission:
    """An `Admitted` that grows by what is let in: owned by one submission or one batch, then thrown away."""

    def __init__(
        self, size: int, published: Callable[[int, int], Iterator[bytes]], tail: Callable[[str], Tail | None]
    ) -> None:
        self.published = size
        self._read = published
        self._published_tail = tail
        self._entries: list[bytes] = []
        self.tails: dict[str, Tail] = {}

    @property
    def size(self) -> int:
        return self.published + len(self._entries)

    def entry(self, index: int) -> bytes:
        if not 0 <= index < self.size:
            raise NoSuchEntry({"index": index, "size": self.size})
        if index < self.published:
            return next(self.entries(index, index + 1))
        return self._entries[index - self.published]

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        try:
            yield from self._read(start, min(end, self.published))
        except LedgerError as error:  # the log's fault, not the entry's: nobody may be refused for it
            raise LogDamaged({"why": str(error)}) from error
        yield from self._entries[max(0, start - self.published) : max(0, end - self.published)]

    def tail(self, signer: str) -> Tail | None:
        return self.tails.get(signer) or self._published_tail(signer)

    def admit(self, entry: bytes, leaf: Hash, check: EntryCheck | None) -> None:
        """Let `entry` in, or raise what `check` raises, or OutOfTurn."""
        link = check(entry, self) if check else None
        if link is not None:
            last = self.tail(link.signer)
            want = (last.seq + 1, last.leaf_hash) if last else (0, None)
            if (link.seq, link.prev) != want:
                raise OutOfTurn({"signer": link.signer, "want": _place(*want), "got": _place(link.seq, link.prev)})
            self.tails[link.signer] = Tail(link.seq, leaf)
        self._entries.append(entry)


def _place(seq: int, prev: Hash | None) -> str:
    return f"{seq} after {prev.hex()[:16] if prev else 'nothing'}"
