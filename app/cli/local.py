"""Work that a command starts on this machine: who acts, who does the jobs, and waiting for their end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar, cast

from sqlmodel import Session
from tqdm import tqdm

from app.cli import told
from app.db.catalogue import Change, Inscription, Release, ReleaseState
from app.db.engine import transaction
from app.db.keys import KeyChange
from app.jobs.slot import WorkerRuns
from app.policy import Actor, Role
from app.services import accounts, agencies
from app.services.drafts import Staged
from app.services.intake import take
from app.wiring import Portal
from app.workshop import working

T = TypeVar("T")
LOCAL = "local"
PATIENCE_SECONDS = 600
_POLL_SECONDS = 0.03
_ASK_SECONDS = 2.0
_RECENT = 100


def acting(session: Session, email: str | None) -> Actor:
    """Return who acts: the account of `email`, or the person at this machine's shell, whom its files obey anyway."""
    if email:
        return accounts.actor_of(session, accounts.by_email(session, email))
    everywhere = {agency.slug: frozenset({Role.UPLOADER, Role.ADMIN}) for agency in agencies.all_agencies(session)}
    return Actor(LOCAL, "local shell", everywhere, is_operator=True)


@contextmanager
def jobs_done_by_someone(portal: Portal) -> Iterator[None]:
    """Be the worker while the block lasts, unless one runs on this data folder already."""
    try:
        with working(portal):
            yield
    except WorkerRuns:
        yield


def stage(portal: Portal, path: Path, name: str) -> Staged:
    """Copy a file into staging with a progress bar on a terminal, hashing on the way."""
    total = path.stat().st_size
    portal.staging.require_space(total)
    with (
        path.open("rb") as source,
        tqdm.wrapattr(source, "read", total=total, desc=name, unit="B", unit_scale=True, disable=None) as read,
    ):
        return take(portal.staging, cast("IO[bytes]", read), name)


def await_release(portal: Portal, release_id: str) -> Release:
    """Return the release once it is published. Raises told.Trouble when the job failed or takes too long."""

    def look(session: Session) -> Release | None:
        release = session.get_one(Release, release_id)
        return release if release.state == ReleaseState.PUBLISHED.value else None

    return _await(portal, look, f"publish:{release_id}")


def await_change(portal: Portal, change_id: str) -> Change:
    """Return the change once it is inscribed. Raises as `await_release`."""

    def look(session: Session) -> Change | None:
        change = session.get_one(Change, change_id)
        return change if change.state == "inscribed" else None

    with transaction(portal.engine) as session:
        kind = session.get_one(Change, change_id).type
    return _await(portal, look, f"{'erase' if kind == 'erase' else 'change'}:{change_id}")


def await_key(portal: Portal, slug: str) -> int:
    """Return the log index of an agency's add-key statement once it is there. Raises as `await_release`."""
    return await_inscription(portal, f"key-{slug}", f"add-key:{slug}")


def await_key_change(portal: Portal, change_id: str) -> int:
    """Return the log index of a key's statement once its change is done. Raises as `await_release`."""

    def look(session: Session) -> int | None:
        change = session.get_one(KeyChange, change_id)
        return change.log_index if change.done_at else None

    return _await(portal, look, f"key:{change_id}")


def await_inscription(portal: Portal, inscription: str, job: str) -> int:
    """Return the log index of what `job` inscribes once it is there. Raises as `await_release`."""

    def look(session: Session) -> int | None:
        row = session.get(Inscription, inscription)
        return row.log_index if row else None

    return _await(portal, look, job)


def await_index(portal: Portal) -> None:
    """Return when no change waits for the index, or after a while: the index follows by itself."""
    from app.services.searching import is_current

    end = time.monotonic() + PATIENCE_SECONDS / 10
    while time.monotonic() < end:
        with transaction(portal.engine) as session:
            if is_current(session):
                return
        time.sleep(_POLL_SECONDS)


def _await(portal: Portal, look: Callable[[Session], T | None], job: str) -> T:
    begun, asked = time.monotonic(), 0.0
    while time.monotonic() < begun + PATIENCE_SECONDS:
        with transaction(portal.engine) as session:
            found = look(session)
        if found is not None:
            return found
        if time.monotonic() - asked > _ASK_SECONDS:
            asked = time.monotonic()
            _check_not_failed(portal, job)
        time.sleep(_POLL_SECONDS)
    raise told.Trouble(f"{job} takes long; it goes on by itself  → ishibumi doctor", told.TRY_AGAIN)


def _check_not_failed(portal: Portal, job: str) -> None:
    for view in portal.jobs.recent(_RECENT):
        if view.id == job and view.state == "failed":
            raise told.Trouble(f"{job}: {view.problem}  → ishibumi doctor", told.FAILED)
