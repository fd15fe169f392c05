"""The list of peers: who is witnessed, who witnesses us, and the policy that says so. A person compared every key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from app.db.peers import Peer
from app.federation.errors import BadPeer, NoSuchPeer, PeerExists
from archive.ledger.witness_client import WitnessAt
from archive.records.keys import KeyKind, KeyRefused, PublicKey

MAX_PEERS = 64
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewPeer:
    """What a person says of a peer; empty texts for what it does not have."""

    name: str
    origin: str
    vkey: str
    witness_vkey: str = ""
    url: str = ""
    witness_url: str = ""


def check(given: NewPeer) -> None:
    """Return if `given` can be a peer. Raises BadPeer."""
    if not _NAME.fullmatch(given.name) or len(given.name) > 80:  # noqa: PLR2004 - as its column
        raise BadPeer({"why": "name: a-z, 0-9 and single hyphens, at most 80"})
    if _key(given.vkey, KeyKind.LOG).name != given.origin:
        raise BadPeer({"why": "the log key is another origin's"})
    if bool(given.witness_vkey) != bool(given.witness_url):
        raise BadPeer({"why": "a witness has a key and an address"})
    if given.witness_vkey and _key(given.witness_vkey, KeyKind.WITNESS).raw == _key(given.vkey, KeyKind.LOG).raw:
        raise BadPeer({"why": "one key in two roles"})
    for url in (given.url, given.witness_url):
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 500 or parts.query):  # noqa: PLR2004 - as its column
            raise BadPeer({"why": "an http or https address without a query"})


def add(session: Session, given: NewPeer, own: Sequence[PublicKey], now: datetime) -> Peer:
    """Add a peer whose keys a person has compared. `own` are this node's keys.

    Raises:
        BadPeer: it cannot be one, or is this node itself. PeerExists: name, origin or key are taken.

    """
    check(given)
    raws = {_key(vkey).raw for vkey in (given.vkey, given.witness_vkey) if vkey}
    if raws & {key.raw for key in own} or given.origin in {key.name for key in own}:
        raise BadPeer({"why": "it is this node"})
    known = every(session)
    if len(known) >= MAX_PEERS:
        raise BadPeer({"why": f"there are {MAX_PEERS} already"})
    for peer in known:
        # Two names with one key would count as two witnesses.
        theirs = {_key(vkey).raw for vkey in (peer.vkey, peer.witness_vkey) if vkey}
        if given.name == peer.name or given.origin == peer.origin or raws & theirs:
            raise PeerExists({"name": peer.name})
    peer = Peer(
        name=given.name,
        origin=given.origin,
        vkey=given.vkey,
        witness_vkey=given.witness_vkey,
        url=given.url.rstrip("/"),
        witness_url=given.witness_url.rstrip("/"),
        added_at=now,
    )
    session.add(peer)
    return peer


def remove(session: Session, name: str) -> None:
    """Forget a peer: it is not witnessed any more, and not asked. Raises NoSuchPeer."""
    session.delete(one(session, name))


def one(session: Session, name: str) -> Peer:
    """Return the peer called `name`. Raises NoSuchPeer."""
    peer = session.get(Peer, name)
    if peer is None:
        raise NoSuchPeer({"name": name[:80]})
    return peer


def every(session: Session) -> list[Peer]:
    """Return the peers, in the order they were added."""
    return list(session.exec(select(Peer).order_by(col(Peer.added_at), col(Peer.name))))


def log_keys(session: Session, origin: str) -> list[PublicKey]:
    """Return the keys under which the log `origin` is known here; empty for a stranger."""
    return [_key(peer.vkey) for peer in session.exec(select(Peer).where(Peer.origin == origin))]


def witnesses(session: Session) -> list[WitnessAt]:
    """Return the peers that witness us."""
    return [WitnessAt(_key(peer.witness_vkey), peer.witness_url) for peer in every(session) if peer.witness_vkey]


def policy_text(log_keys: Sequence[PublicKey], of: Sequence[WitnessAt], quorum: int) -> str:
    """Return a log's policy in C2SP tlog-policy syntax: `quorum` of the witnesses `of`, or none when there are none.

    More than there are cannot be asked for: then it is all of them.
    """
    lines = [f"log {key.vkey}" for key in log_keys]
    lines += [f"witness W{number} {each.key.vkey} {each.url}" for number, each in enumerate(of, 1)]
    if quorum and of:
        names = " ".join(f"W{number}" for number in range(1, len(of) + 1))
        lines += [f"group peers {min(quorum, len(of))} {names}", "quorum peers"]
    else:
        lines.append("quorum none")
    return "".join(line + "\n" for line in lines)


def _key(vkey: str, kind: KeyKind | None = None) -> PublicKey:
    try:
        key = PublicKey.parse(vkey)
    except KeyRefused as wrong:
        raise BadPeer({"why": str(wrong)}) from wrong
    if kind is not None and key.kind is not kind:
        raise BadPeer({"why": f"{key.name} is not a {kind.name.lower()} key"})
    return key
