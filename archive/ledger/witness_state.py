"""What a witness must never forget: the last checkpoint that it accepted of each log. Kept before it signs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from archive.ledger.errors import LedgerError
from archive.merkle import Hash

WITNESS_FILE = "witness.sqlite"
_VERSION = 1
_WAIT_SECONDS = 10
_SCHEMA = """
CREATE TABLE held (origin TEXT PRIMARY KEY, origin_hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    root BLOB NOT NULL, note BLOB NOT NULL, cosigned BLOB) WITHOUT ROWID;
CREATE TABLE frozen (origin TEXT PRIMARY KEY, evidence TEXT NOT NULL) WITHOUT ROWID;
"""


class WitnessStateDamaged(LedgerError):
    code = "LED-112"
    ja = "証人の記憶が読めないか、書けません({why})。何にも署名していません。ディスクと控えを調べてください。"
    en = "The witness's memory cannot be read or written ({why}). Nothing was signed: check the disk and the backups."
    zh = "見證者的記憶無法讀寫({why})。未簽署任何內容,請檢查磁碟與備份。"


@dataclass(frozen=True)
class Held:
    """The last accepted checkpoint of a log; `note` has the log's signature, `cosigned` also ours (None before)."""

    origin: str
    size: int
    root: Hash
    note: bytes
    cosigned: bytes | None = None


class WitnessState(Protocol):
    """Any number of processes and threads may use it at once. Each method raises WitnessStateDamaged when it fails."""

    def held(self, origin: str) -> Held | None:
        """Return what was last accepted of `origin`; None before the first."""

    def by_hash(self, origin_hash: str) -> Held | None:
        """Return the same by the hex SHA-256 of the origin."""

    def replace(self, old: Held | None, new: Held, origin_hash: str) -> bool:
        """Accept `new` if what is held is still `old`, all in one; durable when this returns True.

        False: somebody else was first, or the origin is frozen; nothing was changed.
        """

    def keep_cosigned(self, new: Held) -> None:
        """Keep the cosigned note of what was accepted, unless something newer is held by now."""

    def freeze(self, origin: str, evidence: str) -> None:
        """Never accept anything of `origin` again; `evidence` names why."""

    def frozen(self) -> dict[str, str]:
        """Return the frozen origins and what names the evidence."""


class SqliteWitnessState:
    """WitnessState in one SQLite file, a connection for each call; every commit is synced to the disk."""

    def __init__(self, folder: Path) -> None:
        """Use the memory in `folder`, never making one: a witness without memory would sign the past again."""
        self._path = folder / WITNESS_FILE

    @classmethod
    def create(cls, folder: Path) -> None:
        """Make an empty memory, for a witness key that has never signed. Does nothing where there is one."""
        if (folder / WITNESS_FILE).exists():
            return
        with _damage():
            db = sqlite3.connect(folder / WITNESS_FILE, isolation_level=None, timeout=_WAIT_SECONDS)
        try:
            with _damage():
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE")
                if db.execute("PRAGMA user_version").fetchone() == (0,):
                    for statement in _SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {_VERSION}")
                db.execute("COMMIT")
        finally:
            db.close()

    def held(self, origin: str) -> Held | None:
        return self._one("SELECT origin, size, root, note, cosigned FROM held WHERE origin = ?", origin)

    def by_hash(self, origin_hash: str) -> Held | None:
        return self._one("SELECT origin, size, root, note, cosigned FROM held WHERE origin_hash = ?", origin_hash)

    def replace(self, old: Held | None, new: Held, origin_hash: str) -> bool:
        with self._writing() as db:
            if db.execute("SELECT 1 FROM frozen WHERE origin = ?", (new.origin,)).fetchone():
                return False
            if old is None:
                done = db.execute(
                    "INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?, ?, NULL)",
                    (new.origin, origin_hash, new.size, new.root, new.note),
                )
            else:
                # `cosigned` stays until the new one is made, so that there is always one to show.
                done = db.execute(
                    "UPDATE held SET size = ?, root = ?, note = ? WHERE origin = ? AND size = ? AND root = ?",
                    (new.size, new.root, new.note, new.origin, old.size, old.root),
                )
            return done.rowcount == 1

    def keep_cosigned(self, new: Held) -> None:
        with self._writing() as db:
            db.execute(
                "UPDATE held SET cosigned = ? WHERE origin = ? AND size = ? AND root = ?",
                (new.cosigned, new.origin, new.size, new.root),
            )

    def freeze(self, origin: str, evidence: str) -> None:
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO frozen VALUES (?, ?)", (origin, evidence))

    def frozen(self) -> dict[str, str]:
        with self._open() as db:
            return dict(db.execute("SELECT origin, evidence FROM frozen").fetchall())

    def _one(self, query: str, key: str) -> Held | None:
        with self._open() as db:
            row = db.execute(query, (key,)).fetchone()
            return Held(*row) if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self._path.is_file():
            raise WitnessStateDamaged({"why": f"{self._path.name} is missing"})
        with _damage():
            db = sqlite3.connect(self._path, isolation_level=None, timeout=_WAIT_SECONDS)
        try:
            with _damage():
                db.execute("PRAGMA synchronous = FULL")
                if db.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                    raise WitnessStateDamaged({"why": "another version"})
                yield db
        finally:
            db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise WitnessStateDamaged({"why": str(error)}) from error
