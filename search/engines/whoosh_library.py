"""The only place that imports Whoosh: Python warns of its source when it first compiles it."""

import pickle
import warnings
from typing import Any

from search.port import Corrupt

with warnings.catch_warnings():
    # Nobody who starts the portal can act on these. Modules that Whoosh imports at its first use are
    # fetched here too, so that no warning comes later, from within somebody's search.
    warnings.simplefilter("ignore")
    import whoosh.automata.lev
    import whoosh.codec.whoosh3
    import whoosh.filedb.compound
    import whoosh.writing
    from whoosh import analysis, collectors, fields, index, query

__all__ = ["collect", "fields", "index", "library_faults", "open_folder", "query", "uncut"]


def uncut() -> Any:
    """Return an analyser for fields that are only ever given lists of terms."""
    return analysis.SpaceSeparatedTokenizer()


def open_folder(folder: str) -> Any:
    """Return the Whoosh index in `folder`. Raises Corrupt when Whoosh cannot make sense of it."""
    reason = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Whoosh drops its file unclosed when it fails over it
        try:
            return index.open_dir(folder)
        except library_faults() as fault:
            reason = f"{type(fault).__name__} {fault}"[:200]
    raise Corrupt({"reason": reason})


def library_faults() -> tuple[type[Exception], ...]:
    """Return what Whoosh raises over a damaged folder or a writer that has died."""
    return (
        OSError,
        index.IndexError,
        pickle.UnpicklingError,
        whoosh.writing.IndexingError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
    )


def collect(searcher: Any, wanted: Any, seconds: float) -> tuple[list[tuple[int, float]], str]:
    """Return (document, score) of each match, and if that is all (`eq`) or what time allowed (`gte`)."""
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
