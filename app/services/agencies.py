"""Agencies: made by an operator; their key is made, sealed and added to the log by a job."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from app.db.accounts import Agency
from app.policy import Action, Actor, require
from app.ports import Job, JobQueue
from app.services.accounts import record
from app.services.errors import BadWords, NameTaken, NoSuchThing
from app.services.words import title_texts
from archive.records.names import check_agency_slug


def add_agency(
    session: Session,
    jobs: JobQueue,
    actor: Actor,
    *,
    slug: str,
    title: dict[str, str],
    approvals: int,
    now: datetime,
) -> Agency:
    """Return a new agency; its signing key follows as a job of the same transaction.

    Raises:
        NotAllowed: only an operator makes agencies.
        BadAgencySlug, NameTaken, BadWords.

    """
    require(actor, Action.MANAGE_NODE, None)
    check_agency_slug(slug)
    if session.get(Agency, slug) is not None:
        raise NameTaken({"what": "agency", "name": slug})
    if approvals not in (1, 2):
        raise BadWords({"member": "approvals", "why": "1, 2"})
    if not title or not all(text.strip() for text in title.values()):
        raise BadWords({"member": "title", "why": "ja, en, zh-Hant"})
    agency = Agency(slug=slug, title=title_texts(title), approvals=approvals, created_at=now)
    session.add(agency)
    try:
        session.flush()
    except IntegrityError as at_once:
        raise NameTaken({"what": "agency", "name": slug}) from at_once
    jobs.enqueue(session, Job.ADD_KEY, slug)
    record(session, actor.label, "agency.added", slug, now, approvals=str(approvals))
    return agency


def get(session: Session, slug: str) -> Agency:
    """Return the agency. Raises NoSuchThing."""
    agency = session.get(Agency, slug)
    if agency is None:
        raise NoSuchThing({"what": "agency", "name": slug[:80]})
    return agency


def all_agencies(session: Session) -> list[Agency]:
    """Return every agency by slug."""
    return list(session.exec(select(Agency).order_by(Agency.slug)))
