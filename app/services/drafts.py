"""From nothing to "approved": datasets, drafts, files, submit, approve, return. Publication follows as a job."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, func, select

from app.db.accounts import Agency
from app.db.catalogue import Approval, Dataset, Release, ReleaseFile, ReleaseState
from app.db.engine import locked
from app.policy import SCOPE_PUBLISH, Action, Actor, Role, allows, require
from app.ports import Job, JobQueue
from app.services import access as classes
from app.services import agencies, composing
from app.services.accounts import record
from app.services.errors import (
    AnotherWaits,
    BadWords,
    DraftChanged,
    NameTaken,
    NoSuchThing,
    NotADraft,
    NothingToPublish,
    TitleNeeded,
    TooManyFiles,
)
from app.services.words import KINDS, Words, given_words, note_texts, say, spoken
from archive.objects.commit import MAX_FILES
from archive.records.names import check_dataset_name, check_set, normalise

_ON_ITS_WAY = (ReleaseState.SUBMITTED.value, ReleaseState.APPROVED.value)


@dataclass(frozen=True)
class Staged:
    """A file whose bytes lie durably in staging, with everything that was computed while they came in."""

    name: str
    staged: str
    size: int
    sha256: bytes
    chunks: int
    chunk_root: bytes
    media_type: str
    encoding: str | None
    row_tree: dict[str, Any] | None = None


def create_dataset(session: Session, actor: Actor, *, name: str, agency: str, words: Words, now: datetime) -> Dataset:
    """Return a new dataset without releases. Raises NotAllowed, BadDatasetName, NameTaken, TitleNeeded, BadWords."""
    owner = agencies.get(session, agency)
    require(actor, Action.EDIT_DRAFT, owner.slug)
    check_dataset_name(name)
    if session.get(Dataset, name) is not None:
        raise NameTaken({"what": "dataset", "name": name})
    if not any(text.strip() for text in words.title.values()):
        raise TitleNeeded
    dataset = Dataset(name=name, agency=owner.slug, title={}, created_at=now)
    say(dataset, words)
    session.add(dataset)
    try:
        session.flush()
    except IntegrityError as at_once:
        raise NameTaken({"what": "dataset", "name": name}) from at_once
    record(session, actor.label, "dataset.created", name, now)
    return dataset


def reword(session: Session, actor: Actor, release_id: str, words: Words) -> Release:
    """Put words into a draft. A dataset that is published keeps its own until this release is shown.

    Raises:
        NoSuchThing, NotAllowed, NotADraft, BadWords.

    """
    release, dataset = open_draft(session, actor, release_id)
    if dataset.state == "draft":
        say(dataset, words)
        session.add(dataset)
    else:
        said = {**release.words, **given_words(words)}
        spoken(dataset, said)
        release.words = said
    release.edited_by = actor.account_id
    session.add(release)
    return release


def describe(
    session: Session,
    actor: Actor,
    release_id: str,
    *,
    kind: str,
    note: Mapping[str, str],
    words: Words,
    access: str | None = None,
) -> Release:
    """Put the declared kind, the note on what changed, the words and the access class into a draft.

    Raises as `reword`.
    """
    release = reword(session, actor, release_id, words)
    release.access = release.access if access is None else classes.checked(access)
    if release.kind != "first":
        if kind not in KINDS:
            raise BadWords({"member": "kind", "why": ", ".join(KINDS)})
        release.kind = kind
    release.note = note_texts(note)
    session.add(release)
    return release


def spoken_dataset(dataset: Dataset, release: Release) -> Dataset:
    """Return the dataset as it will speak once this release is shown: what an approver approves."""
    on_its_way = release.state in (ReleaseState.DRAFT.value, *_ON_ITS_WAY)
    return spoken(dataset, release.words) if on_its_way else dataset


def start_release(
    session: Session,
    actor: Actor,
    *,
    dataset: str,
    kind: str,
    note: Mapping[str, str],
    now: datetime,
    access: str | None = None,
) -> Release:
    """Return a new draft, with the access class of the dataset's last release unless one is given.

    A restricted one begins with the words of the restricted release before it, which the dataset does not say.
    Raises NoSuchThing, NotAllowed, BadWords.
    """
    found = _dataset(session, dataset)
    require(actor, Action.EDIT_DRAFT, found.agency)
    first = found.releases == 0
    if not first and kind not in KINDS:
        raise BadWords({"member": "kind", "why": ", ".join(KINDS)})
    chosen = classes.inherited(session, dataset) if access is None else classes.checked(access)
    release = Release(
        dataset=dataset,
        kind="first" if first else kind,
        note=note_texts(note),
        access=chosen,
        words=classes.inherited_words(session, dataset) if chosen == classes.RESTRICTED else {},
        created_by=actor.account_id,
        edited_by=actor.account_id,
        created_at=now,
    )
    session.add(release)
    session.flush()
    return release


def add_file(session: Session, actor: Actor, release_id: str, file: Staged, *, most: int) -> ReleaseFile:
    """Put a staged file into a draft; the same path again replaces the earlier one.

    Raises:
        NoSuchThing, NotAllowed, NotADraft, TooManyFiles.
        ArchiveError: the name cannot be a path (ARC-001 to ARC-007).

    """
    release, _ = open_draft(session, actor, release_id)
    place = normalise(file.name)
    normalise(f"files/{place.path}")  # where it will lie: its path must have room for that
    others = [other for other in files_of(session, release.id) if other.path != place.path]
    limit = min(most, MAX_FILES)
    if len(others) >= limit:
        raise TooManyFiles({"limit": limit})
    check_set([*(other.path for other in others), place.path])
    session.exec(
        delete(ReleaseFile).where(col(ReleaseFile.release_id) == release.id, col(ReleaseFile.path) == place.path)
    )
    row = ReleaseFile(
        release_id=release.id,
        path=place.path,
        original=place.original,
        media_type=file.media_type,
        encoding=file.encoding,
        bytes=file.size,
        sha256=file.sha256.hex(),
        chunks=file.chunks,
        chunk_root=file.chunk_root.hex(),
        staged=file.staged,
        row_tree=file.row_tree,
    )
    session.add(row)
    release.edited_by = actor.account_id
    session.add(release)
    session.flush()
    return row


def remove_file(session: Session, actor: Actor, release_id: str, path: str) -> None:
    """Take a file out of a draft; its staged bytes are swept later. Raises NoSuchThing, NotAllowed, NotADraft."""
    release, _ = open_draft(session, actor, release_id)
    for file in files_of(session, release.id):
        if file.path == path:
            session.delete(file)
            release.edited_by = actor.account_id
            return
    raise NoSuchThing({"what": "file", "name": path[:200]})


def submit(session: Session, jobs: JobQueue, actor: Actor, release_id: str, *, origin: str, now: datetime) -> Release:
    """Fix body, manifest and salts of a draft; where one person is enough, publication follows at once.

    One person is enough in an agency with `approvals` = 1, and for a token with the scope `publish` (a standing
    approval); the record says "single-person" then.

    Raises:
        NothingToPublish, NotADraft, NotAllowed.
        TitleNeeded: the releases before are restricted, and their title is not taken for an open one.
        AnotherWaits: a release of the dataset is submitted or approved already; nothing of this one is lost.

    """
    release, dataset = open_draft(session, actor, release_id)
    agency = agencies.get(session, dataset.agency)
    files = files_of(session, release.id)
    if not files:
        raise NothingToPublish
    if classes.NAME_ONLY in spoken(dataset, release.words).title:
        raise TitleNeeded
    locked(session, Dataset, dataset.name)
    _check_none_waits(session, dataset.name)
    alone = agency.approvals == 1 or (actor.scopes is not None and SCOPE_PUBLISH in actor.scopes)
    release.version = _next_version(session, dataset.name)
    release.submitted_by, release.submitted_at = actor.account_id, now
    release.single_person, release.returned_because = alone, ""
    release.state = ReleaseState.SUBMITTED.value
    composing.fix(session, release, dataset, agency, files, origin=origin, role=_role(actor, agency))
    session.add(release)
    record(session, actor.label, "release.submitted", f"{dataset.name}/v{release.version}", now)
    if alone:
        _approved(session, jobs, release, now)
    session.flush()
    return release


def approve(session: Session, jobs: JobQueue, actor: Actor, release_id: str, digest: str, *, now: datetime) -> Release:
    """Approve a submitted release; its publication follows as a job of the same transaction.

    Raises:
        OwnWork, NotAllowed: the actor may not approve this one.
        DraftChanged: the release is no longer what `digest` (SHA-256 of JCS(body), hex) names.

    """
    release, dataset = _release(session, release_id, lock=True)
    require(actor, Action.APPROVE, dataset.agency, {release.submitted_by, release.edited_by, release.created_by})
    if release.state != ReleaseState.SUBMITTED.value or not secrets.compare_digest(release.body_sha256, digest):
        raise DraftChanged({"dataset": dataset.name})
    session.add(
        Approval(
            release_id=release.id,
            account_id=actor.account_id,
            role=Role.APPROVER.value,
            digest=digest,
            at=now,
        )
    )
    _approved(session, jobs, release, now)
    record(session, actor.label, "release.approved", f"{dataset.name}/v{release.version}", now, digest=digest)
    return release


def take_back(session: Session, actor: Actor, release_id: str, *, because: str, now: datetime) -> Release:
    """Make a submitted release a draft again: by an approver who returns it, or by its own people to edit it.

    Raises:
        NotAllowed, NotADraft: it is approved already and cannot be called back.

    """
    release, dataset = _release(session, release_id, lock=True)
    if not allows(actor, Action.SEE_DRAFTS, dataset.agency):
        raise NoSuchThing({"what": "release", "name": release_id[:32]})
    require(actor, Action.EDIT_DRAFT, dataset.agency)
    if release.state != ReleaseState.SUBMITTED.value:
        raise NotADraft({"state": release.state})
    session.exec(delete(Approval).where(col(Approval.release_id) == release.id))
    to_draft(release)
    release.returned_because = because[:2000]
    session.add(release)
    record(session, actor.label, "release.returned", dataset.name, now, because=because[:200])
    return release


def to_draft(release: Release) -> None:
    """Make a release a draft without a number; nothing of it is fixed any more."""
    release.state, release.version = ReleaseState.DRAFT.value, None
    release.record = release.openings = release.body = release.body_sha256 = ""
    release.approved_at = release.volume = release.ocfl_version = None


def discard(session: Session, actor: Actor, release_id: str, *, now: datetime) -> None:
    """Throw a draft away. Nothing that was published can be thrown away. Raises NotAllowed, NotADraft."""
    release, dataset = open_draft(session, actor, release_id)
    for file in files_of(session, release.id):
        session.delete(file)
    session.flush()
    session.delete(release)
    record(session, actor.label, "release.discarded", dataset.name, now)


def open_draft(session: Session, actor: Actor, release_id: str) -> tuple[Release, Dataset]:
    """Return a draft that the actor may edit. A stranger learns only that there is nothing: NoSuchThing."""
    release, dataset = _release(session, release_id, lock=True)
    if not allows(actor, Action.SEE_DRAFTS, dataset.agency):
        raise NoSuchThing({"what": "release", "name": release_id[:32]})
    require(actor, Action.EDIT_DRAFT, dataset.agency)
    if release.state != ReleaseState.DRAFT.value:
        raise NotADraft({"state": release.state})
    return release, dataset


def look(session: Session, actor: Actor, release_id: str) -> tuple[Release, list[ReleaseFile]]:
    """Return a release of the actor's agency with its files, whatever its state; to strangers it is not there."""
    release, dataset = _release(session, release_id, lock=False)
    if not allows(actor, Action.SEE_DRAFTS, dataset.agency):
        raise NoSuchThing({"what": "release", "name": release_id[:32]})
    return release, files_of(session, release.id)


def files_of(session: Session, release_id: str) -> list[ReleaseFile]:
    """Return the files of a release by path."""
    return list(
        session.exec(select(ReleaseFile).where(ReleaseFile.release_id == release_id).order_by(ReleaseFile.path))
    )


def _approved(session: Session, jobs: JobQueue, release: Release, now: datetime) -> None:
    release.state, release.approved_at = ReleaseState.APPROVED.value, now
    session.add(release)
    session.flush()
    jobs.enqueue(session, Job.PUBLISH, release.id)


def _check_none_waits(session: Session, dataset: str) -> None:
    waiting = session.exec(
        select(Release).where(Release.dataset == dataset, col(Release.state).in_(_ON_ITS_WAY))
    ).first()
    if waiting is not None:
        raise AnotherWaits({"dataset": dataset, "version": waiting.version or 0})


def _next_version(session: Session, dataset: str) -> int:
    """Numbers have no gaps: only one release is on its way at a time, and the caller holds the dataset."""
    highest = session.exec(select(func.max(Release.version)).where(Release.dataset == dataset)).one()
    return (highest or 0) + 1


def _role(actor: Actor, agency: Agency) -> str:
    roles = actor.roles_in(agency.slug)
    for role in (Role.UPLOADER, Role.APPROVER, Role.ADMIN):
        if role in roles:
            return role.value
    return Role.OPERATOR.value


def _dataset(session: Session, name: str) -> Dataset:
    dataset = session.get(Dataset, name)
    if dataset is None:
        raise NoSuchThing({"what": "dataset", "name": name[:80]})
    return dataset


def _release(session: Session, release_id: str, *, lock: bool) -> tuple[Release, Dataset]:
    release = locked(session, Release, release_id) if lock else session.get(Release, release_id)
    if release is None:
        raise NoSuchThing({"what": "release", "name": release_id[:32]})
    return release, _dataset(session, release.dataset)


def body_digest(body: bytes) -> str:
    """Return what an approval binds: SHA-256 of the canonical body, in hex (ARCHITECTURE section 4)."""
    return hashlib.sha256(body).hexdigest()
