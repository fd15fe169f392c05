"""The engine without compiled code: Whoosh, given tokens. Same answers as tantivy, slower."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from search.analysis import Analyser
from search.engines import folder as folders
from search.engines.answer import answer
from search.engines.lock import WriterLock
from search.engines.records import digest, seal, texts, unseal
from search.engines.whoosh_library import collect, fields, index, library_faults, open_folder, uncut
from search.engines.whoosh_query import all_of, translate
from search.port import (
    EXACT_FIELDS,
    OPEN_END,
    Change,
    Corrupt,
    EngineInfo,
    Hits,
    Locked,
    Manifest,
    Request,
    Unit,
    WriteFailed,
    boil_down,
    exact_term,
)

_MARKER = "checkpoint"  # uid of the document that carries `upto`; it has no acl, so no search finds it
_INDEXED_TEXT = ("title", "columns", "body", "edge", "code")


def build_schema() -> Any:
    """Return the fields of a unit. Values come as lists of terms: Whoosh's analysers see nothing."""
    columns: dict[str, Any] = {name: fields.TEXT(analyzer=uncut()) for name in _INDEXED_TEXT}
    columns.update({name: fields.ID() for name in (*EXACT_FIELDS, "acl", "live")})
    columns.update({name: fields.NUMERIC(int, bits=64, signed=True) for name in ("l_from", "l_to")})
    return fields.Schema(uid=fields.ID(stored=True, unique=True), stored=fields.STORED(), **columns)


class WhooshEngine:
    """Implements `SearchEngine` over a folder. One lock around all: Whoosh does not promise threads."""

    def __init__(self, folder: Path, analyser: Analyser) -> None:
        self._folder = folder
        self._analyser = analyser
        self._lock = WriterLock(folder)
        self._mutex = threading.RLock()
        self._index: Any = None
        self._searcher: Any = None

    def open(self, generation: str, *, create: bool) -> EngineInfo:  # noqa: ARG002 - the folder is the generation
        info, is_new = folders.open_folder(self._folder, "whoosh", self._analyser.id, create=create)
        folder = str(self._folder)
        self._index = index.create_in(folder, build_schema()) if is_new else open_folder(folder)
        if is_new:
            folders.describe(self._folder, info)
        return info

    def apply(self, changes: Sequence[Change], *, upto: int) -> None:
        with self._mutex:
            self._lock.take()
            if upto < self.checkpoint():
                return
            batch = boil_down(changes)
            try:
                writer = self._index.writer()
            except index.LockError:
                raise Locked({"folder": self._folder.name}) from None
            try:
                for dataset_id in batch.datasets:
                    writer.delete_by_term("dataset_id", exact_term(dataset_id))
                for uid in (*batch.uids, _MARKER):
                    writer.delete_by_term("uid", uid)
                for unit in batch.units:
                    writer.add_document(**self._document(unit))
                writer.add_document(uid=_MARKER, stored=str(upto))
                writer.commit()
            except library_faults() as fault:
                writer.cancel()
                raise WriteFailed({"reason": str(fault)[:200]}) from None

    def checkpoint(self) -> int:
        with self._mutex:
            found = self._current().document(uid=_MARKER)
            return int(found["stored"]) if found else 0

    def search(self, request: Request) -> Hits:
        with self._mutex:
            searcher = self._current()
            query = all_of(translate(request.query, searcher), request)
            results, relation = collect(searcher, query, request.timeout_ms / 1000)
            found = [(score, _stored(searcher, docnum)) for docnum, score in results]
        units = [(score, unit) for score, unit in found if unit is not None]
        return answer(request, units, relation, damaged=len(found) - len(units))

    def uids(self) -> Iterator[tuple[str, str]]:
        with self._mutex:
            searcher = self._current()
            units = [_stored(searcher, docnum) for docnum in searcher.reader().all_doc_ids()]
        return iter(sorted((unit.uid, digest(unit)) for unit in units if unit is not None))

    def snapshot(self, to: Path) -> Manifest:
        """Copy the last commit; no commit of this process comes between."""
        with self._mutex:
            names = [p.name for p in self._folder.iterdir() if p.suffix in (".seg", ".toc") and p.is_file()]
            return folders.copy_files(self._folder, to, names)

    def verify(self, manifest: Manifest) -> Sequence[str]:
        return folders.faults(self._folder, manifest)

    def close(self) -> None:
        with self._mutex:
            if self._searcher is not None:
                self._searcher.close()
                self._searcher = None
            self._lock.release()

    def _current(self) -> Any:
        """Return a searcher over the last commit, whoever made it."""
        if self._searcher is None:
            self._searcher = self._index.searcher()
        elif not self._searcher.up_to_date():
            self._searcher.close()  # its own `refresh` fails over an index that was empty
            self._searcher = self._index.searcher()
        return self._searcher

    def _document(self, unit: Unit) -> dict[str, Any]:
        values: dict[str, Any] = {name: list(unit.exact(name)) for name in EXACT_FIELDS}
        values.update({name: list(tokens) for name, tokens in texts(unit, self._analyser).items()})
        values["acl"] = [exact_term(group) for group in unit.acl]
        values["live"] = ["1"] if unit.l_to == OPEN_END else []
        filled = {name: terms for name, terms in values.items() if terms}
        return {**filled, "uid": unit.uid, "stored": seal(unit), "l_from": unit.l_from, "l_to": unit.l_to}


def _stored(searcher: Any, docnum: int) -> Unit | None:
    """Return the stored unit, or None for the marker and for text that no longer agrees with its digest."""
    try:
        return unseal(searcher.stored_fields(docnum).get("stored", ""))
    except Corrupt:
        return None
