"""Database rows from the archive alone: OCFL objects and the log say everything that is public (ARCHITECTURE rule 1).

Accounts, drafts, tokens and the audit trail are not touched: where they still exist they stay.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from app.db.accounts import Agency
from app.db.catalogue import Approval, Change, Dataset, Release, ReleaseFile, ReleaseState, StatementRow
from app.db.engine import transaction
from app.services.access import NAME_ONLY
from app.services.changing import AMENDMENT, TOMBSTONE, show_amendment, show_withdrawal
from app.services.drafts import to_draft
from app.services.erasing import replay_one, tombstone_words
from app.services.inscribing import statement_row
from app.services.names import agency_slug
from app.services.publishing import META, publish_row
from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.objects import layout
from archive.objects.root import StorageRoot
from archive.records import base64_strict, jcs
from archive.records.manifest import Manifest
from archive.records.metadata import ReleaseRecord
from archive.records.statements import Statement, parse_time


@dataclass(frozen=True)
class Place:
    """One OCFL version of a dataset, and what lies under its `meta/`."""

    volume: int
    ocfl_version: int
    meta: dict[str, str]


@dataclass(frozen=True)
class Rebuilt:
    """What was found; `problems` are statements whose archive object is missing or says something else."""

    agencies: int
    datasets: int
    releases: int
    statements: int
    problems: tuple[str, ...]


class Rebuilder:
    """Reads one archive and its log; the transaction is its own, so that readers see all of it or nothing."""

    def __init__(self, engine: sa.Engine, root: StorageRoot, log: LogReader) -> None:
        self._engine = engine
        self._root = root
        self._log = log
        self._problems: list[str] = []
        self._places: dict[str, list[Place]] = {}

    def run(self) -> Rebuilt:
        """Make every derived row again. Raises ArchiveError when the log itself cannot be read."""
        self._erase_again()
        with transaction(self._engine) as session:
            agencies = self._agencies(session)
            waiting = _forget(session)
            releases = 0
            size = self._log.checkpoint().size
            for index, entry in enumerate(self._log.entries(0, size)):
                statement = read_statement(entry)
                leaf = merkle.leaf_hash(entry)
                session.add(statement_row(index, leaf, statement))
                releases += statement.type == "publish"
                self._retell(session, index, leaf, statement)
            session.flush()
            _wait_again(session, waiting)
            datasets = len({row for row in self._places if self._places[row]})
            return Rebuilt(agencies, datasets, releases, size, tuple(self._problems))

    def _erase_again(self) -> None:
        """Do first what the log says was erased: a restored archive may hold it again, and nothing may show it."""
        for index, entry in enumerate(self._log.entries(0, self._log.checkpoint().size)):
            statement = read_statement(entry)
            if statement.type == "erase":
                replay_one(self._root, index, statement)

    def _retell(self, session: Session, index: int, leaf: bytes, statement: Statement) -> None:
        tell = {
            "publish": self._publish,
            "amend": self._change,
            "withdraw": self._change,
            "erase": self._erased,
        }.get(statement.type)
        if tell is None:
            return
        try:
            with session.begin_nested():
                told = tell(session, index, leaf, statement)
        except (ArchiveError, OSError, LookupError, ValueError, TypeError):
            told = False
        if not told:
            self._problems.append(f"{index}: {statement.type} {statement.body['dataset']} v{statement.body['version']}")

    def _agencies(self, session: Session) -> int:
        count = 0
        for object_id in self._root.objects():
            name, _ = layout.parse_id(object_id)
            if not name.startswith(layout.AGENCY):
                continue
            stored = self._root.read(object_id, self._root.head(object_id), "agency.json")
            found = jcs.parse_canonical(stored.path.read_bytes(), what="agency record")
            count += 1
            if session.get(Agency, found["slug"]) is None:
                created = parse_time("created_at", found["created_at"])
                session.add(
                    Agency(slug=found["slug"], title=found["title"], approvals=found["approvals"], created_at=created)
                )
        session.flush()
        return count

    def _publish(self, session: Session, index: int, leaf: bytes, statement: Statement) -> bool:
        body = statement.body
        place = self._place_of(body["dataset"], body["version"])
        if place is None or not _opens(place, body["manifest"]):
            return False
        if "metadata" not in json.loads(place.meta["openings.json"]):
            return self._publish_erased(session, index, leaf, statement, place)
        record = ReleaseRecord.parse(place.meta["record.json"].encode())
        decided = json.loads(place.meta["release.json"])
        dataset = _dataset(session, record, statement.time)
        session.add(dataset)
        session.flush()
        _make_room(session, decided["release"], dataset.name, record.version)
        release = Release(
            id=decided["release"],
            dataset=dataset.name,
            version=record.version,
            kind=record.kind,
            note=dict(record.note),
            created_by="",
            edited_by="",
            created_at=statement.time,
            single_person=record.single_person,
            access=record.access,
            record=place.meta["record.json"],
            openings=place.meta["openings.json"],
            body=jcs.canonical(dict(body)).decode(),
            published_at=statement.time,
            log_index=index,
            leaf_hash=leaf.hex(),
            volume=place.volume,
            ocfl_version=place.ocfl_version,
        )
        publish_row(dataset, release)
        session.add(release)
        session.flush()
        session.add_all(_files(release, record, Manifest.from_json(json.loads(release.openings)["manifest"])))
        session.add(dataset)
        session.flush()
        return True

    def _publish_erased(self, session: Session, index: int, leaf: bytes, statement: Statement, place: Place) -> bool:
        """Tell a release of which the log and the place in the archive are left."""
        body = statement.body
        decided = json.loads(place.meta["release.json"])
        agency = agency_slug(statement.agency) or ""
        dataset = session.get(Dataset, body["dataset"]) or Dataset(
            name=body["dataset"],
            agency=agency,
            title={NAME_ONLY: body["dataset"]},
            licence=body["licence"],
            created_at=statement.time,
        )
        dataset.published_at = dataset.published_at or statement.time
        dataset.updated_at, dataset.releases = statement.time, max(dataset.releases, body["version"])
        if dataset.state == "draft":
            dataset.state = "withdrawn"
        session.add(dataset)
        session.flush()
        _make_room(session, decided["release"], dataset.name, body["version"])
        session.add(
            Release(
                id=decided["release"],
                dataset=dataset.name,
                version=body["version"],
                state=ReleaseState.ERASED.value,
                created_by="",
                edited_by="",
                created_at=statement.time,
                single_person=decided["single_person"],
                access=decided.get("access", "open"),
                body=jcs.canonical(dict(body)).decode(),
                published_at=statement.time,
                log_index=index,
                leaf_hash=leaf.hex(),
                volume=place.volume,
                ocfl_version=place.ocfl_version,
            )
        )
        session.flush()
        return True

    def _erased(self, session: Session, index: int, _leaf: bytes, statement: Statement) -> bool:
        body = statement.body
        release = session.exec(
            select(Release).where(Release.dataset == body["dataset"], Release.version == body["version"])
        ).first()
        if release is None:
            return False
        ground, place = body["ground"], self._place_of(body["dataset"], body["version"])
        kept = json.loads(place.meta["openings.json"]).get("erased", []) if place else []
        said: dict[str, str] = next((each for each in reversed(kept) if each["ground"] == dict(ground)), {})
        if "files" not in body:
            release.state = ReleaseState.ERASED.value
        words = tombstone_words(ground["code"], ground["law"], said.get("reason", ""), index)
        release.tombstone = {**release.tombstone, **words}
        session.add(release)
        return True

    def _change(self, session: Session, index: int, _leaf: bytes, statement: Statement) -> bool:
        body = statement.body
        name = (TOMBSTONE if statement.type == "withdraw" else AMENDMENT).removeprefix(META)
        for place in self._places_of(body["dataset"]):
            said = json.loads(place.meta.get(name, "{}"))
            if said.get("body") == dict(body):
                return self._show(session, index, statement, place, said)
        return statement.type == "amend" and _is_erased(session, body)

    def _show(self, session: Session, index: int, statement: Statement, place: Place, said: dict[str, object]) -> bool:
        body = statement.body
        decided = json.loads(place.meta["release.json"])
        release = session.get(Release, decided["release"])
        if release is None:
            return False
        dataset = session.get_one(Dataset, release.dataset)
        opening = said["reason"]
        change = Change(
            id=str(said["change"]),
            release_id=release.id,
            type=statement.type,
            state="inscribed",
            requested_by="",
            requested_at=statement.time,
            reason=opening["value"] if isinstance(opening, dict) else "",
            law=body.get("ground", {}).get("law", ""),
            ground=body.get("ground", {}).get("code", ""),
            record=place.meta["record.json"] if statement.type == "amend" else "",
            body=jcs.canonical(dict(body)).decode(),
            log_index=index,
            inscribed_at=statement.time,
        )
        if statement.type == "withdraw":
            show_withdrawal(session, dataset, release, change)
        else:
            show_amendment(session, dataset, release, change)
        session.add_all([change, release, dataset])
        session.flush()
        return True

    def _place_of(self, dataset: str, version: int) -> Place | None:
        """Return the first OCFL version of a release: the one its publish statement speaks of."""
        for place in self._places_of(dataset):
            if json.loads(place.meta.get("release.json", "{}")).get("version") == version:
                return place
        return None

    def _places_of(self, dataset: str) -> list[Place]:
        if dataset not in self._places:
            self._places[dataset] = list(self._read_places(dataset))
        return self._places[dataset]

    def _read_places(self, dataset: str) -> Iterator[Place]:
        for object_id in self._root.volumes(dataset):
            _, volume = layout.parse_id(object_id)
            for version in range(1, self._root.head(object_id) + 1):
                try:
                    meta = {
                        path.removeprefix(META): stored.path.read_text()
                        for path, stored in self._root.state(object_id, version).items()
                        if path.startswith(META)
                    }
                except (ArchiveError, OSError, ValueError):
                    continue  # the statement that speaks of it is told as a problem; the other versions are well
                yield Place(volume, version, meta)


def _is_erased(session: Session, body: Mapping[str, Any]) -> bool:
    """Tell whether an amendment's words went with the release that they were about."""
    here = (Release.dataset == body["dataset"], Release.version == body["version"])
    return session.exec(select(Release.state).where(*here)).first() == ReleaseState.ERASED.value


def _forget(session: Session) -> list[Change]:
    """Drop what is derived; drafts stay, and the changes that are not in the log yet are returned."""
    public = select(Release.id).where(col(Release.log_index).is_not(None))
    waiting = list(session.exec(select(Change).where(Change.state != "inscribed")))
    session.expunge_all()
    for table, column in (
        (ReleaseFile, ReleaseFile.release_id),
        (Approval, Approval.release_id),
        (Change, Change.release_id),
    ):
        session.exec(delete(table).where(col(column).in_(public)))
    session.exec(delete(Release).where(col(Release.log_index).is_not(None)))
    session.exec(delete(StatementRow))
    for dataset in session.exec(select(Dataset)):
        dataset.state, dataset.latest_version, dataset.releases = "draft", 0, 0
        dataset.published_at = dataset.updated_at = None
        session.add(dataset)
    session.flush()
    return waiting


def _wait_again(session: Session, waiting: list[Change]) -> None:
    """Put back the changes that still wait: of a release that stands, and not found in the log meanwhile."""
    for change in waiting:
        release = session.get(Release, change.release_id)
        if release and release.state == ReleaseState.PUBLISHED.value and session.get(Change, change.id) is None:
            session.add(Change(**change.model_dump()))
    session.flush()


def _make_room(session: Session, release_id: str, dataset: str, version: int) -> None:
    """Take away the row of a release that was on its way.

    Another one, to which an older database gave the same number, becomes a draft again.
    """
    for table in (ReleaseFile, Approval):
        session.exec(delete(table).where(col(table.release_id) == release_id))
    session.exec(delete(Release).where(col(Release.id) == release_id))
    for other in session.exec(select(Release).where(Release.dataset == dataset, Release.version == version)):
        session.exec(delete(Approval).where(col(Approval.release_id) == other.id))
        to_draft(other)
        session.add(other)
    session.flush()


def _opens(place: Place, expected: str) -> bool:
    """Return whether what lies in the archive is what the log committed to."""
    tree = Manifest.from_json(json.loads(place.meta["openings.json"])["manifest"])
    return base64_strict.encode(tree.commitment) == expected


def _dataset(session: Session, record: ReleaseRecord, moment: datetime) -> Dataset:
    return session.get(Dataset, record.dataset) or Dataset(
        name=record.dataset, agency=record.agency.slug, title=dict(record.title), created_at=moment
    )


def _files(release: Release, record: ReleaseRecord, tree: Manifest) -> Iterator[ReleaseFile]:
    digests = {digest.path: digest for digest in (leaf.digest() for _, leaf in tree.opened)}
    for file in record.files:
        if file.path not in digests:  # erased
            continue
        digest = digests[file.path]
        original = base64_strict.decode(file.original_base64).decode() if file.original_base64 else file.path
        yield ReleaseFile(
            release_id=release.id,
            path=file.path,
            original=original,
            media_type=file.media_type,
            encoding=file.encoding,
            bytes=digest.size,
            sha256=digest.sha256.hex(),
            chunks=digest.chunks,
            chunk_root=digest.chunk_root.hex(),
        )
