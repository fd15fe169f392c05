"""Amendments (of words) and withdrawals of what is published: wished by one, approved by another, then inscribed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from app.db.catalogue import Change, Dataset, Release, ReleaseState
from app.db.engine import locked
from app.policy import Action, Actor, require
from app.ports import Job, JobQueue
from app.services import access as classes
from app.services import agencies
from app.services.accounts import record
from app.services.drafts import files_of
from app.services.errors import BadWords, NoSuchThing, NotPublished
from app.services.words import Words, clean_text, say, spoken
from archive.records import base64_strict, jcs
from archive.records.commit import commitment, new_salt
from archive.records.metadata import ReleaseRecord
from archive.records.statements import format_time

GROUNDS = ("personal-data", "legal-order", "error", "rights", "safety", "other")
ERASE = "erase"
_WAITING = "requested"
_GOING = "approved"
_STANDING = (ReleaseState.PUBLISHED.value,)


def request_withdrawal(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    *,
    dataset: str,
    version: int,
    ground: str,
    law: str,
    reason: str,
    now: datetime,
) -> Change:
    """Ask that a release be withdrawn: its bytes stay, its pages answer 410 with who, when, why and under which law.

    Where one person is enough (`approvals` = 1) it goes to the log at once.

    Raises:
        NoSuchThing, NotPublished, NotAllowed, BadWords.

    """
    if ground not in GROUNDS:
        raise BadWords({"member": "ground", "why": ", ".join(GROUNDS)})
    reason, law = _need("reason", reason, 2_000), _need("law", law, 400)
    release, owner = _published(session, dataset, version)
    require(actor, Action.REQUEST_CHANGE, owner.agency)
    salt = new_salt()
    body = {
        "dataset": dataset,
        "version": version,
        "of": release.log_index,
        "ground": {"code": ground, "law": law},
        "reason": base64_strict.encode(commitment("reason", salt, reason.encode())),
        "visible_from": format_time(now),
    }
    change = Change(
        release_id=release.id,
        type="withdraw",
        requested_by=actor.account_id,
        requested_at=now,
        reason=reason,
        law=law,
        ground=ground,
        openings=json.dumps({"reason": {"salt": base64_strict.encode(salt), "value": reason}}),
        body=jcs.canonical(body).decode(),
    )
    return _settle(session, jobs, actor, change, owner, f"{dataset}/v{version}", now)


def request_amendment(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    *,
    dataset: str,
    version: int,
    words: Words,
    reason: str,
    now: datetime,
    access: str | None = None,
) -> Change:
    """Ask that the words of a release change; files and number stay. With `access` open a restricted one is opened.

    Raises as `request_withdrawal`, and HashesAreOut, AlreadyThatClass for the access class.
    """
    reason = _need("reason", reason, 2_000)
    release, owner = _published(session, dataset, version)
    require(actor, Action.REQUEST_CHANGE, owner.agency)
    classes.check_change(release, access)
    amended = _amended_record(release, owner, words, access or release.access)
    if amended == release.record.encode():
        raise BadWords({"member": "title, description, licence …", "why": "nothing changes / 変わるところがありません"})
    salt, reason_salt = new_salt(), new_salt()
    body = {
        "dataset": dataset,
        "version": version,
        "of": release.log_index,
        "metadata": base64_strict.encode(commitment("metadata", salt, amended)),
        "reason": base64_strict.encode(commitment("reason", reason_salt, reason.encode())),
    }
    openings = json.loads(release.openings)
    openings["metadata"] = {"salt": base64_strict.encode(salt)}
    openings["reason"] = {"salt": base64_strict.encode(reason_salt), "value": reason}
    change = Change(
        release_id=release.id,
        type="amend",
        requested_by=actor.account_id,
        requested_at=now,
        reason=reason,
        record=amended.decode(),
        openings=json.dumps(openings),
        body=jcs.canonical(body).decode(),
    )
    return _settle(session, jobs, actor, change, owner, f"{dataset}/v{version}", now)


def request_erasure(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    *,
    dataset: str,
    version: int,
    paths: Sequence[str],
    ground: str,
    law: str,
    reason: str,
    order: str,
    now: datetime,
) -> Change:
    """Ask that files of a release (none named: all, and its words) be destroyed as a law demands.

    Always waits for a second person. `order` is the number of the decision; only its salted hash enters the log.
    Raises as `request_withdrawal`, and NoSuchThing for a file that the release does not have.
    """
    if ground not in GROUNDS:
        raise BadWords({"member": "ground", "why": ", ".join(GROUNDS)})
    reason, law, order = _need("reason", reason, 2_000), _need("law", law, 400), _need("order", order, 200)
    release, owner = _published(session, dataset, version, (*_STANDING, ReleaseState.WITHDRAWN.value))
    require(actor, Action.REQUEST_CHANGE, owner.agency)
    known = {file.path for file in files_of(session, release.id)}
    for path in paths:
        if path not in known:
            raise NoSuchThing({"what": "file", "name": path[:200]})
    wish = {
        "paths": sorted(paths),
        "order": {"salt": base64_strict.encode(new_salt()), "value": order},
    }
    change = Change(
        release_id=release.id,
        type=ERASE,
        requested_by=actor.account_id,
        requested_at=now,
        reason=reason,
        law=law,
        ground=ground,
        openings=json.dumps(wish),
    )
    return _settle(session, jobs, actor, change, owner, f"{dataset}/v{version}", now)


def approve_change(session: Session, jobs: JobQueue, actor: Actor, change_id: str, *, now: datetime) -> Change:
    """Approve an amendment, withdrawal or erasure that somebody else asked for.

    Raises NoSuchThing, OwnWork, NotAllowed.
    """
    change = locked(session, Change, change_id)
    release = session.get(Release, change.release_id) if change else None
    dataset = session.get(Dataset, release.dataset) if release else None
    if change is None or release is None or dataset is None:
        raise NoSuchThing({"what": "change", "name": change_id[:32]})
    require(actor, Action.APPROVE_CHANGE, dataset.agency, {change.requested_by})
    if change.state == _WAITING:
        _go(session, jobs, change, actor)
        record(session, actor.label, f"{change.type}.approved", f"{release.dataset}/v{release.version}", now)
    return change


def waiting(session: Session, release_id: str) -> Change | None:
    """Return the change of a release that waits or is on its way, if any."""
    rows = session.exec(select(Change).where(Change.release_id == release_id))
    return next((row for row in rows if row.state in (_WAITING, _GOING)), None)


def _settle(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    change: Change,
    dataset: Dataset,
    subject: str,
    now: datetime,
) -> Change:
    if waiting(session, change.release_id) is not None:
        raise BadWords({"member": "release", "why": "another change waits / 別の変更が待っています"})
    session.add(change)
    session.flush()
    record(session, actor.label, f"{change.type}.requested", subject, now, reason=change.reason[:200])
    if agencies.get(session, dataset.agency).approvals == 1 and change.type != ERASE:
        _go(session, jobs, change, actor)
    return change


def _go(session: Session, jobs: JobQueue, change: Change, actor: Actor) -> None:
    change.state, change.approved_by = _GOING, actor.account_id
    session.add(change)
    session.flush()
    jobs.enqueue(session, Job.ERASE if change.type == ERASE else Job.CHANGE, change.id)


def _published(
    session: Session, dataset: str, version: int, states: Sequence[str] = _STANDING
) -> tuple[Release, Dataset]:
    """Return a published release, locked: nobody else asks for a change of it until this transaction ends."""
    found = session.exec(select(Release.id).where(Release.dataset == dataset, Release.version == version)).first()
    release = locked(session, Release, found) if found else None
    owner = session.get(Dataset, dataset)
    if release is None or owner is None:
        raise NoSuchThing({"what": "release", "name": f"{dataset[:80]}/v{version}"})
    if release.state not in states:
        raise NotPublished({"dataset": dataset, "version": version, "state": release.state})
    return release, owner


def _amended_record(release: Release, dataset: Dataset, words: Words, access: str) -> bytes:
    """Put the words on a copy of the dataset and take from it what a record says."""
    copy = spoken(dataset, {})
    old = ReleaseRecord.parse(release.record.encode())
    for member in ("title", "reading", "description", "licence", "period", "area", "contact"):
        setattr(copy, member, getattr(old, member))
    copy.themes, copy.keywords = list(old.themes), list(old.keywords)
    say(copy, words)
    changed: Mapping[str, object] = {
        member: getattr(copy, member)
        for member in (
            "title",
            "reading",
            "description",
            "licence",
            "themes",
            "keywords",
            "period",
            "area",
            "contact",
        )
    }
    return ReleaseRecord.of({**old.model_dump(), **changed, "access": access}).canonical()


def _need(member: str, text: str, limit: int) -> str:
    clean = clean_text(member, text, limit)
    if not clean:
        raise BadWords({"member": member, "why": f"1–{limit}"})
    return clean
