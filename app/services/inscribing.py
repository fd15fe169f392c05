"""From a body to a leaf: sign under the agency's key, store the envelope, submit, remember where it stands.

Runs only where the log's writer is (the worker). The envelope is durable before it is submitted, so that a rerun
submits the same bytes; if another statement of the agency went first, it is signed again with the right `seq`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app.db.catalogue import Inscription, StatementRow
from app.db.engine import transaction
from app.errors import AppError
from app.ports import Clock
from app.services.errors import NoKeyInForce
from app.services.keys_of_log import LogKeys
from archive import merkle
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.ledger.writer import Log
from archive.records import dsse
from archive.records.keyring import KeyRing
from archive.records.keys import SigningKey
from archive.records.keystore import KeyStore
from archive.records.statements import Statement, parse


@dataclass(frozen=True)
class Inscribed:
    """Where a statement stands in the log."""

    log_index: int
    leaf_hash: bytes
    time: datetime


@dataclass(frozen=True)
class Scribe:
    """Owns the order of statements: `lock` is held from taking `seq` until the log has the leaf.

    `log_keys` tells which keys are in force, by the log itself: the newest one that lies here signs.
    """

    engine: sa.Engine
    log: Log
    keys: KeyStore
    clock: Clock
    origin: str
    lock: Lock
    log_keys: LogKeys

    def inscribe(self, inscription_id: str, kind: str, signer: str, body: str | Callable[[int], str]) -> Inscribed:
        """Return where the statement stands, inscribing it if it does not yet; calling again gives the same answer.

        A body that speaks of its own place in the log is given as a function of that index. Raises NoKeyInForce, and
        what the log raises.
        """
        with self.lock:
            self._empty_queue()
            envelope = self._stored(inscription_id)
            if envelope is None or self.log.position(merkle.leaf_hash(envelope)) is None:
                envelope = self._signed_now(inscription_id, kind, signer, body)
            index = self.log.append([envelope])[0].index
        with transaction(self.engine) as session:
            row = session.get_one(Inscription, inscription_id)
            row.log_index = index
            session.add(row)
            statement = parse(dsse.open_entry(envelope).payload)
            leaf = merkle.leaf_hash(envelope)
            if session.get(StatementRow, index) is None:
                session.add(statement_row(index, leaf, statement))
        return Inscribed(index, leaf, statement.time)

    def _empty_queue(self) -> None:
        """Let in what a crash left queued: else its place would be given away, or the same be said twice."""
        batch = self.log.sequence()
        while batch.positions or batch.refused:
            batch = self.log.sequence()

    def _stored(self, inscription_id: str) -> bytes | None:
        with transaction(self.engine) as session:
            row = session.get(Inscription, inscription_id)
            return row.envelope if row else None

    def signing_key(self, signer: str) -> SigningKey:
        """Return the newest key of `signer` that is in force and lies here. Raises NoKeyInForce."""
        here = {each.key_id for each in self.keys.held(signer)}
        for each in self.log_keys.ring().in_force(signer):
            if each.key.key_id in here:
                return self.keys.load(signer, each.key.key_id.hex())
        raise NoKeyInForce({"name": signer})

    def sign_heads(self) -> None:
        """Have the log's heads signed by every key of its own that is in force. Raises as `Log.sign_with`."""
        self.log.sign_with(held_log_keys(self.log_keys.ring(), self.keys))

    def _signed_now(self, inscription_id: str, kind: str, signer: str, given: str | Callable[[int], str]) -> bytes:
        body = given if isinstance(given, str) else given(self.log.size)
        tail = self.log.tail(signer)
        statement = Statement(
            type=kind,
            log=self.origin,
            agency=signer,
            seq=tail.seq + 1 if tail else 0,
            prev=tail.leaf_hash if tail else None,
            time=self.clock.now(),
            body=json.loads(body),
        )
        entry = dsse.seal(statement.payload(), self.signing_key(signer)).entry()
        with transaction(self.engine) as session:
            row = session.get(Inscription, inscription_id) or Inscription(
                id=inscription_id, type=kind, signer=signer, body=body
            )
            row.body, row.envelope = body, entry
            session.add(row)
        return entry


def held_log_keys(ring: KeyRing, keys: KeyStore) -> list[SigningKey]:
    """Return the log's keys that are in force and lie here, the newest first. Raises KeyNotHere: there is none."""
    here = {each.key_id for each in keys.held(ring.log)}
    alive = [each.key.key_id for each in ring.in_force(ring.log) if each.key.key_id in here]
    return [keys.load(ring.log, key_id.hex()) for key_id in alive] or [keys.load(ring.log)]


class DatabaseOlder(AppError):
    code = "APP-053"
    ja = "データベースがアーカイブより古いか、空です(台帳の文 {index} を知りません)。`ishibumi rebuild` で直せます。"
    en = "The database is older than the archive, or empty (statement {index} is unknown to it): `ishibumi rebuild`."
    zh = "資料庫較封存舊或不存在(不知道帳本第 {index} 筆陳述)。請執行 `ishibumi rebuild`。"


def check_database(engine: sa.Engine, log: LogReader) -> None:
    """Return if the database knows every release the log speaks of: an older backup must not show an older portal.

    Raises:
        DatabaseOlder: names the first statement that it does not know.

    """
    with transaction(engine) as session:
        unlisted = _unlisted(session, log)
        under_way = _under_way(session) if unlisted else set()
        for index, leaf, statement in unlisted:
            if "version" in statement.body and leaf not in under_way:
                raise DatabaseOlder({"index": index})


def catch_up(engine: sa.Engine, log: LogReader) -> None:
    """Add the list rows of leaves that have none: genesis, and what a crash left between the log and the database."""
    with transaction(engine) as session:
        session.add_all([statement_row(index, leaf, statement) for index, leaf, statement in _unlisted(session, log)])


def _unlisted(session: Session, log: LogReader) -> list[tuple[int, bytes, Statement]]:
    size = log.checkpoint().size
    if session.exec(select(func.count()).select_from(StatementRow)).one() >= size:
        return []
    listed = set(session.exec(select(StatementRow.log_index)))
    return [
        (index, merkle.leaf_hash(entry), read_statement(entry))
        for index, entry in enumerate(log.entries(0, size))
        if index not in listed
    ]


def _under_way(session: Session) -> set[bytes]:
    """Return the leaf hashes of envelopes that were stored, and of which the database did not hear more."""
    rows = session.exec(
        select(Inscription.envelope).where(col(Inscription.log_index).is_(None), col(Inscription.envelope).is_not(None))
    )
    return {merkle.leaf_hash(envelope) for envelope in rows if envelope is not None}


def statement_row(index: int, leaf_hash: bytes, statement: Statement) -> StatementRow:
    """Return the list row of a statement: the same whether it was just inscribed or read back from the log."""
    return StatementRow(
        log_index=index,
        type=statement.type,
        agency=statement.agency,
        time=statement.time,
        leaf_hash=leaf_hash.hex(),
        dataset=statement.body.get("dataset"),
        version=statement.body.get("version"),
    )
