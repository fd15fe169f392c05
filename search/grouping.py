"""Hits become datasets here, in one order, with one way of counting, whichever engine found them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from search.port import Bucket, Request, Sort, SortKey

BEST = 3  # units shown of each dataset


@dataclass(frozen=True, slots=True)
class Matches:
    """All matching units, column by column, best first by the leading part of the order (score or date).

    `dataset` and `traits` are the engine's own numbers for a dataset and for a combination of facet values.
    """

    score: Sequence[float]
    published_at: Sequence[int]
    rank: Sequence[int]
    dataset: Sequence[int]
    traits: Sequence[int]

    def key(self, i: int) -> SortKey:
        """Return where unit `i` stands. Scores are rounded: engines add them up in different orders."""
        return SortKey(round(self.score[i], 4), self.published_at[i], self.rank[i])


@dataclass(frozen=True, slots=True)
class Row:
    """One dataset of the page: its best units (as indices into the matches) and how many more there are."""

    key: SortKey
    units: tuple[int, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Page:
    total: int
    rows: tuple[Row, ...]
    next: SortKey | None


def arrange(matches: Matches, request: Request) -> Page:
    """Return the datasets of one page, each placed by its best unit, in the total order of the port."""
    after = request.after.order(request.sort) if request.after else None
    chosen: list[SortKey] = []
    datasets: list[int] = []
    for i in _leaders(matches, request.sort):
        key = matches.key(i)
        if after is not None and key.order(request.sort) <= after:
            continue
        chosen.append(key)
        datasets.append(matches.dataset[i])
        if len(chosen) > request.limit:
            break
    has_more = len(chosen) > request.limit
    rows = _rows(matches, request.sort, chosen[: request.limit], datasets[: request.limit])
    return Page(len(set(matches.dataset)), rows, rows[-1].key if has_more and rows else None)


def _leaders(matches: Matches, sort: Sort) -> Iterator[int]:
    """Give the best unit of each dataset, in order, without sorting more than the caller goes through.

    Units come sorted by the leading part; only within a block of equal ones does the rest decide.
    """
    seen: set[int] = set()
    for block in _blocks(matches, sort):
        fresh = [i for i in block if matches.dataset[i] not in seen]
        if len(fresh) > 1:
            fresh.sort(key=lambda i: (-matches.published_at[i], matches.rank[i]))
        for i in fresh:
            if matches.dataset[i] not in seen:
                seen.add(matches.dataset[i])
                yield i


def _blocks(matches: Matches, sort: Sort) -> Iterator[list[int]]:
    """Give runs of units that are equal in the leading part of the order."""
    block: list[int] = []
    leading: float | None = None
    for i in range(len(matches.dataset)):
        value = round(matches.score[i], 4) if sort is Sort.RELEVANCE else matches.published_at[i]
        if value != leading and block:
            yield block
            block = []
        leading = value
        block.append(i)
    if block:
        yield block


def _rows(matches: Matches, sort: Sort, keys: list[SortKey], datasets: list[int]) -> tuple[Row, ...]:
    wanted = set(datasets)
    members: dict[int, list[int]] = defaultdict(list)
    for i, dataset in enumerate(matches.dataset):
        if dataset in wanted:
            members[dataset].append(i)
    rows = []
    for key, dataset in zip(keys, datasets, strict=True):
        units = sorted(members[dataset], key=lambda i: matches.key(i).order(sort))
        rows.append(Row(key, tuple(units[:BEST]), max(0, len(units) - BEST)))
    return tuple(rows)


class Combinations:
    """What traits numbers stand for under some facets: many of them are one combination of values.

    Grows as units are met and is never wrong: a traits number is made from the values. Owned by one engine.
    """

    def __init__(self, facets: tuple[str, ...]) -> None:
        self.facets = facets
        self.number: dict[int, int] = {}
        self.values: list[tuple[tuple[str, ...], ...]] = []
        self._known: dict[tuple[tuple[str, ...], ...], int] = {}

    def learn(self, traits: int, values: Mapping[str, tuple[str, ...]]) -> None:
        """Remember the facet values of a traits number."""
        combination = tuple(values.get(name, ()) for name in self.facets)
        number = self._known.setdefault(combination, len(self.values))
        if number == len(self.values):
            self.values.append(combination)
        self.number[traits] = number


def count_facets(matches: Matches, request: Request, known: Combinations) -> dict[str, tuple[Bucket, ...]]:
    """Return, for each facet asked for, how many datasets have a matching unit with each value, most first.

    `known` has learnt all traits of the matches; a unit whose traits could not be read counts for none.
    """
    datasets_of: dict[int, set[int]] = defaultdict(set)
    numbers = map(known.number.get, matches.traits)
    for number, dataset in set(zip(numbers, matches.dataset, strict=True)):
        if number is not None:
            datasets_of[number].add(dataset)
    found: dict[str, dict[str, set[int]]] = {name: defaultdict(set) for name in request.facets}
    for number, datasets in datasets_of.items():
        for name, values in zip(known.facets, known.values[number], strict=True):
            for value in values:
                found[name][value] |= datasets
    return {name: _buckets(counts, request.facet_size) for name, counts in found.items()}


def _buckets(counts: Mapping[str, set[int]], size: int) -> tuple[Bucket, ...]:
    buckets = [Bucket(value, len(datasets)) for value, datasets in counts.items()]
    buckets.sort(key=lambda bucket: (-bucket.count, bucket.value))
    return tuple(buckets[:size])
