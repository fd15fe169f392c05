"""Wishes about signing keys: rotate, add, revoke. Each becomes a durable job in the transaction that wrote it down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, func, select

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, StatementRow
from app.db.engine import locked
from app.db.keys import KeyAction, KeyChange
from app.policy import Action, Actor, require
from app.ports import Job, JobQueue
from app.services import names
from app.services.accounts import record
from app.services.errors import BadKeyWish, KeyBusy, NoKeyInForce, NoSuchKey, NoSuchThing
from archive.records.keyring import KeyRing, Registered
from archive.records.keys import PublicKey

REASONS = ("superseded", "retired", "compromised")


@dataclass(frozen=True)
class Doubt:
    """From where on the statements of a revoked key are doubtful: a statement's index, a day, or its revocation."""

    index: int | None = None
    moment: datetime | None = None


def rotate(
    session: Session, jobs: JobQueue, actor: Actor, ring: KeyRing, name: str, *, keep: bool, now: datetime
) -> KeyChange:
    """Ask for a new custodial key called `name`; the one in force signs for it and, unless `keep`, ends as superseded.

    Where no key is in force the node signs for the new one.

    Raises:
        NotAllowed: the table says who may. NoSuchThing: no such agency. KeyBusy: another change is under way.
        NoSuchKey: there was never a key of this name; the first one of a new agency is still being made.

    """
    _require_free(session, actor, name)
    if not any(each.key.name == name for each in ring.keys.values()):
        raise NoSuchKey({"name": name, "keyid": ""})
    old = ring.in_force(name)
    ends = old[0].key.key_id.hex() if old and not keep else ""
    change = KeyChange(
        action=KeyAction.ROTATE.value,
        name=name,
        keyid=ends,
        reason="superseded" if ends else "",
        requested_by=actor.label,
        requested_at=now,
    )
    return _go(session, jobs, actor, change, now)


def rotate_log(
    session: Session, jobs: JobQueue, actor: Actor, ring: KeyRing, key: PublicKey, following: bytes, *, now: datetime
) -> KeyChange:
    """Ask that `key`, which lies in the key store, follow the log's key; `following` is the hash of the one after it.

    From then on heads carry both signatures, until the older key is revoked.

    Raises:
        NotAllowed, KeyBusy: as `rotate`. BadKeyWish: the log named another key as its next one.

    """
    _require_free(session, actor, ring.log)
    if sha256(key.raw).digest() != ring.next_log or key.name != ring.log:
        raise BadKeyWish({"why": "not the key whose hash the log has named as its next / 台帳が予告した鍵と違います"})
    change = KeyChange(
        action=KeyAction.ROTATE.value,
        name=ring.log,
        vkey=key.vkey,
        following=following.hex(),
        requested_by=actor.label,
        requested_at=now,
    )
    return _go(session, jobs, actor, change, now)


def require_overlap(session: Session, ring: KeyRing, days: int, now: datetime) -> None:
    """Return if the log's newest key has signed for `days` already, so that others know it. Raises BadKeyWish."""
    newest = ring.in_force(ring.log)[0]
    since = session.exec(select(StatementRow.time).where(StatementRow.log_index == newest.index)).one()
    if now - since < timedelta(days=days):
        raise BadKeyWish({"why": f"{newest.key.key_id.hex()}: {since:%Y-%m-%d} + {days} d; --now"})


def revoke(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    ring: KeyRing,
    name: str,
    *,
    reason: str,
    now: datetime,
    keyid: str = "",
    doubt: Doubt | None = None,
) -> KeyChange:
    """Ask that a key be revoked: the newest one in force, or `keyid`. An agency's last key may go; the node's may not.

    Raises:
        NotAllowed, NoSuchThing, KeyBusy: as `rotate`. NoSuchKey: it is not in force.
        BadKeyWish: the reason is unknown, a compromise without a place from which to doubt, a place before the key
            came or still to come, or the last key of the node or its log.

    """
    _require_free(session, actor, name)
    found = _in_force(ring, name, keyid)
    doubt = doubt or Doubt()
    if reason not in REASONS:
        raise BadKeyWish({"why": ", ".join(REASONS)})
    if reason == "compromised" and doubt == Doubt():
        raise BadKeyWish({"why": "compromised: --from-index N, --from-date YYYY-MM-DD"})
    if found.role in ("node", "log") and len(ring.in_force(name)) == 1:
        raise BadKeyWish({"why": "the last key of its role: rotate first / 役割の最後の鍵です。先に rotate を"})
    change = KeyChange(
        action=KeyAction.REVOKE.value,
        name=name,
        keyid=found.key.key_id.hex(),
        reason=reason,
        from_index=_doubtful_from(session, found, doubt),
        requested_by=actor.label,
        requested_at=now,
    )
    return _go(session, jobs, actor, change, now)


def require_key(session: Session, ring: KeyRing, host: str, release_id: str) -> None:
    """Return if the agency of a release has a key in force, or waits for its first. Raises NoKeyInForce."""
    release = session.get(Release, release_id)
    dataset = session.get(Dataset, release.dataset) if release else None
    if dataset is None:
        return
    name = names.agency_key(host, dataset.agency)
    known = [each for each in ring.keys.values() if each.key.name == name]
    if known and not ring.in_force(name):
        raise NoKeyInForce({"name": dataset.agency})


def under_way(session: Session, name: str) -> KeyChange | None:
    """Return the change of the keys called `name` that is not done yet, if any."""
    open_ones = select(KeyChange).where(KeyChange.name == name, col(KeyChange.done_at).is_(None))
    return session.exec(open_ones).first()


def _require_free(session: Session, actor: Actor, name: str) -> None:
    """Hold the name for this transaction: agency keys are its administrator's, the node's are the operator's."""
    slug = names.agency_slug(name)
    if slug is None:
        require(actor, Action.MANAGE_NODE, None)
    else:
        require(actor, Action.MANAGE_KEYS, slug)
        if locked(session, Agency, slug) is None:
            raise NoSuchThing({"what": "agency", "name": slug[:80]})
    if under_way(session, name) is not None:
        raise KeyBusy({"name": slug or name})


def _in_force(ring: KeyRing, name: str, keyid: str) -> Registered:
    alive = ring.in_force(name)
    for each in alive[::-1] if name == ring.log else alive:  # the newest key of a log is the one that stays
        if keyid in ("", each.key.key_id.hex()):
            return each
    raise NoSuchKey({"name": name, "keyid": keyid[:8]})


def _doubtful_from(session: Session, found: Registered, doubt: Doubt) -> int | None:
    """Return the first doubtful index. A day stands for the first statement of that day or later."""
    size = (session.exec(select(func.max(StatementRow.log_index))).one() or 0) + 1
    index = doubt.index
    if doubt.moment is not None:
        first = select(func.min(StatementRow.log_index)).where(
            StatementRow.time >= doubt.moment, StatementRow.log_index > found.index
        )
        index = session.exec(first).one()
    if index is not None and not found.index < index <= size:
        raise BadKeyWish({"why": f"{found.index} < from ≤ {size}"})
    return index


def _go(session: Session, jobs: JobQueue, actor: Actor, change: KeyChange, now: datetime) -> KeyChange:
    session.add(change)
    session.flush()
    jobs.enqueue(session, Job.KEY, change.id)
    detail = {"key": change.keyid, "reason": change.reason}
    record(session, actor.label, f"key.{change.action}", change.name, now, **{k: v for k, v in detail.items() if v})
    return change
