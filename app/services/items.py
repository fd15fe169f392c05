"""The objects that API v1 and the CLI's `--json` give: made in one place, so that they are the same."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, ReleaseFile, StatementRow
from archive.records.statements import format_time


def dataset_url(base: str, name: str) -> str:
    """Return the address of a dataset's page."""
    return f"{base}/datasets/{name}"


def file_url(base: str, dataset: str, version: int, path: str) -> str:
    """Return the address of a file's bytes, for ever."""
    return f"{base}/datasets/{dataset}/v{version}/files/{quote(path)}"


def evidence_url(base: str, dataset: str, version: int, path: str) -> str:
    """Return the address of a file's evidence bundle."""
    return f"{base}/datasets/{dataset}/v{version}/evidence/{quote(path)}"


def dataset_item(dataset: Dataset, *, host: str, base: str, doubtful: bool = False) -> dict[str, Any]:
    """Return a dataset for machines; `doubtful` is said of its latest release."""
    return {
        "name": dataset.name,
        "identifier": f"{host}/{dataset.name}",
        "title": dataset.title,
        "description": dataset.description,
        "agency": dataset.agency,
        "licence": dataset.licence,
        "themes": dataset.themes,
        "keywords": dataset.keywords,
        "latest_version": dataset.latest_version or None,
        "releases": dataset.releases,
        "published_at": format_time(dataset.published_at) if dataset.published_at else None,
        "updated_at": format_time(dataset.updated_at) if dataset.updated_at else None,
        "state": dataset.state,
        "doubtful": doubtful,
        "url": dataset_url(base, dataset.name),
    }


def closed_item(release: Release, *, base: str, doubtful: bool = False) -> dict[str, Any]:
    """Return what everybody may know of a restricted release: that it is there, since when, and where in the log."""
    return {**release_item(release, (), base=base, doubtful=doubtful), "kind": None, "note": {}}


def release_item(
    release: Release, files: Sequence[ReleaseFile], *, base: str, doubtful: bool = False
) -> dict[str, Any]:
    """Return a release for machines; a withdrawn one keeps its hashes and says so."""
    version = release.version or 0
    return {
        "id": release.id,
        "dataset": release.dataset,
        "version": release.version,
        "published_at": format_time(release.published_at) if release.published_at else None,
        "kind": release.kind,
        "note": release.note,
        "state": release.state,
        "access": None if release.state == "erased" else release.access,
        "single_person": release.single_person,
        "doubtful": doubtful,
        "log_index": release.log_index,
        "leaf_hash": release.leaf_hash or None,
        "tombstone": release.tombstone or None,
        "url": f"{dataset_url(base, release.dataset)}/v{version}",
        "files": [
            {
                "path": file.path,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "media_type": file.media_type,
                "encoding": file.encoding,
                "url": file_url(base, release.dataset, version, file.path),
                "evidence_url": evidence_url(base, release.dataset, version, file.path),
            }
            for file in files
        ],
    }


def agency_item(agency: Agency, *, base: str) -> dict[str, Any]:
    """Return an agency for machines."""
    return {"slug": agency.slug, "title": agency.title, "url": f"{base}/agencies/{agency.slug}"}


def statement_item(row: StatementRow) -> dict[str, Any]:
    """Return a statement of the log for machines."""
    found: dict[str, Any] = {
        "index": row.log_index,
        "type": row.type,
        "agency": row.agency,
        "time": format_time(row.time),
        "leaf_hash": row.leaf_hash,
    }
    if row.dataset is not None:
        found["dataset"] = row.dataset
    if row.version is not None:
        found["version"] = row.version
    return found
