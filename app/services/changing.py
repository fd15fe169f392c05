"""The saga of an amendment or a withdrawal: commit what is said, inscribe it, show it. Each step can run again."""

import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.catalogue import Change, Dataset, Release, ReleaseState
from app.db.engine import locked_one, transaction
from app.ports import Clock, JobQueue
from app.services import access, names
from app.services.accounts import record
from app.services.inscribing import Scribe
from app.services.names import NODE_USER
from app.services.publishing import META, apply_words, enqueue_index
from archive.objects import layout
from archive.objects.commit import RESERVED, Content, Kept, commit
from archive.objects.root import StorageRoot
from archive.records.metadata import ReleaseRecord

TOMBSTONE = META + "tombstone.json"
AMENDMENT = META + "amendment.json"


@dataclass(frozen=True)
class Changer:
    """Everything the steps need; made once per worker."""

    engine: sa.Engine
    root: StorageRoot
    scribe: Scribe
    jobs: JobQueue
    clock: Clock
    host: str
    node_secret: bytes

    def commit(self, change_id: str) -> None:
        """Write an OCFL version that holds the release's files as they were and what is now said about them."""
        change, release, _ = self._load(change_id)
        if change.state == "inscribed" or release.volume is None or release.ocfl_version is None:
            return
        state: dict[str, Content] = {
            path: Kept(stored.sha256)
            for path, stored in self.root.state(
                layout.object_id(release.dataset, release.volume), release.ocfl_version
            ).items()
            if path not in RESERVED
        }
        commit(
            self.root,
            release.dataset,
            change.id,
            {**state, **_said(change)},
            message=f"{change.type} v{release.version}",
            user=NODE_USER,
            created=change.requested_at,
            path_key=access.path_key(self.node_secret, release.access),
        )

    def inscribe(self, change_id: str) -> None:
        """The statement is a leaf of the log."""
        change, _, dataset = self._load(change_id)
        if change.log_index is not None:
            return
        signer = names.agency_key(self.host, dataset.agency)
        found = self.scribe.inscribe(change_id, change.type, signer, change.body)
        with transaction(self.engine) as session:
            change = session.get_one(Change, change_id)
            change.log_index, change.inscribed_at = found.log_index, found.time
            session.add(change)

    def show(self, change_id: str) -> None:
        """Readers see the new words, or the tombstone; the index follows as a job of the same transaction."""
        with transaction(self.engine) as session:
            change = locked_one(session, Change, change_id)
            if change.state == "inscribed":
                return
            release = locked_one(session, Release, change.release_id)
            dataset = locked_one(session, Dataset, release.dataset)
            if change.type == "withdraw":
                show_withdrawal(session, dataset, release, change)
            else:
                show_amendment(session, dataset, release, change)
            change.state = "inscribed"
            session.add_all([change, release, dataset])
            enqueue_index(session, self.jobs, release, "delete" if change.type == "withdraw" else "upsert")
            record(
                session,
                "worker",
                f"{change.type}.inscribed",
                f"{dataset.name}/v{release.version}",
                self.clock.now(),
            )

    def _load(self, change_id: str) -> tuple[Change, Release, Dataset]:
        with transaction(self.engine) as session:
            change = session.get_one(Change, change_id)
            release = session.get_one(Release, change.release_id)
            return change, release, session.get_one(Dataset, release.dataset)


def show_amendment(session: Session, dataset: Dataset, release: Release, change: Change) -> None:
    """Put the amended words on the release, and on the dataset when this is the latest release that is open.

    A restricted release is opened in this way: its record says so.
    """
    record = ReleaseRecord.parse(change.record.encode())
    release.record, release.access = change.record, record.access
    session.add(release)
    session.flush()
    speak(session, dataset)


def show_withdrawal(session: Session, dataset: Dataset, release: Release, change: Change) -> None:
    """Make the release a tombstone; the newest one still standing is the dataset's latest."""
    body = json.loads(change.body)
    release.state = ReleaseState.WITHDRAWN.value
    release.withdrawn_at = change.inscribed_at
    release.tombstone = {
        "ground": body["ground"]["code"],
        "law": body["ground"]["law"],
        "reason": change.reason,
        "visible_from": body["visible_from"],
        "log_index": str(change.log_index),
    }
    session.add(release)
    session.flush()
    dataset.updated_at = change.inscribed_at
    stand_on_newest(session, dataset)


def stand_on_newest(session: Session, dataset: Dataset) -> None:
    """Make the newest release that still stands the dataset's latest; without one it is withdrawn."""
    standing = session.exec(_newest(dataset, ReleaseState.PUBLISHED)).first()
    if standing is None:
        dataset.state, dataset.latest_version = "withdrawn", 0
        return
    dataset.latest_version = standing.version or 0
    speak(session, dataset)


def speak(session: Session, dataset: Dataset) -> None:
    """Give the dataset the words of its newest open release, one that stands before one that was withdrawn.

    A restricted release has no words for it; without an open one it goes on saying what it says.
    """
    for state in (ReleaseState.PUBLISHED, ReleaseState.WITHDRAWN):
        said = session.exec(_newest(dataset, state).where(Release.access == access.OPEN)).first()
        if said is not None:
            apply_words(dataset, ReleaseRecord.parse(said.record.encode()))
            return


def _newest(dataset: Dataset, state: ReleaseState) -> SelectOfScalar[Release]:
    return (
        select(Release)
        .where(Release.dataset == dataset.name, Release.state == state.value)
        .order_by(col(Release.version).desc())
    )


def _said(change: Change) -> dict[str, Content]:
    opening = json.loads(change.openings)["reason"]
    said = {
        "v": 1,
        "event": change.type,
        "change": change.id,
        "body": json.loads(change.body),
        "reason": opening,
    }
    document = json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
    if change.type == "withdraw":
        return {TOMBSTONE: document}
    return {
        AMENDMENT: document,
        META + "record.json": change.record.encode(),
        META + "openings.json": change.openings.encode(),
    }
