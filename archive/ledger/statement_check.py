"""Decides whether a statement may become a leaf: form, log, key, signature (LEDGER section 5, step 1)."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from weakref import ReferenceType, ref

from archive.errors import ArchiveError
from archive.ledger.admission import Admitted, Link
from archive.records import dsse
from archive.records.errors import BadStatement, KeyNotAllowed
from archive.records.keyring import RING_TYPES, KeyRing
from archive.records.keys import KeyKind, PublicKey
from archive.records.statements import Statement, parse

_REMEMBERED = 8_192
_BEHIND_PAYLOAD = b'","payloadType":"'
_CHANGES_RING = tuple(f',"type":"{name}","v":1}}'.encode() for name in sorted(RING_TYPES))
_DIGITS = 40  # base64 digits that hold the last 27 to 30 bytes of a payload: as many as the longest of these has


class WrongLog(ArchiveError):
    code = "LED-090"
    ja = "この文は別の台帳({log})のものです。この台帳({origin})には載せられません。"
    en = "The statement is for another log ({log}), not for {origin}."
    zh = "此陳述屬於另一帳本({log}),不能記入 {origin}。"


class LogSealed(ArchiveError):
    code = "LED-102"
    ja = "この台帳({origin})は文 {index} で封じられました。これより後に載せることはできません。"
    en = "This log ({origin}) was sealed by statement {index}; nothing can follow it."
    zh = "此帳本({origin})已由第 {index} 筆陳述封存,其後不得再記入。"


@dataclass(frozen=True)
class _Read:
    """What an entry's bytes say, and the key under which its signature was found right."""

    statement: Statement
    keyid: str
    signer: PublicKey


class StatementCheck:
    """The `EntryCheck` of a node's log. The one thread that holds the writer's mutex owns all of it.

    `_ring` is the key ring after the first `_published` entries, which never change. `_batch_ring` is the one after
    the first `_batched` entries of `_batch`, an `Admitted` that only grows and is thrown away with its batch: known
    by identity and weakly held, so that the next batch starts again from what is published.

    An entry is asked about when it is submitted and again when it gets its index. `_known` keeps what hangs on its
    bytes alone: the statement, and the key under which the signature is right. Whether that key may speak now is
    asked each time.
    """

    def __init__(self, origin: str, *, remembered: int = _REMEMBERED) -> None:
        self._origin = origin
        self._remembered = remembered
        self._ring: KeyRing | None = None
        self._published = 0
        self._batch: ReferenceType[Admitted] | None = None
        self._batch_ring: KeyRing | None = None
        self._batched = 0
        self._known: dict[bytes, _Read] = {}

    def __call__(self, entry: bytes, log: Admitted, /) -> Link | None:
        """Return the statement's place in its signer's chain. Raises an ArchiveError that says what is wrong."""
        known = self._known.get(entry)
        if known is None:
            envelope = dsse.open_entry(entry)
            statement, keyid = parse(envelope.payload), envelope.keyid
        else:
            envelope, statement, keyid = None, known.statement, known.keyid
        if statement.log != self._origin:
            raise WrongLog({"log": statement.log, "origin": self._origin})
        ring = self._ring_before(log)
        if ring is None:
            ring = KeyRing.from_genesis(statement)
        elif statement.type == "genesis":
            raise BadStatement({"member": "type", "why": "genesis is leaf 0 only"})
        elif ring.sealed_at is not None:
            raise LogSealed({"origin": self._origin, "index": ring.sealed_at})
        key = ring.signer(statement, keyid)
        if key.kind is not KeyKind.STATEMENT:  # a log's or a witness's key signs heads and nothing else
            raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
        if known is None or known.signer != key:
            (envelope or dsse.open_entry(entry)).check_signature(key)
            self._remember(entry, _Read(statement, keyid, key))
        ring.admit(statement, log.size)
        return Link(statement.agency, statement.seq, statement.prev)

    def _remember(self, entry: bytes, found: _Read) -> None:
        if len(self._known) >= self._remembered:
            del self._known[next(iter(self._known))]  # the oldest: batches come in the order of submission
        self._known[entry] = found

    def _ring_before(self, log: Admitted) -> KeyRing | None:
        if self._published < log.published:
            new = log.entries(self._published, log.published)
            self._ring = _ring_after(self._ring, new, self._published)
            self._published = log.published
        if self._batch is None or self._batch() is not log or self._batched < self._published:
            self._batch, self._batch_ring, self._batched = ref(log), self._ring, self._published
        if self._batched < log.size:
            new = log.entries(self._batched, log.size)
            self._batch_ring = _ring_after(self._batch_ring, new, self._batched)
            self._batched = log.size
        return self._batch_ring


def after(ring: KeyRing | None, statement: Statement, index: int) -> KeyRing:
    """Return the key ring after `statement` at `index`; leaf 0 starts it."""
    return KeyRing.from_genesis(statement) if ring is None else ring.admit(statement, index)


def read_statement(entry: bytes) -> Statement:
    """Return the statement in a log entry. Raises as `dsse.open_entry` and `statements.parse`."""
    return parse(dsse.open_entry(entry).payload)


def changes_ring(entry: bytes) -> bool:
    """Tell whether a log entry brings, revokes or ends keys, by the end of its payload: without reading it all.

    Right for what the log has admitted; for other bytes it tells nothing.
    """
    end = entry.find(_BEHIND_PAYLOAD)
    try:
        # Whole groups of four digits count from the payload's start, and its length is a multiple of four.
        return base64.b64decode(entry[max(0, end - _DIGITS) : end]).endswith(_CHANGES_RING)
    except (binascii.Error, ValueError):
        return False


def _ring_after(ring: KeyRing | None, entries: Iterable[bytes], start: int) -> KeyRing | None:
    for index, entry in enumerate(entries, start):
        if ring is None or changes_ring(entry):
            ring = after(ring, read_statement(entry), index)
    return ring
