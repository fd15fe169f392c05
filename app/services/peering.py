"""The node as a witness, and the statements that say so: its key, and each peer that a person chose to trust."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.db.catalogue import Inscription
from app.db.engine import transaction
from app.db.peers import Peer, SeenCheckpoint
from app.federation import peers
from app.federation.forks import ForkStore
from app.ports import Clock, Job, JobQueue
from app.services import names
from app.services.folders import Folders
from app.services.inscribing import Scribe
from archive.ledger.checkpoint import SignedCheckpoint, cosignatures
from archive.ledger.fork import Fork
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.ledger.witness import Witness
from archive.ledger.witness_state import SqliteWitnessState
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.records.keystore import KeyNotHere, KeyStore
from archive.records.statements import MAX_TEXT, format_time

CONFIRMED_FILE = "start-confirmed"
_ANNOUNCED = "key-witness"
_DAY = "%Y-%m-%d"


def own_keys(keys: KeyStore, host: str, log_key: PublicKey) -> list[PublicKey]:
    """Return the log's key and the witness's, if this node has one."""
    try:
        return [log_key, keys.load(names.witness_key(host)).public]
    except KeyNotHere:
        return [log_key]


def witness(folders: Folders, keys: KeyStore, host: str, engine: sa.Engine, clock: Callable[[], float]) -> Witness:
    """Return this node as a witness. Raises KeyNotHere while it has no key for it: an older node, before its worker."""

    def known(origin: str) -> list[PublicKey]:
        with transaction(engine) as session:
            return peers.log_keys(session, origin)

    key = keys.load(names.witness_key(host))
    return Witness(key, SqliteWitnessState(folders.log_state), known, ForkStore(folders.forks).keep, clock)


def policy_text(session: Session, log_keys: Sequence[PublicKey], quorum: int) -> str:
    """Return the policy of this node's log as it is now, in C2SP tlog-policy syntax."""
    return peers.policy_text(log_keys, peers.witnesses(session), quorum)


@dataclass(frozen=True)
class Standing:
    """How many of the witnesses cosigned the published checkpoint, and how many are wanted (0: none is asked for)."""

    cosigned: tuple[str, ...]
    all: int
    quorum: int

    @property
    def is_met(self) -> bool:
        """Whether enough cosigned."""
        return len(self.cosigned) >= self.quorum


def standing(session: Session, head: SignedCheckpoint, quorum: int) -> Standing:
    """Return how a published checkpoint stands with the witnesses that this node has today."""
    keys = [each.key for each in peers.witnesses(session)]
    found = tuple(each.witness.name for each in cosignatures(head.note, keys))
    return Standing(found, len(keys), quorum)


def forks(folders: Folders) -> list[Fork]:
    """Return the evidence of every fork that this node ever saw."""
    return ForkStore(folders.forks).every()


def add(session: Session, jobs: JobQueue, given: peers.NewPeer, own: list[PublicKey], clock: Clock) -> Peer:
    """Add a peer and have the log say so. Raises BadPeer, PeerExists."""
    peer = peers.add(session, given, own, clock.now())
    session.flush()
    jobs.enqueue(session, Job.PEER, peer.id)
    return peer


@dataclass(frozen=True)
class Announcer:
    """Inscribes what the log says of witnessing; made once per worker."""

    engine: sa.Engine
    keys: KeyStore
    scribe: Scribe
    log: LogReader
    clock: Clock
    host: str
    state_folder: Path

    def peer(self, peer_id: str) -> None:
        """The log names a new peer, unless it was removed meanwhile."""
        self._inscribe_peer(peer_id, f"peer-{peer_id}")

    def peers_of_the_day(self) -> None:
        """Once a day the log keeps each peer's newest checkpoint: who forks its log must forge ours too."""
        today = self.clock.now().strftime(_DAY)
        with transaction(self.engine) as session:
            known = [peer.id for peer in peers.every(session) if _newest(session, peer.origin)]
        for peer_id in known:
            self._inscribe_peer(peer_id, f"peer-{peer_id}-{today}")

    def key(self) -> None:
        """A node that was made before nodes were witnesses gets its key, and the log says so."""
        name = names.witness_key(self.host)
        if read_statement(self.log.entry(0)).body["witness"]:
            return
        if name not in self.keys.names():
            SqliteWitnessState.create(self.state_folder)  # before the key, as at `init`
            self.keys.add(SigningKey.generate(name, KeyKind.WITNESS))
        with transaction(self.engine) as session:
            row = session.get(Inscription, _ANNOUNCED)
            if row is not None and row.log_index is not None:
                return
        body = row.body if row else self._key_body(name)
        self.scribe.inscribe(_ANNOUNCED, "add-key", names.node_key(self.host), body)

    def _key_body(self, name: str) -> str:
        return json.dumps(
            {
                "name": name,
                "vkey": self.keys.load(name).public.vkey,
                "role": "witness",
                "custody": "custodial",
                "not_before": format_time(self.clock.now()),
            }
        )

    def _inscribe_peer(self, peer_id: str, inscription: str) -> None:
        with transaction(self.engine) as session:
            row = session.get(Inscription, inscription)
            if row is not None and row.log_index is not None:
                return
            peer = session.exec(select(Peer).where(Peer.id == peer_id)).first()
            body = row.body if row else _peer_body(session, peer) if peer else ""
        if body:
            self.scribe.inscribe(inscription, "peer", names.node_key(self.host), body)


def confirmed(folder: Path, size: int) -> bool:
    """Tell whether the operator confirmed a log of `size` leaves as the newest (LEDGER D7)."""
    try:
        return (folder / CONFIRMED_FILE).read_text().strip() == str(size)
    except (OSError, ValueError):
        return False


def confirm_start(folder: Path, size: int) -> None:
    """Say, for the next start, that a log of `size` leaves is the newest there is; worthless at any other size."""
    (folder / CONFIRMED_FILE).write_text(f"{size}\n")


def _peer_body(session: Session, peer: Peer) -> str:
    body: dict[str, object] = {
        "origin": peer.origin,
        "vkeys": [vkey for vkey in (peer.vkey, peer.witness_vkey) if vkey],
        "role": "witness",
    }
    newest = _newest(session, peer.origin)
    if newest and len(newest) <= MAX_TEXT:
        body["checkpoint"] = newest
    return json.dumps(body)


def _newest(session: Session, origin: str) -> str:
    row = session.exec(
        select(SeenCheckpoint).where(SeenCheckpoint.origin == origin).order_by(col(SeenCheckpoint.size).desc())
    ).first()
    return row.note.decode() if row else ""
