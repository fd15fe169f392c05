"""Questions of readers to the index: parsed once, answered by the current generation, joined with the database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from sqlmodel import Session, col, or_, select

from app.db.catalogue import Dataset, Release, ReleaseState, SearchChange
from app.services.access import RESTRICTED
from search import index as generations
from search.analysis import Analyser
from search.diagnostics import Diagnostic
from search.highlight import Segment, highlight
from search.paging import decode_cursor, encode_cursor
from search.port import Bucket, Hit, Node, NoIndex, Request, SearchEngine, Sort
from search.query import narrow, parse
from search.synonyms import Synonyms

FACET_NAMES = ("agency", "format", "licence", "theme", "year")
MAX_LIMIT = 100


@dataclass(frozen=True)
class Question:
    """What a reader asks. `chosen` are facet values; `cursor` comes from the answer before."""

    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str = ""


@dataclass(frozen=True)
class FoundPlace:
    """One place where it was found: the dataset itself, a file, or a row, page, sheet, paragraph inside."""

    kind: str
    path: str
    version: int
    loc: Mapping[str, object]
    segments: tuple[Segment, ...]
    uid: str
    blob_sha256: str


@dataclass(frozen=True)
class Found:
    """A dataset with the best places in it and how many more there are."""

    dataset: Dataset
    title: tuple[Segment, ...]
    places: tuple[FoundPlace, ...]
    more: int


@dataclass(frozen=True)
class Answer:
    """A page of datasets; `next` is the cursor of the following page or empty."""

    total: int
    relation: str
    found: tuple[Found, ...]
    facets: Mapping[str, Sequence[Bucket]]
    diagnostics: Sequence[Diagnostic]
    next: str
    generation: str


class Searcher:
    """A reader of the current index generation; notices by itself when another one was swapped in.

    Owns one open engine. `folder` holds the generations, `kind` names the engine.
    """

    def __init__(self, kind: str, folder: Path, analyser: Analyser) -> None:
        self.kind = kind
        self.folder = folder
        self.analyser = analyser
        self._synonyms = Synonyms.load(analyser)
        self._lock = Lock()
        self._engine: SearchEngine | None = None
        self._generation: Path | None = None

    def ask(self, session: Session, question: Question, *, cursor_key: bytes, lang: str) -> Answer:
        """Return the answer; a query that cannot be parsed is taken as plain words and said so in `diagnostics`.

        Raises:
            NoIndex: nothing was indexed yet.
            CursorInvalid, CursorExpired.

        """
        engine, generation = self._current()
        parsed = parse(question.text, self.analyser, self._synonyms)
        node = narrow(parsed.node, question.chosen)
        request = Request(node, sort=question.sort, limit=max(1, min(question.limit, MAX_LIMIT)), facets=FACET_NAMES)
        if question.cursor:
            after = decode_cursor(question.cursor, request, generation=generation, key=cursor_key)
            request = Request(node, sort=request.sort, limit=request.limit, facets=FACET_NAMES, after=after)
        hits = engine.search(request)
        names = [group.dataset_id for group in hits.groups]
        rows, gone = _visible(session, names), _hidden(session, names)
        found = tuple(
            self._found(rows[group.dataset_id], standing, group.more, parsed.node, lang)
            for group in hits.groups
            if group.dataset_id in rows
            and (standing := [hit for hit in group.hits if (group.dataset_id, _version(hit)) not in gone])
        )
        following = (
            encode_cursor(
                hits.next,
                Request(node, sort=request.sort, limit=request.limit, facets=FACET_NAMES),
                generation=generation,
                key=cursor_key,
            )
            if hits.next
            else ""
        )
        return Answer(hits.total, hits.relation, found, hits.facets, parsed.diagnostics, following, generation)

    def close(self) -> None:
        """Close the reader."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _current(self) -> tuple[SearchEngine, str]:
        with self._lock:
            folder = generations.current_generation(self.folder)
            if folder is None:
                raise NoIndex({"folder": self.folder.name})
            if self._engine is None or folder != self._generation:
                if self._engine is not None:
                    self._engine.close()
                self._engine = generations.open_engine(self.kind, folder, self.analyser)
                self._generation = folder
            return self._engine, folder.name

    def _found(self, dataset: Dataset, hits: Sequence[Hit], more: int, node: Node, lang: str) -> Found:
        title = _said_in(lang, dataset.title) or dataset.name
        places = tuple(self._place(dataset, hit, node, lang) for hit in hits)
        return Found(dataset, highlight(title, node, self.analyser, max_chars=300), places, more)

    def _place(self, dataset: Dataset, hit: Hit, node: Node, lang: str) -> FoundPlace:
        unit = hit.unit
        loc = json.loads(unit.loc)
        # The unit of a dataset holds its description in every language, keywords and area: right to find by, not to
        # read. Of a withdrawn one no description is shown.
        described = unit.kind == "dataset" and dataset.state != "withdrawn"
        shown = _said_in(lang, dataset.description) if described else unit.body
        return FoundPlace(
            kind=unit.kind,
            path=str(loc.get("path", "")).partition("!/")[0],
            version=_version(hit),
            loc=loc,
            segments=highlight(shown, node, self.analyser, max_chars=200),
            uid=unit.uid,
            blob_sha256=unit.blob_sha256,
        )


def _visible(session: Session, names: Sequence[str]) -> dict[str, Dataset]:
    """Join every hit with the database: only what has been published has a row that is shown."""
    rows = session.exec(select(Dataset).where(col(Dataset.name).in_(list(names)), Dataset.state != "draft"))
    return {row.name: row for row in rows}


def _hidden(session: Session, names: Sequence[str]) -> set[tuple[str, int]]:
    """Return the withdrawn and the restricted releases: nothing of them is shown, whatever the index says."""
    rows = session.exec(
        select(Release.dataset, Release.version).where(
            col(Release.dataset).in_(list(names)),
            or_(col(Release.state) == ReleaseState.WITHDRAWN.value, col(Release.access) == RESTRICTED),
        )
    )
    return {(dataset, version or 0) for dataset, version in rows}


def _said_in(lang: str, texts: Mapping[str, str]) -> str:
    """Return a text in the reader's language, else in Japanese, English, or the first there is; as pages do."""
    wanted = next((each for each in (lang, "ja", "en") if texts.get(each)), None)
    return texts[wanted] if wanted else next(iter(texts.values()), "")


def _version(hit: Hit) -> int:
    return int(json.loads(hit.unit.loc).get("version", 0))


def is_current(session: Session) -> bool:
    """Return whether everything published or withdrawn so far is in the index."""
    waiting = session.exec(select(SearchChange).where(col(SearchChange.done_at).is_(None)).limit(1)).first()
    return waiting is None
