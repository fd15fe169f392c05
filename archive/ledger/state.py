"""What the writer must remember beside the tiles: queue, lock, duplicates, chains; the port and SQLite."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from archive.ledger.errors import LogExists, QueueUnavailable, StateDamaged, StateMissing
from archive.merkle import Hash

STATE_FILE = "state.sqlite"
_VERSION = 1
_CHUNK = 500  # variables in one statement
_SCHEMA = """
CREATE TABLE lock (id INTEGER PRIMARY KEY CHECK (id = 1), checkpoint BLOB NOT NULL,
    signed_at INTEGER NOT NULL);
CREATE TABLE pending (id INTEGER PRIMARY KEY AUTOINCREMENT, leaf_hash BLOB NOT NULL UNIQUE,
    entry BLOB NOT NULL, position INTEGER UNIQUE);
CREATE TABLE sequenced (leaf_hash BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chain (signer TEXT PRIMARY KEY, seq INTEGER NOT NULL, leaf_hash BLOB NOT NULL) WITHOUT ROWID;
"""
# Invariant: no leaf waits in the queue that has been sequenced already.
_ENQUEUE = """
INSERT OR IGNORE INTO pending (leaf_hash, entry)
SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM sequenced WHERE leaf_hash = ?1)
"""
# Nothing was written, and a later try may succeed; anything else means that the disk cannot be trusted.
_TRY_LATER = frozenset({"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM"})


@dataclass(frozen=True)
class Lock:
    """The last checkpoint that the writer decided on (the signed note), and when it signed it."""

    checkpoint: bytes
    signed_at: int


@dataclass(frozen=True)
class Tail:
    """The last statement of one signer: its number in the signer's own chain, and its leaf hash."""

    seq: int
    leaf_hash: Hash


@dataclass(frozen=True)
class Queued:
    """An entry that waits in the queue (`position` not given yet), or one decided but not yet published."""

    number: int
    leaf_hash: Hash
    entry: bytes


@dataclass(frozen=True)
class Decision:
    """One batch: queued entries get the positions from `first` on, and the lock moves from `old` to `new`."""

    first: int
    accepted: Sequence[Queued]
    old: bytes
    new: Lock
    tails: Mapping[str, Tail] = field(default_factory=dict)
    refused: Sequence[Queued] = ()


class LogState(Protocol):
    """Ownership: only the process that holds the writer's lock calls anything but `enqueue`.

    The lock row is trusted: it cannot be rebuilt. Everything else can, from the tiles. A method raises
    StateDamaged when the store fails: then nobody knows what is stored, and the writer must stop.
    """

    def lock(self) -> Lock:
        """Return the lock."""

    def positions(self, leaf_hashes: Sequence[Hash]) -> dict[Hash, int]:
        """Return the positions of those leaves that the log holds."""

    def tail(self, signer: str) -> Tail | None:
        """Return the end of a signer's chain."""

    def enqueue(self, items: Sequence[tuple[Hash, bytes]]) -> None:
        """Keep (leaf hash, entry) pairs until they are sequenced; durable when this returns, all or none.

        A leaf that is queued already is passed over; so is one sequenced meanwhile.

        Raises:
            QueueUnavailable: there is no room now. Nothing was kept.

        """

    def queued(self, limit: int) -> list[Queued]:
        """Return the oldest entries without a position, in the order they came."""

    def commit(self, decision: Decision) -> None:
        """Decide a batch, all in one: positions, duplicates, chain ends, refused entries gone, and the lock.

        Raises:
            StateDamaged: the lock was not `decision.old`, or the outcome is unknown.

        """

    def discard(self, refused: Sequence[Queued]) -> None:
        """Take entries out of the queue that can never be logged."""

    def decided(self, start: int) -> list[tuple[int, Queued]]:
        """Return the kept entries with a position of at least `start`, by position."""

    def forget_decided(self, below: int) -> None:
        """Drop the kept entries at positions below `below`: their tiles are public."""

    def close(self) -> None:
        """Let go of the store."""


class SqliteState:
    """LogState in one SQLite file. Owned by one writer; its methods may be called by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the state in `folder`, never making one. Raises StateMissing, StateDamaged."""
        path = folder / STATE_FILE
        if not path.is_file():  # sqlite3 would make an empty one, and a log without memory would fork
            raise StateMissing({"path": str(path)})
        with _damage():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            with _damage():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA wal_autocheckpoint = 8000")
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except StateDamaged:
            self._db.close()
            raise
        if version != _VERSION:
            self._db.close()
            raise StateDamaged({"why": f"version {version}"})

    @classmethod
    def create(
        cls,
        folder: Path,
        lock: Lock,
        sequenced: Sequence[Hash] = (),
        tails: Mapping[str, Tail] | None = None,
    ) -> None:
        """Make the state of a log that stands at `lock`. It appears whole or not at all.

        Raises LogExists, StateDamaged, OSError.
        """
        path = folder / STATE_FILE
        if path.exists():
            raise LogExists({"path": str(path)})
        draft = path.with_name(STATE_FILE + ".new")
        draft.unlink(missing_ok=True)
        with _damage():
            db = sqlite3.connect(draft, isolation_level=None)
        try:
            with _damage():
                db.execute("PRAGMA synchronous = FULL")
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION};")
                db.execute("INSERT INTO lock VALUES (1, ?, ?)", (lock.checkpoint, lock.signed_at))
                db.executemany("INSERT OR IGNORE INTO sequenced VALUES (?, ?)", _numbered(sequenced))
                rows = [(name, tail.seq, tail.leaf_hash) for name, tail in (tails or {}).items()]
                db.executemany("INSERT INTO chain VALUES (?, ?, ?)", rows)
                db.execute("COMMIT")
        finally:
            db.close()
        draft.rename(path)
        _sync(folder)

    def lock(self) -> Lock:
        with _damage():
            row = self._db.execute("SELECT checkpoint, signed_at FROM lock").fetchone()
        if row is None:
            raise StateDamaged({"why": "no lock"})
        return Lock(row[0], row[1])

    def positions(self, leaf_hashes: Sequence[Hash]) -> dict[Hash, int]:
        found: dict[Hash, int] = {}
        with _damage():
            for at in range(0, len(leaf_hashes), _CHUNK):
                some = leaf_hashes[at : at + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT leaf_hash, position FROM sequenced WHERE leaf_hash IN ({marks})"  # noqa: S608
                found.update(self._db.execute(query, some))
        return found

    def tail(self, signer: str) -> Tail | None:
        with _damage():
            row = self._db.execute("SELECT seq, leaf_hash FROM chain WHERE signer = ?", (signer,)).fetchone()
        return Tail(row[0], row[1]) if row else None

    def enqueue(self, items: Sequence[tuple[Hash, bytes]]) -> None:
        try:
            with self._transaction():
                self._db.executemany(_ENQUEUE, items)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") in _TRY_LATER:
                raise QueueUnavailable({"why": str(error)}) from error
            raise StateDamaged({"why": str(error)}) from error

    def queued(self, limit: int) -> list[Queued]:
        query = "SELECT id, leaf_hash, entry FROM pending WHERE position IS NULL ORDER BY id LIMIT ?"
        with _damage():
            return [Queued(*row) for row in self._db.execute(query, (limit,))]

    def commit(self, decision: Decision) -> None:
        numbers = [(decision.first + at, item.number) for at, item in enumerate(decision.accepted)]
        tails = [(name, tail.seq, tail.leaf_hash) for name, tail in decision.tails.items()]
        new = decision.new
        with _damage(), self._transaction():
            moved = self._db.execute(
                "UPDATE lock SET checkpoint = ?, signed_at = ? WHERE checkpoint = ?",
                (new.checkpoint, new.signed_at, decision.old),
            )
            if moved.rowcount != 1:
                raise StateDamaged({"why": "another writer moved the lock"})
            self._db.executemany("UPDATE pending SET position = ? WHERE id = ?", numbers)
            self._db.execute(
                "INSERT INTO sequenced SELECT leaf_hash, position FROM pending WHERE position >= ?",
                (decision.first,),
            )
            self._db.executemany("INSERT OR REPLACE INTO chain VALUES (?, ?, ?)", tails)
            self._delete(decision.refused)

    def discard(self, refused: Sequence[Queued]) -> None:
        with _damage(), self._transaction():
            self._delete(refused)

    def decided(self, start: int) -> list[tuple[int, Queued]]:
        query = "SELECT position, id, leaf_hash, entry FROM pending WHERE position >= ? ORDER BY position"
        with _damage():
            return [(row[0], Queued(*row[1:])) for row in self._db.execute(query, (start,))]

    def forget_decided(self, below: int) -> None:
        with _damage(), self._transaction():
            self._db.execute("DELETE FROM pending WHERE position < ?", (below,))

    def close(self) -> None:
        self._db.close()

    def _delete(self, items: Sequence[Queued]) -> None:
        self._db.executemany("DELETE FROM pending WHERE id = ?", [(item.number,) for item in items])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever SQLite reports into our own word for it."""
    try:
        yield
    except sqlite3.Error as error:
        raise StateDamaged({"why": str(error)}) from error


def _numbered(hashes: Sequence[Hash]) -> Iterator[tuple[Hash, int]]:
    return ((leaf, position) for position, leaf in enumerate(hashes))


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
