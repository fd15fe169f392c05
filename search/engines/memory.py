"""The engine that is its own definition: a dict, looked at unit by unit. Others are held against it."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from search.analysis import Analyser
from search.engines import folder as folders
from search.engines.answer import answer
from search.engines.records import acl_terms, digest, seal, texts
from search.port import (
    BOOSTS,
    EDGE_BOOST,
    PLACE_BONUS,
    SCHEMA_ID,
    And,
    Change,
    EngineInfo,
    Everything,
    Exact,
    Hits,
    Manifest,
    Node,
    Not,
    Or,
    Request,
    Unit,
    Words,
    boil_down,
    exact_term,
)

_CLOCK_EVERY = 256  # units looked at between two looks at the clock


@dataclass(frozen=True, slots=True)
class _Entry:
    unit: Unit
    texts: Mapping[str, tuple[str, ...]]
    acl: frozenset[str]


class MemoryEngine:
    """Implements `SearchEngine` for one process; nothing is durable. `clock` is in seconds."""

    def __init__(self, analyser: Analyser, clock: Callable[[], float] = time.monotonic) -> None:
        self._analyser = analyser
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._upto = 0

    def open(self, generation: str, *, create: bool) -> EngineInfo:  # noqa: ARG002 - nothing to find or make
        return EngineInfo("memory", self._analyser.id, SCHEMA_ID, generation)

    def apply(self, changes: Sequence[Change], *, upto: int) -> None:
        if upto < self._upto:
            return
        batch = boil_down(changes)
        entries = {
            uid: entry
            for uid, entry in self._entries.items()
            if uid not in batch.uids and entry.unit.dataset_id not in batch.datasets
        }
        for unit in batch.units:
            acl = frozenset(exact_term(group) for group in unit.acl)
            entries[unit.uid] = _Entry(unit, texts(unit, self._analyser), acl)
        self._entries, self._upto = entries, upto  # one assignment: a reader sees the old or the new dict

    def checkpoint(self) -> int:
        return self._upto

    def search(self, request: Request) -> Hits:
        deadline = self._clock() + request.timeout_ms / 1000
        allowed = frozenset(acl_terms(request.acl))
        found: list[tuple[float, Unit]] = []
        relation = "eq"
        for n, entry in enumerate(self._entries.values()):
            if n % _CLOCK_EVERY == 0 and self._clock() > deadline:
                relation = "gte"
                break
            unit = entry.unit
            if allowed & entry.acl and request.window.holds(unit.l_from, unit.l_to) and _fits(request.query, entry):
                found.append((_score(request.query, entry), unit))
        return answer(request, found, relation)

    def uids(self) -> Iterator[tuple[str, str]]:
        return iter(sorted((uid, digest(entry.unit)) for uid, entry in self._entries.items()))

    def snapshot(self, to: Path) -> Manifest:
        to.mkdir(parents=True)
        for uid, entry in self._entries.items():
            (to / uid).write_text(seal(entry.unit), encoding="utf-8")
        return folders.hashes(to)

    def verify(self, manifest: Manifest) -> Sequence[str]:
        """Return what differs; uids take the place of file names here."""
        now = {uid: entry.unit for uid, entry in self._entries.items()}
        return [uid for uid in manifest if uid not in now]

    def close(self) -> None:
        """Nothing is held."""


def _fits(node: Node, entry: _Entry) -> bool:
    match node:
        case Everything():
            return True
        case Words():
            return any(_count(entry.texts[name], node) for name in node.fields)
        case Exact(name, value, prefix):
            terms = entry.unit.exact(name)
            return any(term.startswith(value) for term in terms) if prefix else value in terms
        case And(parts):
            return all(_fits(part, entry) for part in parts)
        case Or(parts):
            return any(_fits(part, entry) for part in parts)
        case Not(part):
            return not _fits(part, entry)


def _count(tokens: Sequence[str], words: Words) -> int:
    """Return how often the words stand one after the other."""
    head, last, length = words.tokens[:-1], words.tokens[-1], len(words.tokens)
    found = 0
    for i in range(len(tokens) - length + 1):
        end = tokens[i + length - 1]
        if (end.startswith(last) if words.prefix else end == last) and tuple(tokens[i : i + length - 1]) == head:
            found += 1
    return found


def _score(node: Node, entry: _Entry) -> float:
    """Return a score in the spirit of BM25: saturating counts, less in a long field, plus the edges."""
    match node:
        case Words():
            parts = [_field_score(entry.texts[name], node) * BOOSTS.get(name, 0.0) for name in node.fields]
            edges = [edge for edge in node.edges if edge in entry.texts["edge"]]
            bonus = PLACE_BONUS if node.place and edges else 0.0
            return sum(parts) + EDGE_BOOST * len(edges) + bonus
        case And(parts) | Or(parts):
            return sum(_score(part, entry) for part in parts if _fits(part, entry))
        case _:
            return 0.0


def _field_score(tokens: Sequence[str], words: Words) -> float:
    count = _count(tokens, words)
    return count / (count + 0.3 + 0.2 * math.log1p(len(tokens)))
