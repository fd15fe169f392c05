"""Decides whether a statement may become a leaf: its form, its log, its key, its signature (LEDGER section 5, step 1)."""

from archive.errors import ArchiveError
from archive.ledger.admission import Admitted, Link
from archive.records import dsse
from archive.records.errors import BadStatement
from archive.records.keyring import KeyRing
from archive.records.statements import Statement, parse


class WrongLog(ArchiveError):
    code = "LED-090"
    ja = "この文は別の台帳({log})のものです。この台帳({origin})には載せられません。"
    en = "The statement is for another log ({log}), not for {origin}."
    zh = "此陳述屬於另一帳本({log}),不能記入 {origin}。"


class StatementCheck:
    """The `EntryCheck` of a node's log.

    Owns the key ring after the published prefix it has read so far; what is not yet published is read anew each time,
    because it may still be refused. Called by the one thread that holds the writer's mutex.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._ring: KeyRing | None = None
        self._read = 0

    def __call__(self, entry: bytes, log: Admitted, /) -> Link | None:
        """Return the statement's place in its signer's chain. Raises an ArchiveError that says what is wrong."""
        envelope = dsse.open_entry(entry)
        statement = parse(envelope.payload)
        if statement.log != self._origin:
            raise WrongLog({"log": statement.log, "origin": self._origin})
        ring = self._ring_before(log)
        if ring is None:
            ring = KeyRing.from_genesis(statement)
        elif statement.type == "genesis":
            raise BadStatement({"member": "type", "why": "genesis is leaf 0 only"})
        envelope.check_signature(ring.signer(statement, envelope.keyid))
        ring.admit(statement, log.size)
        return Link(statement.agency, statement.seq, statement.prev)

    def _ring_before(self, log: Admitted) -> KeyRing | None:
        while self._read < log.published:
            self._ring = after(self._ring, read_statement(log.entry(self._read)), self._read)
            self._read += 1
        ring = self._ring
        for index in range(log.published, log.size):
            ring = after(ring, read_statement(log.entry(index)), index)
        return ring


def after(ring: KeyRing | None, statement: Statement, index: int) -> KeyRing:
    """Return the key ring after `statement` at `index`; leaf 0 starts it."""
    return KeyRing.from_genesis(statement) if ring is None else ring.admit(statement, index)


def read_statement(entry: bytes) -> Statement:
    """Return the statement in a log entry. Raises as `dsse.open_entry` and `statements.parse`."""
    return parse(dsse.open_entry(entry).payload)
