"""Keeps the index in step with what is published: drains `SearchChange` in its order; builds new generations.

Runs only in the worker, which owns the index's writer. The index is disposable: everything is made again from the
archive's bytes and the rows derived from it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Lock

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, func, select

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, ReleaseFile, ReleaseState, SearchChange
from app.db.engine import transaction
from app.services.drafts import files_of
from app.services.publishing import FILES
from app.services.searching import Searcher
from app.services.units import MAX_TEXT_UNITS, Inside, Shelf, units_of
from archive.formats.sandbox import Limits
from archive.objects import layout
from archive.objects.root import StorageRoot
from search import index as generations
from search.extraction import EXTRACTOR, extract
from search.port import Change, DeleteDataset, SearchEngine, Upsert

_BATCH = 5_000


class Indexer:
    """Owns the index's writer for as long as the worker lives."""

    def __init__(self, engine: sa.Engine, root: StorageRoot, searcher: Searcher, cache: Path, seconds: int) -> None:
        self._engine = engine
        self._root = root
        self._searcher = searcher
        self._texts = cache / "texts"
        self._seconds = seconds
        self._lock = Lock()
        self._writer: SearchEngine | None = None
        self._log = structlog.get_logger("indexing")

    def index(self, _key: str) -> None:
        """Bring every waiting change into the index, in order; running it again finds nothing left to do."""
        with self._lock:
            writer = self._open()
            while change := self._next(writer):
                self._apply(writer, change)

    def rebuild(self) -> int:
        """Build a new generation from what is published, swap it in, and return how many datasets it holds."""
        with self._lock:
            self._close()
            name = generations.generation_name(self._searcher.analyser, self._searcher.kind, datetime.now(UTC))
            folder = self._searcher.folder / name
            with transaction(self._engine) as session:
                datasets = list(
                    session.exec(select(Dataset.name).where(Dataset.state != "draft").order_by(Dataset.name))
                )
                upto = session.exec(select(func.max(SearchChange.seq))).one() or 0
            self._searcher.folder.mkdir(parents=True, exist_ok=True)
            writer = generations.open_engine(self._searcher.kind, folder, self._searcher.analyser, create=True)
            try:
                self._fill(writer, datasets, upto)
            finally:
                writer.close()
            generations.swap(self._searcher.folder, name)
            self._finish_all(upto)
            return len(datasets)

    def close(self) -> None:
        """Give the writer back."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> SearchEngine:
        if self._writer is None:
            if generations.current_generation(self._searcher.folder) is None:
                self._start_generation()
            self._writer = generations.open_current(
                self._searcher.folder, self._searcher.analyser, kind=self._searcher.kind
            )
        return self._writer

    def _start_generation(self) -> None:
        name = generations.generation_name(self._searcher.analyser, self._searcher.kind, datetime.now(UTC))
        self._searcher.folder.mkdir(parents=True, exist_ok=True)
        generations.open_engine(
            self._searcher.kind, self._searcher.folder / name, self._searcher.analyser, create=True
        ).close()
        generations.swap(self._searcher.folder, name)

    def _fill(self, writer: SearchEngine, datasets: list[str], upto: int) -> None:
        waiting: list[Change] = []
        for dataset in datasets:
            waiting.extend(self._changes(dataset))
            if len(waiting) >= _BATCH:
                writer.apply(waiting, upto=0)
                waiting = []
        writer.apply(waiting, upto=upto)

    def _next(self, writer: SearchEngine) -> SearchChange | None:
        """Return the oldest change that is not in the index. One that the index has already is only ticked off."""
        done = writer.checkpoint()
        with transaction(self._engine) as session:
            rows = session.exec(
                select(SearchChange).where(col(SearchChange.done_at).is_(None)).order_by(col(SearchChange.seq))
            )
            for row in rows:
                if (row.seq or 0) > done:
                    return row
                row.done_at = datetime.now(UTC)
                session.add(row)
        return None

    def _apply(self, writer: SearchEngine, change: SearchChange) -> None:
        writer.apply(list(self._changes(change.dataset)), upto=change.seq or 0)
        with transaction(self._engine) as session:
            row = session.get_one(SearchChange, change.seq)
            row.done_at = datetime.now(UTC)
            session.add(row)

    def _changes(self, dataset: str) -> Iterator[Change]:
        yield DeleteDataset(dataset)
        shelf = self._shelf(dataset)
        if shelf is not None:
            yield from (Upsert(unit) for unit in units_of(shelf, self._inside(shelf)))

    def _shelf(self, name: str) -> Shelf | None:
        with transaction(self._engine) as session:
            dataset = session.get(Dataset, name)
            if dataset is None or dataset.state == "draft":
                return None
            release = _standing(session, dataset)
            files = files_of(session, release.id) if release else []
            return Shelf(dataset, session.get_one(Agency, dataset.agency), release, files)

    def _inside(self, shelf: Shelf) -> Iterator[tuple[ReleaseFile, Inside]]:
        release, given = shelf.release, 0
        if release is None or release.volume is None or release.ocfl_version is None:
            return
        status: dict[str, str] = {}
        for file in shelf.files:
            stored = self._root.read(
                layout.object_id(release.dataset, release.volume), release.ocfl_version, FILES + file.path
            )
            found, status[file.path] = self._texts_of(stored.path, file)
            for text in found:
                if given >= MAX_TEXT_UNITS:
                    status[file.path] = "partial"
                    break
                given += 1
                yield file, text
        with transaction(self._engine) as session:
            row = session.get_one(Release, release.id)
            row.extraction = status
            session.add(row)

    def _texts_of(self, path: Path, file: ReleaseFile) -> tuple[list[Inside], str]:
        """Return what stands in a file, from the cache where the same bytes were read by the same extractor before."""
        kept = self._texts / f"{file.sha256}-{EXTRACTOR}.ndjson"
        try:
            lines = kept.read_text().splitlines()
            return [Inside(**json.loads(line)) for line in lines[1:]], json.loads(lines[0])["status"]
        except (OSError, ValueError, TypeError, IndexError, KeyError):
            extraction = extract(path, file.path, Limits(wall=self._seconds))
        found = [
            Inside(text.kind, text.text, " ".join(text.columns) if text.kind != "row" else "", dict(text.loc))
            for text in islice(extraction.units, MAX_TEXT_UNITS)
        ]
        status = (
            extraction.status if extraction.status in ("ok", "") else f"{extraction.status} {extraction.reason}".strip()
        )
        self._keep(kept, found, status)
        return found, status

    def _keep(self, kept: Path, found: list[Inside], status: str) -> None:
        """The cache is disposable: written aside and renamed, so that a reader sees all of it or nothing."""
        self._texts.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        with part.open("w") as out:
            out.write(json.dumps({"status": status}) + "\n")
            for text in found:
                out.write(json.dumps(asdict(text), ensure_ascii=True) + "\n")
        part.replace(kept)

    def _finish_all(self, upto: int) -> None:
        with transaction(self._engine) as session:
            rows = session.exec(
                select(SearchChange).where(col(SearchChange.done_at).is_(None), col(SearchChange.seq) <= upto)
            )
            for row in rows:
                row.done_at = datetime.now(UTC)
                session.add(row)


def _standing(session: Session, dataset: Dataset) -> Release | None:
    return session.exec(
        select(Release)
        .where(Release.dataset == dataset.name, Release.state == ReleaseState.PUBLISHED.value)
        .order_by(col(Release.version).desc())
    ).first()
