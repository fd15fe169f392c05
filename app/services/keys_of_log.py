"""Every public key a log speaks of, read from the log itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, func, select

from app.db.catalogue import StatementRow
from app.db.engine import transaction
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import after, changes_ring, read_statement
from archive.records.keyring import RING_TYPES, KeyRing, Registered
from archive.records.keys import PublicKey
from archive.records.statements import format_time

_BY_READING = 4_096  # so many new leaves are read sooner than the database is asked


class LogKeys:
    """The keys of a growing log, as its statements tell them; any number of threads may ask.

    `_known` is the ring after so many leaves, replaced as a whole: who comes too late only reads some leaves twice.
    """

    def __init__(self, log: LogReader, listed: Callable[[int], Sequence[int] | None] = lambda _: None) -> None:
        self._log, self._listed = log, listed
        self._known: tuple[int, KeyRing | None] = (0, None)

    def ring(self) -> KeyRing:
        """Return the keys after the published head. Raises what reading the log raises."""
        start, ring = self._known
        size = self._log.checkpoint().size
        if ring is None or start < size:
            for index, entry in self._news(start, size):
                if ring is None or changes_ring(entry):
                    ring = after(ring, read_statement(entry), index)
            self._known = (size, ring)
        if ring is None:
            raise AssertionError("a node's log begins with genesis")  # which `host_of` has read
        return ring

    @property
    def of_log(self) -> tuple[PublicKey, ...]:
        """The log's keys in force, the newest first."""
        ring = self.ring()
        return tuple(each.key for each in ring.in_force(ring.log))

    def _news(self, start: int, size: int) -> Iterable[tuple[int, bytes]]:
        listed = self._listed(size) if size - start > _BY_READING else None
        if listed is None:
            return enumerate(self._log.entries(start, size), start)
        return ((index, self._log.entry(index)) for index in sorted({start, *listed}) if start <= index < size)


def listed_in(engine: sa.Engine) -> Callable[[int], Sequence[int] | None]:
    """Return what tells which of the first so many leaves change keys: None while the database lacks some of them."""

    def listed(size: int) -> Sequence[int] | None:
        with transaction(engine) as session:
            here = col(StatementRow.log_index) < size
            if session.exec(select(func.count()).select_from(StatementRow).where(here)).one() < size:
                return None
            return session.exec(
                select(StatementRow.log_index).where(here, col(StatementRow.type).in_(RING_TYPES))
            ).all()

    return listed


@dataclass(frozen=True)
class KeyItem:
    """One key as lists show it; `since` and `revoked_at` are indices of statements, `void_from` the first doubtful."""

    role: str
    name: str
    keyid: str
    vkey: str
    custody: str
    since: int
    not_before: str
    revoked_at: int | None
    void_from: int | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the members as a JSON object."""
        return asdict(self)


def items(ring: KeyRing, name: str = "") -> list[KeyItem]:
    """Return every key there ever was, or those of one name, the oldest first."""
    return [_item(each) for each in ring.keys.values() if name in ("", each.key.name)]


def _item(each: Registered) -> KeyItem:
    return KeyItem(
        role=each.role,
        name=each.key.name,
        keyid=each.key.key_id.hex(),
        vkey=each.key.vkey,
        custody=each.custody,
        since=each.index,
        not_before=format_time(each.not_before) if each.not_before else "",
        revoked_at=each.revoked_at,
        void_from=each.void_from,
        reason=each.reason,
    )


def public_keys(log: LogReader) -> list[dict[str, str | int]]:
    """Return role, vkey and the index of the statement that named it; the log's own keys first (C2SP vkey)."""
    return [{"role": each.role, "vkey": each.vkey, "index": each.since} for each in _log_first(LogKeys(log).ring())]


def _log_first(ring: KeyRing) -> list[KeyItem]:
    order = ("log", "node", "witness", "mirror")
    found = items(ring)
    named = [each for role in order for each in found if each.role == role and each.since == 0]
    return named + [each for each in found if each.since]
