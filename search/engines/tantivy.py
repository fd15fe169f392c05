"""The default engine: tantivy, given tokens. It finds and scores; order, groups, facets are ours."""

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tantivy

from search.analysis import Analyser
from search.engines import folder as folders
from search.engines.lock import WriterLock
from search.engines.records import digest, facet_values, number, seal, texts, traits, unseal
from search.engines.tantivy_query import all_of, translate
from search.grouping import Combinations, Matches, arrange, count_facets
from search.port import (
    EXACT_FIELDS,
    OPEN_END,
    Change,
    Corrupt,
    EngineInfo,
    Group,
    Hit,
    Hits,
    Locked,
    Manifest,
    Request,
    Sort,
    Unit,
    WriteFailed,
    boil_down,
    exact_term,
)

_MARKER = "checkpoint"  # uid of the document that carries `upto`; it has no acl, so no search finds it
_HEAP = 64_000_000
_INDEXED_TEXT = ("title", "columns", "body", "edge", "code")
MAX_UNITS = 200_000  # matching units looked at in one search; beyond it the total is a lower bound
_MAX_TRAITS = 100_000
_MAX_FACET_CHOICES = 16


def build_schema() -> Any:
    """Return the fields of a unit: tokens, exact values, and numbers in columns."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("uid", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("stored", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("acl", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("live", tokenizer_name="raw", index_option="basic")
    for name in EXACT_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _INDEXED_TEXT:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("l_from", "l_to", "published_at", "dataset", "traits"):
        builder.add_integer_field(name, fast=True)
    builder.add_unsigned_field("rank", fast=True)
    return builder.build()


class TantivyEngine:
    """Implements `SearchEngine` over a folder.

    `_writer` and the lock belong to whoever called `apply` first, until `close`. `_searcher` is replaced
    whole when `meta.json` has changed on disk: another process may be the writer.
    """

    def __init__(self, folder: Path, analyser: Analyser, *, max_units: int = MAX_UNITS) -> None:
        self._folder = folder
        self._analyser = analyser
        self._max_units = max_units
        self._lock = WriterLock(folder)
        self._mutex = threading.Lock()
        self._schema = build_schema()
        self._index: Any = None
        self._writer: Any = None
        self._searcher: Any = None
        self._seen: tuple[int, int, int] | None = None
        self._combinations: dict[tuple[str, ...], Combinations] = {}

    def open(self, generation: str, *, create: bool) -> EngineInfo:  # noqa: ARG002 - the folder is the generation
        info, is_new = folders.open_folder(self._folder, "tantivy", self._analyser.id, create=create)
        try:
            self._index = (
                tantivy.Index(self._schema, path=str(self._folder)) if is_new else tantivy.Index.open(str(self._folder))
            )
            self._index.config_reader("manual")
            self._schema = self._index.schema
        except (ValueError, OSError) as fault:
            raise Corrupt({"reason": str(fault)[:200]}) from None
        if is_new:
            folders.describe(self._folder, info)
        self._current()
        return info

    def apply(self, changes: Sequence[Change], *, upto: int) -> None:
        with self._mutex:
            writer = self._writing()
            if upto < self._checkpoint(self._current()):
                return
            batch = boil_down(changes)
            try:
                for dataset_id in batch.datasets:
                    writer.delete_documents_by_term("dataset_id", exact_term(dataset_id))
                for uid in (*batch.uids, _MARKER):
                    writer.delete_documents_by_term("uid", uid)
                for unit in batch.units:
                    writer.add_document(self._document(unit))
                writer.add_document(_marker(upto))
                writer.commit()
            except (ValueError, OSError) as fault:
                self._drop_writer()  # dead after an error; the last commit stands
                raise WriteFailed({"reason": str(fault)[:200]}) from None

    def checkpoint(self) -> int:
        return self._checkpoint(self._current())

    def search(self, request: Request) -> Hits:
        searcher = self._current()
        query = all_of(translate(request.query, self._schema, searcher), request, self._schema)
        by_date = {"order_by_field": "published_at"} if request.sort is Sort.NEWEST else {}
        found = searcher.search(query, limit=self._max_units, count=False, **by_date).hits
        addresses = [address for _, address in found]
        is_scored = request.sort is Sort.RELEVANCE
        matches = Matches(
            [score for score, _ in found] if is_scored else [0.0] * len(found),
            searcher.fast_field_values("published_at", addresses),
            searcher.fast_field_values("rank", addresses),
            searcher.fast_field_values("dataset", addresses),
            searcher.fast_field_values("traits", addresses) if request.facets else [],
        )
        page = arrange(matches, request)
        groups, damaged = self._groups(searcher, addresses, matches, page.rows)
        relation = "gte" if len(found) >= self._max_units else "eq"
        facets = self._facets(searcher, addresses, matches, request)
        return Hits(page.total, relation, groups, facets, page.next, damaged)

    def uids(self) -> Iterator[tuple[str, str]]:
        searcher = self._current()
        found = searcher.search(tantivy.Query.all_query(), limit=max(1, searcher.num_docs), count=False).hits
        units = (_stored(searcher, address) for _, address in found)
        return iter(sorted((unit.uid, digest(unit)) for unit in units if unit is not None))

    def snapshot(self, to: Path) -> Manifest:
        """Copy the last commit; no commit of this process comes between."""
        with self._mutex:
            return folders.copy_files(self._folder, to, self._segment_files())

    def verify(self, manifest: Manifest) -> Sequence[str]:
        return folders.faults(self._folder, manifest)

    def close(self) -> None:
        with self._mutex:
            self._drop_writer()

    def _writing(self) -> Any:
        if self._writer is None:
            self._lock.take()
            try:
                self._writer = self._index.writer(_HEAP, 1)
            except ValueError:
                self._lock.release()
                raise Locked({"folder": self._folder.name}) from None
        return self._writer

    def _drop_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.wait_merging_threads()
            except ValueError:  # it died of the error that is being told already
                del writer
        self._lock.release()

    def _current(self) -> Any:
        """Return a searcher over the last commit, whoever made it."""
        try:
            stat = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            raise Corrupt({"reason": "meta.json"}) from None
        now = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if now != self._seen:
            try:
                self._index.reload()
            except (ValueError, OSError) as fault:
                raise Corrupt({"reason": str(fault)[:200]}) from None
            self._searcher, self._seen = self._index.searcher(), now
        return self._searcher

    def _checkpoint(self, searcher: Any) -> int:
        query = tantivy.Query.term_query(self._schema, "uid", _MARKER)
        found = searcher.search(query, limit=1).hits
        return int(searcher.doc(found[0][1]).get_first("stored")) if found else 0

    def _document(self, unit: Unit) -> Any:
        document = tantivy.Document()
        document.add_text("uid", unit.uid)
        document.add_text("stored", seal(unit))
        for group in unit.acl:
            document.add_text("acl", exact_term(group))
        if unit.l_to == OPEN_END:
            document.add_text("live", "1")
        for name in EXACT_FIELDS:
            for value in unit.exact(name):
                document.add_text(name, value)
        for name, tokens in texts(unit, self._analyser).items():
            document.add_text(name, " ".join(tokens))
        for name in ("l_from", "l_to", "published_at"):
            document.add_integer(name, getattr(unit, name))
        document.add_integer("dataset", number(unit.dataset_id))
        document.add_integer("traits", traits(unit))
        document.add_unsigned("rank", unit.rank)
        return document

    def _groups(
        self, searcher: Any, addresses: Sequence[Any], matches: Matches, rows: Sequence[Any]
    ) -> tuple[tuple[Group, ...], int]:
        groups: list[Group] = []
        damaged = 0
        for row in rows:
            hits: list[Hit] = []
            for i in row.units:
                unit = _stored(searcher, addresses[i])
                if unit is None:
                    damaged += 1
                else:
                    hits.append(Hit(unit, matches.score[i]))
            if hits:
                groups.append(Group(hits[0].unit.dataset_id, row.key, tuple(hits), row.more))
        return tuple(groups), damaged

    def _facets(self, searcher: Any, addresses: Sequence[Any], matches: Matches, request: Request) -> Any:
        """Count facets. What a traits number stands for is read from one unit that has it, once."""
        if not request.facets:
            return {}
        known = self._combinations.get(request.facets)
        if known is None or len(known.number) > _MAX_TRAITS:
            if len(self._combinations) >= _MAX_FACET_CHOICES:
                self._combinations = {}
            known = self._combinations[request.facets] = Combinations(request.facets)
        unknown = set(matches.traits) - known.number.keys()
        if unknown:
            where = dict(zip(matches.traits, range(len(addresses)), strict=True))
            for traits_number in unknown:
                unit = _stored(searcher, addresses[where[traits_number]])
                if unit is not None:
                    known.learn(traits_number, facet_values(unit))
        return count_facets(matches, request, known)

    def _segment_files(self) -> list[str]:
        meta = json.loads((self._folder / "meta.json").read_bytes())
        prefixes = tuple(segment["segment_id"].replace("-", "") for segment in meta["segments"])
        names = [path.name for path in self._folder.iterdir() if prefixes and path.name.startswith(prefixes)]
        return ["meta.json", *(name for name in (".managed.json",) if (self._folder / name).exists()), *names]


def _marker(upto: int) -> Any:
    document = tantivy.Document()
    document.add_text("uid", _MARKER)
    document.add_text("stored", str(upto))
    return document


def _stored(searcher: Any, address: Any) -> Unit | None:
    """Return the stored unit, or None for the marker and for text that no longer agrees with its digest."""
    stored = searcher.doc(address).get_first("stored") or ""
    try:
        return unseal(stored)
    except Corrupt:
        return None
