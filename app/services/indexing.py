"""Keeps the index in step with what is published: drains `SearchChange` in its order; builds new generations.

Runs only in the worker, which owns the index's writer. The index is disposable: everything is made again from the
archive's bytes and the rows derived from it.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Lock

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, func, select, update

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, ReleaseFile, ReleaseState, SearchChange
from app.db.engine import transaction
from app.services.access import OPEN
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

MAX_TRIES = 3
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
            while change := self._next():
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
                problems = self._fill(writer, datasets, upto)
            finally:
                writer.close()
            generations.swap(self._searcher.folder, name)
            self._finish_all(upto, problems)
            return len(datasets)

    def forget_old_generations(self) -> None:
        """Take away every index but the current one: after an erasure an old one would still know the words."""
        current = generations.current_generation(self._searcher.folder)
        for folder in self._searcher.folder.iterdir():
            if folder.is_dir() and not folder.is_symlink() and folder != current:
                shutil.rmtree(folder, ignore_errors=True)

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

    def _fill(self, writer: SearchEngine, datasets: list[str], upto: int) -> dict[str, str]:
        """Put everything into a new generation; return what went wrong by dataset: such a one is found by name only."""
        waiting: list[Change] = []
        problems: dict[str, str] = {}
        for dataset in datasets:
            try:
                waiting.extend(list(self._changes(dataset)))
            except Exception as wrong:  # noqa: BLE001 - whatever one dataset does to us, the others must be found
                problems[dataset] = self._told(dataset, wrong)
                waiting.extend(self._names_only(dataset))
            if len(waiting) >= _BATCH:
                writer.apply(waiting, upto=0)
                waiting = []
        writer.apply(waiting, upto=upto)
        return problems

    def _next(self) -> SearchChange | None:
        """Return the oldest change that is not ticked off, whatever the index says it has.

        PostgreSQL gives out `seq` before the commit, so a change can appear after a later one was done; and doing one
        again that a crash left unticked changes nothing.
        """
        with transaction(self._engine) as session:
            return session.exec(
                select(SearchChange).where(col(SearchChange.done_at).is_(None)).order_by(col(SearchChange.seq)).limit(1)
            ).first()

    def _apply(self, writer: SearchEngine, change: SearchChange) -> None:
        """Index one dataset; after `MAX_TRIES` failures by its names only, so that the queue behind it goes on."""
        upto = max(change.seq or 0, writer.checkpoint())
        covered = self._waiting_of(change.dataset)  # read before the dataset is: what is indexed has all of them
        try:
            writer.apply(list(self._changes(change.dataset)), upto=upto)
        except Exception as wrong:  # a defect in a parser must not stop the others: it is told, and tried again
            problem = self._told(change.dataset, wrong)
            if self._count_try(change, problem) < MAX_TRIES:
                raise
            writer.apply(self._names_only(change.dataset), upto=upto)
            self._tick_off(change, problem, covered)
        else:
            self._tick_off(change, "", covered)

    def _names_only(self, dataset: str) -> list[Change]:
        shelf = self._shelf(dataset)
        return [DeleteDataset(dataset), *(Upsert(unit) for unit in (units_of(shelf, ()) if shelf else ()))]

    def _told(self, dataset: str, wrong: Exception) -> str:
        self._log.error("dataset_not_indexed", dataset=dataset, exc_info=wrong)
        return f"{type(wrong).__name__}: {wrong}"[:300]

    def _count_try(self, change: SearchChange, problem: str) -> int:
        with transaction(self._engine) as session:
            row = session.get_one(SearchChange, change.seq)
            row.tries, row.problem = row.tries + 1, problem
            session.add(row)
            return row.tries

    def _waiting_of(self, dataset: str) -> list[int | None]:
        with transaction(self._engine) as session:
            query = select(SearchChange.seq).where(SearchChange.dataset == dataset, col(SearchChange.done_at).is_(None))
            return list(session.exec(query))

    def _tick_off(self, change: SearchChange, problem: str, covered: list[int | None]) -> None:
        """The changes `covered` are in the index; earlier problems of their dataset are over, or this one is known."""
        with transaction(self._engine) as session:
            session.exec(update(SearchChange).where(col(SearchChange.dataset) == change.dataset).values(problem=""))
            for seq in covered:
                row = session.get_one(SearchChange, seq)
                row.done_at, row.problem = datetime.now(UTC), problem
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

    def _finish_all(self, upto: int, problems: dict[str, str]) -> None:
        """Tick off everything up to `upto`, and keep for the operator which datasets could not be read."""
        now = datetime.now(UTC)
        with transaction(self._engine) as session:
            here = col(SearchChange.seq) <= upto
            session.exec(update(SearchChange).where(here, col(SearchChange.done_at).is_(None)).values(done_at=now))
            session.exec(update(SearchChange).where(here).values(problem=""))
            session.add_all(
                SearchChange(dataset=name, version=0, op="upsert", done_at=now, tries=1, problem=problem)
                for name, problem in problems.items()
            )


def _standing(session: Session, dataset: Dataset) -> Release | None:
    """Return the newest open release that stands: of a restricted one the index knows nothing."""
    return session.exec(
        select(Release)
        .where(Release.dataset == dataset.name, Release.state == ReleaseState.PUBLISHED.value, Release.access == OPEN)
        .order_by(col(Release.version).desc())
    ).first()
