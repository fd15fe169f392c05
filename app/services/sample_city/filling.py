"""Brings a node to the sample city, one step of each dataset at a time, through the same use cases as everybody.

What is done is read from the database each time, so a run that was killed is simply run again.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app.db.accounts import Agency
from app.db.catalogue import Change, Dataset, Inscription, Release, ReleaseState
from app.db.engine import transaction
from app.policy import Actor
from app.ports import Clock, JobQueue
from app.services import accounts, agencies, changes, drafts
from app.services.intake import take
from app.services.sample_city import content, people
from app.services.sample_city.shapes import Amend, Publish, SampleDataset, Step, Withdraw
from app.services.searching import is_current
from archive.store.staging import Staging

_MOST_FILES = 100


@dataclass(frozen=True)
class _Next:
    """The first step of a dataset that is not done, and what there is of it already."""

    step: Step
    release: Release | None = None
    change: Change | None = None


@dataclass(frozen=True)
class Filler:
    """Owns nothing but the order; everything durable is in the node."""

    engine: sa.Engine
    jobs: JobQueue
    staging: Staging
    clock: Clock
    host: str
    plan: Sequence[SampleDataset] = field(default_factory=content.datasets)

    def found_city(self) -> None:
        """Make the agencies that are missing; their keys follow as jobs."""
        founder = Actor("sample-city", "sample city", is_operator=True)
        for agency in content.AGENCIES:
            with transaction(self.engine) as session:
                if session.get(Agency, agency.slug) is None:
                    agencies.add_agency(
                        session,
                        self.jobs,
                        founder,
                        slug=agency.slug,
                        title=dict(agency.title),
                        approvals=agency.approvals,
                        now=self.clock.now(),
                    )

    def advance(self) -> int:
        """Do whatever can be done now and return how many datasets are not finished; 0 is the end.

        Expects the accounts of `people.settle`. Datasets whose last step a job still works on are left to it.
        """
        with transaction(self.engine) as session:
            ready = {agency.slug for agency in content.AGENCIES if _has_key(session, agency.slug)}
            left = self._left(session)
        for dataset, following in left:
            if dataset.agency in ready:
                self._do(dataset, following)
        return len(left)

    def finished(self) -> bool:
        """Return whether every step is done and in the index."""
        with transaction(self.engine) as session:
            return not self._left(session) and is_current(session)

    def _left(self, session: Session) -> list[tuple[SampleDataset, _Next]]:
        names = [dataset.name for dataset in self.plan]
        releases: dict[str, list[Release]] = {name: [] for name in names}
        for release in session.exec(select(Release).where(col(Release.dataset).in_(names))):
            releases[release.dataset].append(release)
        changed = list(session.exec(select(Change)))
        found = ((dataset, _next(dataset, releases[dataset.name], changed)) for dataset in self.plan)
        return [(dataset, following) for dataset, following in found if following is not None]

    def _do(self, dataset: SampleDataset, following: _Next) -> None:
        release, change, step = following.release, following.change, following.step
        if isinstance(step, Publish) and release is None:
            self._publish(dataset, step)
        elif release is not None and release.state == ReleaseState.SUBMITTED.value:
            with transaction(self.engine) as session:
                approver = _actor(session, people.APPROVER)
                drafts.approve(session, self.jobs, approver, release.id, release.body_sha256, now=self.clock.now())
        elif change is not None and change.state == "requested":
            with transaction(self.engine) as session:
                approver = _actor(session, people.APPROVER)
                changes.approve_change(session, self.jobs, approver, change.id, now=self.clock.now())
        elif isinstance(step, Amend | Withdraw) and change is None:
            self._change(dataset, step)

    def _publish(self, dataset: SampleDataset, step: Publish) -> None:
        """Dataset, draft and submission are one transaction; bytes staged before a crash are swept as abandoned."""
        staged = [take(self.staging, io.BytesIO(whole), path) for path, whole in step.files.items()]
        now = self.clock.now()
        with transaction(self.engine) as session:
            uploader = _actor(session, people.UPLOADER)
            if session.get(Dataset, dataset.name) is None:
                drafts.create_dataset(
                    session, uploader, name=dataset.name, agency=dataset.agency, words=dataset.words, now=now
                )
            release = drafts.start_release(
                session, uploader, dataset=dataset.name, kind=step.kind, note=step.note, now=now
            )
            drafts.reword(session, uploader, release.id, step.words)
            for file in staged:
                drafts.add_file(session, uploader, release.id, file, most=_MOST_FILES)
            drafts.submit(session, self.jobs, uploader, release.id, origin=self.host, now=now)

    def _change(self, dataset: SampleDataset, step: Amend | Withdraw) -> None:
        with transaction(self.engine) as session:
            uploader, now = _actor(session, people.UPLOADER), self.clock.now()
            if isinstance(step, Amend):
                changes.request_amendment(
                    session,
                    self.jobs,
                    uploader,
                    dataset=dataset.name,
                    version=step.version,
                    words=step.words,
                    reason=step.reason,
                    now=now,
                )
            else:
                changes.request_withdrawal(
                    session,
                    self.jobs,
                    uploader,
                    dataset=dataset.name,
                    version=step.version,
                    ground=step.ground,
                    law=step.law,
                    reason=step.reason,
                    now=now,
                )


def counts(engine: sa.Engine) -> tuple[int, int]:
    """Return how many datasets and releases are published here, withdrawn ones included."""
    shown = (ReleaseState.PUBLISHED.value, ReleaseState.WITHDRAWN.value)
    with transaction(engine) as session:
        datasets = session.exec(select(func.count()).select_from(Dataset).where(Dataset.state != "draft")).one()
        releases = session.exec(select(func.count()).select_from(Release).where(col(Release.state).in_(shown))).one()
    return datasets, releases


def _has_key(session: Session, agency: str) -> bool:
    row = session.get(Inscription, f"key-{agency}")
    return row is not None and row.log_index is not None


def _next(dataset: SampleDataset, releases: Sequence[Release], changed: Sequence[Change]) -> _Next | None:
    """Return the first step that is not done; steps are told by version, changes by version and reason."""
    by_version = {release.version: release for release in releases if release.version is not None}
    version = 0
    for step in dataset.steps:
        if isinstance(step, Publish):
            version += 1
            release = by_version.get(version)
            if release is None or release.state in (ReleaseState.SUBMITTED.value, ReleaseState.APPROVED.value):
                return _Next(step, release=release)
        else:
            of = by_version[step.version].id
            change = next((row for row in changed if row.release_id == of and row.reason == step.reason), None)
            if change is None or change.state != "inscribed":
                return _Next(step, change=change)
    return None


def _actor(session: Session, email: str) -> Actor:
    return accounts.actor_of(session, accounts.by_email(session, email))
