"""What waits for whom in an agency."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.db.accounts import Account, Membership
from app.db.catalogue import Change, Dataset, Release
from app.policy import Role
from app.services import access, agencies

_OPEN = ("draft", "submitted", "approved")


@dataclass(frozen=True)
class Tasks:
    """Everything that is not finished, the oldest first, and the agencies' datasets."""

    releases: list[tuple[Dataset, Release]]
    changes: list[tuple[Dataset, Release, Change]]
    datasets: list[Dataset]
    opening: frozenset[str]
    """The changes that open a restricted release to everybody."""


def tasks(session: Session, slugs: Sequence[str]) -> Tasks:
    """Return what is open in the agencies `slugs`."""
    inside = col(Dataset.agency).in_(list(slugs))
    open_releases = (
        select(Dataset, Release)
        .join(Release, col(Release.dataset) == col(Dataset.name))
        .where(inside, col(Release.state).in_(_OPEN))
        .order_by(col(Release.created_at))
    )
    waiting = (
        select(Dataset, Release, Change)
        .join(Release, col(Release.dataset) == col(Dataset.name))
        .join(Change, col(Change.release_id) == col(Release.id))
        .where(inside, Change.state == "requested")
        .order_by(col(Change.requested_at))
    )
    changes = [(row[0], row[1], row[2]) for row in session.exec(waiting)]
    return Tasks(
        releases=[(row[0], row[1]) for row in session.exec(open_releases)],
        changes=changes,
        datasets=list(session.exec(select(Dataset).where(inside).order_by(Dataset.name))),
        opening=frozenset(change.id for _, release, change in changes if access.opens(change, release)),
    )


def approvers(session: Session, slug: str) -> list[str]:
    """Return the names of those who may approve in an agency."""
    query = (
        select(Account.name)
        .join(Membership, col(Membership.account_id) == col(Account.id))
        .where(Membership.agency == slug, Membership.role == Role.APPROVER.value, col(Account.disabled_at).is_(None))
    )
    return list(session.exec(query.order_by(Account.name)))


def needs_two(session: Session, slug: str) -> bool:
    """Return whether two people are needed to publish in an agency."""
    return agencies.get(session, slug).approvals > 1
