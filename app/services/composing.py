"""What exactly will be said: metadata record, manifest, openings and body of a release, fixed at submit."""

import hashlib
import json
from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, ReleaseFile
from app.services.words import spoken
from archive.records import base64_strict, jcs, manifest
from archive.records.commit import commitment, new_salt
from archive.records.metadata import FileRecord, ReleaseRecord, SubmitterRecord
from archive.records.rowtree import Rows

OPENINGS_FORMAT = 1


def fix(
    session: Session,
    release: Release,
    dataset: Dataset,
    agency: Agency,
    files: Sequence[ReleaseFile],
    *,
    origin: str,
    role: str,
) -> None:
    """Set record, openings, body and body digest of `release`; called once per submit, with fresh salts.

    Raises:
        BadRecord, NotJson, TooLarge: the words cannot be a record that is read again when the release is shown.

    """
    record = _record(release, spoken(dataset, release.words), agency, files, origin=origin, role=role)
    record_bytes = record.canonical()
    ReleaseRecord.parse(record_bytes)
    seeds = {file.path: base64_strict.decode(file.row_tree["seed"], 32) for file in files if file.row_tree is not None}
    tree = manifest.build([_digest(file) for file in files], seeds)
    salt = new_salt()
    body: dict[str, object] = {
        "dataset": dataset.name,
        "version": release.version,
        "manifest": base64_strict.encode(tree.commitment),
        "metadata": base64_strict.encode(commitment("metadata", salt, record_bytes)),
        "files": len(files),
        "bytes": sum(file.bytes for file in files),
        "licence": record.licence,
    }
    previous = latest_published(session, dataset.name)
    if previous is not None and previous.log_index is not None:
        body["supersedes"] = previous.log_index
    release.record = record_bytes.decode()
    release.openings = json.dumps(
        {"v": OPENINGS_FORMAT, "manifest": tree.to_json(), "metadata": {"salt": base64_strict.encode(salt)}}
    )
    body_bytes = jcs.canonical(body)
    release.body = body_bytes.decode()
    release.body_sha256 = hashlib.sha256(body_bytes).hexdigest()


def latest_published(session: Session, dataset: str) -> Release | None:
    """Return the release with the highest number that reached the log, withdrawn or not."""
    return session.exec(
        select(Release)
        .where(Release.dataset == dataset, col(Release.log_index).is_not(None))
        .order_by(col(Release.version).desc())
    ).first()


def _record(
    release: Release,
    dataset: Dataset,
    agency: Agency,
    files: Sequence[ReleaseFile],
    *,
    origin: str,
    role: str,
) -> ReleaseRecord:
    account = commitment("account", new_salt(), release.submitted_by.encode())
    return ReleaseRecord.of(
        {
            "dataset": dataset.name,
            "version": release.version,
            "identifier": f"{origin}/{dataset.name}",
            "title": dataset.title,
            "reading": dataset.reading,
            "description": dataset.description,
            "agency": {"slug": agency.slug, "title": agency.title},
            "licence": dataset.licence,
            "themes": dataset.themes,
            "keywords": dataset.keywords,
            "period": dataset.period,
            "area": dataset.area,
            "contact": dataset.contact,
            "kind": release.kind,
            "note": release.note,
            "access": release.access,
            "single_person": release.single_person,
            "submitted_by": SubmitterRecord(role=role, account=base64_strict.encode(account)),
            "files": [
                FileRecord(
                    path=file.path,
                    original_base64="" if file.original == file.path else base64_strict.encode(file.original.encode()),
                    media_type=file.media_type,
                    bytes=file.bytes,
                    encoding=file.encoding,
                )
                for file in sorted(files, key=lambda file: file.path.encode())
            ],
        }
    )


def _digest(file: ReleaseFile) -> manifest.FileDigest:
    return manifest.FileDigest(
        path=file.path,
        size=file.bytes,
        sha256=bytes.fromhex(file.sha256),
        chunks=file.chunks,
        chunk_root=bytes.fromhex(file.chunk_root),
        rows=Rows.from_json(file.row_tree["rows"]) if file.row_tree is not None else None,
    )
