"""Checkpoints that we were shown, compared with each other and with the logs themselves: how a split view comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app.db.engine import transaction
from app.db.peers import Peer, SeenCheckpoint
from app.errors import AppError
from app.federation import peers
from app.federation.errors import PeerForked, PeerShrank, TooMuchGossip, UnknownOrigin
from app.federation.forks import ForkStore
from archive import merkle
from archive.errors import ArchiveError, IshibumiError
from archive.ledger import fork
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.follow import HttpTiles
from archive.ledger.fork import Fork
from archive.ledger.note import MAX_NOTE_BYTES, Note, verified
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.tiles import TileSource, TreeReader
from archive.ledger.transport import Transport
from archive.ledger.witness import origin_hash
from archive.ledger.witness_state import WitnessState
from archive.records.keys import PublicKey

GOSSIP_A_MINUTE = 60
KEPT_OF_A_LOG = 200
_OK = 200


@dataclass(frozen=True)
class Exchange:
    """What this node knows of its own log and its peers' logs; any number of processes may have one.

    `own_keys` (in force) and `own_log` are this node's log: what others were shown of it is compared too.
    """

    engine: sa.Engine
    forks: ForkStore
    memory: WitnessState
    own_keys: Sequence[PublicKey]
    own_log: TileSource
    now: Callable[[], datetime]

    def saw(self, raw: bytes, source: str, *, limited: bool = False) -> str:
        """Take note of a checkpoint that somebody was shown; return `known` or `kept`.

        Raises:
            MalformedNote, MalformedCheckpoint, NotSigned, SignatureRefused: it is no log's.
            UnknownOrigin: we do not know that log. TooMuchGossip: when `limited`, and others sent many just now.
            PeerForked: it contradicts another one; the evidence is kept.

        """
        origin = parse_checkpoint(raw).origin
        with transaction(self.engine) as session:
            keys = self._keys(session, origin)
            if not keys:
                raise UnknownOrigin({"origin": origin[:200]})
            signed = open_checkpoint(raw, keys)
            row = _row(signed, keys, source, self.now())
            if session.get(SeenCheckpoint, row.id) is not None:
                return "known"
            if limited:
                _require_calm(session, origin, self.now())
            same = session.exec(
                select(SeenCheckpoint).where(SeenCheckpoint.origin == origin, SeenCheckpoint.size == signed.size)
            ).all()
            session.add(row)
            _forget_oldest(session, origin)
        for other in same:
            if other.root != row.root:
                self._convict(fork.of_equal_size(other.note, row.note, keys))
        return "kept"

    def look(self, transport: Transport) -> None:
        """Fetch what each peer shows of its log, and what it witnessed; compare all that was seen with the tiles.

        Every peer is looked at; then the first trouble is raised: PeerForked, PeerShrank, or why one was not reached.
        """
        with transaction(self.engine) as session:
            known = peers.every(session)
        # What witnesses saw is heard first, so that every log is compared with all there is to know of it.
        tasks: list[Callable[[], None]] = [partial(self._hear, peer, known, transport) for peer in known]
        tasks += [partial(self._look_at, peer, transport) for peer in known]
        tasks.append(partial(self._compare, self.own_keys, self.own_log))
        troubles: list[IshibumiError] = []
        for task in tasks:
            try:
                task()
            except (ArchiveError, AppError) as trouble:
                troubles.append(trouble)
        troubles.sort(key=lambda each: not isinstance(each, PeerForked | PeerShrank))
        if troubles:
            raise troubles[0]

    def _look_at(self, peer: Peer, transport: Transport) -> None:
        if peer.url:
            self._compare([PublicKey.parse(peer.vkey)], HttpTiles(transport, f"{peer.url}/log"))

    def _hear(self, peer: Peer, known: Sequence[Peer], transport: Transport) -> None:
        """Ask a witness what it cosigned of every log that we know."""
        if not peer.witness_url:
            return
        for origin in (self.own_keys[0].name, *(each.origin for each in known)):
            url = f"{peer.witness_url}/{origin_hash(origin)}/checkpoint"
            answer = transport.get(url, limit=MAX_NOTE_BYTES)
            if answer.status == _OK:
                self.saw(answer.body, peer.name)

    def _compare(self, keys: Sequence[PublicKey], source: TileSource) -> None:
        """Compare what was seen of a log with the log itself."""
        head = open_checkpoint(source.read(CHECKPOINT_FILE, MAX_NOTE_BYTES), keys)
        origin = head.origin
        self.saw(head.raw, "itself")
        with transaction(self.engine) as session:
            held = self.memory.held(origin)
            seen = session.exec(
                select(SeenCheckpoint)
                .where(SeenCheckpoint.origin == origin, col(SeenCheckpoint.proven).is_(False))
                .order_by(col(SeenCheckpoint.size))
            ).all()
        if held is not None:
            self.saw(held.note, "cosigned")
        for row in seen:
            if row.size > head.size:
                raise PeerShrank({"origin": origin, "seen": row.size, "now": head.size})
            if 0 < row.size < head.size:
                self._prove(row, head, keys, source)
            if row.size < head.size:
                with transaction(self.engine) as session:
                    session.get_one(SeenCheckpoint, row.id).proven = True

    def _prove(
        self, row: SeenCheckpoint, head: SignedCheckpoint, keys: Sequence[PublicKey], source: TileSource
    ) -> None:
        tree = TreeReader(source, head.size)
        proof = [tree.range_root(start, end) for start, end in merkle.consistency_ranges(row.size, head.size)]
        root = tree.range_root(0, row.size)
        merkle.check_consistency(row.size, head.size, proof, root, head.root)
        if root.hex() != row.root:
            self._convict(fork.of_unequal_sizes(row.note, head.raw, root, proof, keys))

    def _convict(self, found: Fork) -> None:
        self.forks.keep(found)
        self.memory.freeze(found.origin, found.id)
        raise PeerForked({"origin": found.origin, "evidence": found.id})

    def _keys(self, session: Session, origin: str) -> list[PublicKey]:
        return list(self.own_keys) if origin == self.own_keys[0].name else peers.log_keys(session, origin)


def _row(signed: SignedCheckpoint, keys: Sequence[PublicKey], source: str, now: datetime) -> SeenCheckpoint:
    lines = tuple(dict.fromkeys(line for _, line in verified(signed.note, keys)))
    return SeenCheckpoint(
        id=sha256(signed.note.text).hexdigest(),
        origin=signed.origin,
        size=signed.size,
        root=signed.root.hex(),
        note=Note(signed.note.text, lines).encode(),
        source=source,
        seen_at=now,
    )


def _require_calm(session: Session, origin: str, now: datetime) -> None:
    """Return if a stranger's checkpoint may be kept. Raises TooMuchGossip.

    What waits to be compared is never pushed out by what strangers send: a forked log could sign so many sound ones
    that the other branch, which somebody showed us, were forgotten before the next look.
    """
    recent = select(func.count()).where(
        SeenCheckpoint.source == "gossip", SeenCheckpoint.seen_at > now - timedelta(minutes=1)
    )
    waiting = select(func.count()).where(SeenCheckpoint.origin == origin, col(SeenCheckpoint.proven).is_(False))
    if session.exec(recent).one() >= GOSSIP_A_MINUTE or session.exec(waiting).one() >= KEPT_OF_A_LOG // 2:
        raise TooMuchGossip


def _forget_oldest(session: Session, origin: str) -> None:
    """Keep the newest ones of a log; those that the tiles proved go first. Evidence lies elsewhere."""
    session.flush()
    order = (col(SeenCheckpoint.proven), col(SeenCheckpoint.seen_at).desc())
    kept = select(SeenCheckpoint).where(SeenCheckpoint.origin == origin).order_by(*order)
    for row in session.exec(kept.offset(KEPT_OF_A_LOG)).all():
        session.delete(row)
