"""The answer of an engine that has the matching units in hand."""

from search.engines.records import facet_values, number, traits
from search.grouping import Combinations, Matches, arrange, count_facets
from search.port import Group, Hit, Hits, Request, Sort, Unit


def answer(request: Request, found: list[tuple[float, Unit]], relation: str, *, damaged: int = 0) -> Hits:
    """Return the page and facets for `found`, pairs of score and unit in any order."""
    if request.sort is Sort.RELEVANCE:
        found = sorted(found, key=lambda pair: -round(pair[0], 4))
    else:
        found = sorted(((0.0, unit) for _, unit in found), key=lambda pair: -pair[1].published_at)
    units = [unit for _, unit in found]
    combinations = [traits(unit) for unit in units] if request.facets else []
    known = Combinations(request.facets)
    for traits_number, unit in zip(combinations, units, strict=False):
        known.learn(traits_number, facet_values(unit))
    matches = Matches(
        [score for score, _ in found],
        [unit.published_at for unit in units],
        [unit.rank for unit in units],
        [number(unit.dataset_id) for unit in units],
        combinations,
    )
    page = arrange(matches, request)
    groups = tuple(
        Group(
            units[row.units[0]].dataset_id,
            row.key,
            tuple(Hit(units[i], found[i][0]) for i in row.units),
            row.more,
        )
        for row in page.rows
    )
    facets = count_facets(matches, request, known) if request.facets else {}
    return Hits(page.total, relation, groups, facets, page.next, damaged)
