"""The publish saga, steps 4 to 6 of a release's life: commit to the archive, inscribe in the log, show.

Each step looks first and then acts, so that it can run again after a crash at any instruction (ARCHITECTURE section 4).
"""

import json
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session, select

from app.db.catalogue import Approval, Dataset, Release, ReleaseFile, ReleaseState, SearchChange
from app.db.engine import locked_one, transaction
from app.ports import Clock, Job, JobQueue
from app.services import access, names
from app.services.accounts import record
from app.services.drafts import files_of
from app.services.inscribing import Inscribed, Scribe
from app.services.names import NODE_USER
from archive.objects.commit import Content, Kept, commit
from archive.objects.root import StorageRoot
from archive.records import base64_strict
from archive.records.commit import commitment
from archive.records.metadata import ReleaseRecord
from archive.store.staging import StagedFile, Staging

META = "meta/"
FILES = "files/"


@dataclass(frozen=True)
class Publisher:
    """Everything the steps need; made once per worker."""

    engine: sa.Engine
    root: StorageRoot
    staging: Staging
    scribe: Scribe
    jobs: JobQueue
    clock: Clock
    host: str
    node_secret: bytes

    def commit(self, release_id: str) -> None:
        """Step 4: the OCFL version with files, record and openings exists, fsynced. Idempotent by release id."""
        with transaction(self.engine) as session:
            release = session.get_one(Release, release_id)
            files = files_of(session, release_id)
            approvals = list(
                session.exec(select(Approval).where(Approval.release_id == release_id).order_by(Approval.account_id))
            )
        if release.volume is not None or release.state != ReleaseState.APPROVED.value:
            return
        made = commit(
            self.root,
            release.dataset,
            release.id,
            {**self._file_contents(files), **meta_contents(release, approvals, self.node_secret)},
            message=f"publish v{release.version}",
            user=NODE_USER,
            created=release.approved_at or self.clock.now(),
            path_key=access.path_key(self.node_secret, release.access),
        )
        with transaction(self.engine) as session:
            release = session.get_one(Release, release_id)
            release.volume, release.ocfl_version = made.volume, made.version
            session.add(release)

    def inscribe(self, release_id: str) -> None:
        """Step 5: the publish statement is a leaf of the log."""
        with transaction(self.engine) as session:
            release = session.get_one(Release, release_id)
            dataset = session.get_one(Dataset, release.dataset)
        if release.log_index is not None or release.state != ReleaseState.APPROVED.value:
            return
        signer = names.agency_key(self.host, dataset.agency)
        found = self.scribe.inscribe(release_id, "publish", signer, release.body)
        with transaction(self.engine) as session:
            release = session.get_one(Release, release_id)
            mark_inscribed(release, found)
            session.add(release)

    def show(self, release_id: str) -> None:
        """Step 6: the release is published for everybody, and its follow-ups are enqueued in the same transaction."""
        with transaction(self.engine) as session:
            release = locked_one(session, Release, release_id)
            if release.state != ReleaseState.APPROVED.value:
                return
            dataset = locked_one(session, Dataset, release.dataset)
            publish_row(dataset, release)
            session.add(release)
            session.add(dataset)
            enqueue_index(session, self.jobs, release, "upsert")
            record(session, "worker", "release.published", f"{dataset.name}/v{release.version}", self.clock.now())

    def tidy(self, release_id: str) -> None:
        """The archive has the bytes: what was staged of them goes. A step of its own, so that it survives a crash."""
        with transaction(self.engine) as session:
            if session.get_one(Release, release_id).log_index is None:
                return
            files = [file for file in files_of(session, release_id) if file.staged]
        for file in files:
            self.staging.discard(file.staged)
        with transaction(self.engine) as session:
            for file in files:
                file.staged = ""
                session.add(file)

    def _file_contents(self, files: list[ReleaseFile]) -> dict[str, Content]:
        """Staged bytes where they are still there, else (a rerun, or unchanged bytes) what the object already holds."""
        contents: dict[str, Content] = {}
        for file in files:
            digest = bytes.fromhex(file.sha256)
            path = self.staging.sealed(file.staged) if file.staged else None
            contents[FILES + file.path] = (
                StagedFile(file.staged, path, file.bytes, digest, file.chunks, bytes.fromhex(file.chunk_root))
                if path
                else Kept(digest)
            )
        return contents


def meta_contents(release: Release, approvals: list[Approval], node_secret: bytes) -> dict[str, Content]:
    """Return what lies under `meta/`: the record, the openings, and how the release was decided.

    The same bytes each time: a rerun of the commit must say what the first one said.
    """
    decided: dict[str, object] = {
        "v": 1,
        "event": "publish",
        "release": release.id,
        "dataset": release.dataset,
        "version": release.version,
        "single_person": release.single_person,
        "approvals": [
            {
                "role": approval.role,
                "account": base64_strict.encode(
                    commitment("account", _salt(node_secret, approval), approval.account_id.encode())
                ),
                "digest": approval.digest,
            }
            for approval in approvals
        ],
    }
    if release.access != access.OPEN:
        decided["access"] = release.access
    return {
        META + "record.json": release.record.encode(),
        META + "openings.json": release.openings.encode(),
        META + "release.json": json.dumps(decided, sort_keys=True).encode(),
    }


def _salt(node_secret: bytes, approval: Approval) -> bytes:
    """Return the salt that hides who approved: told to nobody, and not kept, for the node can always make it again."""
    purpose = f"ishibumi/approval-salt/v1/{approval.release_id}/{approval.account_id}"
    return HKDF(SHA256(), 32, None, purpose.encode()).derive(node_secret)


def mark_inscribed(release: Release, found: Inscribed) -> None:
    """Put on a release where its statement stands; its publication time is the statement's."""
    release.log_index, release.leaf_hash = found.log_index, found.leaf_hash.hex()
    release.published_at = found.time


def publish_row(dataset: Dataset, release: Release) -> None:
    """Make the rows say what the record says: the one place for a fresh release and for `rebuild`."""
    words = ReleaseRecord.parse(release.record.encode())
    release.state = ReleaseState.PUBLISHED.value
    if words.access == access.OPEN:
        apply_words(dataset, words)
    elif dataset.published_at is None:
        access.say_name_only(dataset)
        dataset.licence = words.licence
    dataset.latest_version = words.version
    dataset.releases = max(dataset.releases, words.version)
    dataset.published_at = dataset.published_at or release.published_at
    dataset.updated_at = release.published_at
    dataset.state = "published"


def apply_words(dataset: Dataset, words: ReleaseRecord) -> None:
    """Put a record's words on its dataset."""
    dataset.title, dataset.reading = dict(words.title), words.reading
    dataset.description, dataset.licence = dict(words.description), words.licence
    dataset.themes, dataset.keywords = list(words.themes), list(words.keywords)
    dataset.period, dataset.area, dataset.contact = words.period, words.area, words.contact


def enqueue_index(session: Session, jobs: JobQueue, release: Release, op: str) -> None:
    """Order the index's work in the caller's transaction (SEARCH section 8)."""
    change = SearchChange(dataset=release.dataset, version=release.version or 0, op=op)
    session.add(change)
    session.flush()
    jobs.enqueue(session, Job.INDEX, str(change.seq))
