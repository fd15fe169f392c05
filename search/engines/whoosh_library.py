"""The only place that imports Whoosh. Its source has escapes that Python warns of when it first compiles them."""

import warnings
from typing import Any

with warnings.catch_warnings():
    # Nobody who starts the portal can act on these. Modules that Whoosh imports at its first use are fetched here
    # too, so that no warning comes later, from within somebody's search.
    warnings.simplefilter("ignore")
    import whoosh.automata.lev
    import whoosh.codec.whoosh3
    import whoosh.filedb.compound
    import whoosh.writing
    from whoosh import analysis, collectors, fields, index, query

__all__ = ["collect", "fields", "index", "library_faults", "query", "uncut"]


def uncut() -> Any:
    """Return an analyser for fields that are only ever given lists of terms."""
    return analysis.SpaceSeparatedTokenizer()


def library_faults() -> tuple[type[Exception], ...]:
    """Return what Whoosh raises over a damaged folder or a writer that has died."""
    return (
        OSError,
        index.IndexError,
        whoosh.writing.IndexingError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
    )


def collect(searcher: Any, wanted: Any, seconds: float) -> tuple[list[tuple[int, float]], str]:
    """Return (document, score) of every match, and whether that is all (`eq`) or what was found in time (`gte`)."""
    everything = collectors.UnlimitedCollector()
    limited = collectors.TimeLimitCollector(everything, seconds, use_alarm=False)
    relation = "eq"
    try:
        searcher.search_with_collector(wanted, limited)
    except collectors.TimeLimit:
        relation = "gte"
    finally:
        limited.finish()
    return [(docnum, float(score)) for docnum, score in everything.results().items()], relation
