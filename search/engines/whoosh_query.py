"""The query tree as a Whoosh query."""

from typing import Any

from search.engines.records import acl_terms
from search.engines.whoosh_library import query as q
from search.port import (
    BOOSTS,
    EDGE_BOOST,
    MAX_EXPANSIONS,
    OPEN_END,
    PLACE_BONUS,
    And,
    Everything,
    Exact,
    Node,
    Not,
    Or,
    Request,
    Words,
)

_NOTHING = 1e-9  # Whoosh takes a weight of 0 for "not given"; this one is rounded away


def all_of(wanted: Any, request: Request) -> Any:
    """Return `wanted` within what the asker may see and the moment asked for; only `wanted` scores."""
    limits = [q.Or([q.Term("acl", group) for group in acl_terms(request.acl)])]
    window = request.window
    if not window.every and window.leaf is None:
        limits.append(q.Term("live", "1"))
    elif not window.every and window.leaf is not None:
        limits.append(q.NumericRange("l_from", 0, window.leaf))
        limits.append(q.NumericRange("l_to", window.leaf + 1, OPEN_END))
    return q.Require(wanted, q.And(limits))


def translate(node: Node, searcher: Any) -> Any:
    """Return the query for a node."""
    match node:
        case Everything():
            return _anything()
        case Words():
            return _ranked(node, searcher)
        case Exact(name, value, prefix):
            return _silent(q.Prefix(name, value) if prefix else q.Term(name, value))
        case And(parts):
            wanted = [translate(part, searcher) for part in parts if not isinstance(part, Not)]
            unwanted = [translate(part.part, searcher) for part in parts if isinstance(part, Not)]
            return _without(q.And(wanted) if wanted else _anything(), unwanted)
        case Or(parts):
            return q.Or([translate(part, searcher) for part in parts]) if parts else q.NullQuery
        case Not(part):
            return _without(_anything(), [translate(part, searcher)])


def _anything() -> Any:
    return _silent(q.Every())


def _silent(wanted: Any) -> Any:
    return q.ConstantScoreQuery(wanted, _NOTHING)


def _without(wanted: Any, unwanted: list[Any]) -> Any:
    # Not AndNot: its first document slips through when the unwanted ones begin before it (Whoosh 2.7.5,
    # AndNotMatcher._find_first). A list of all other documents does the same, surely.
    return q.And([wanted, _silent(q.Not(q.Or(unwanted)))]) if unwanted else wanted


def _ranked(words: Words, searcher: Any) -> Any:
    """Return the words in any of their fields, ranked up where they begin a word."""
    found = q.Or([_in_field(words, name, searcher) for name in words.fields])
    ranks = [q.Term("edge", edge, boost=EDGE_BOOST) for edge in words.edges]
    if words.place and words.edges:
        ranks.append(q.ConstantScoreQuery(q.Or([q.Term("edge", edge) for edge in words.edges]), PLACE_BONUS))
    return q.AndMaybe(found, q.Or(ranks)) if ranks else found


def _in_field(words: Words, name: str, searcher: Any) -> Any:
    tokens, boost = list(words.tokens), BOOSTS.get(name, 1.0)
    if not words.prefix:
        return _consecutive(tokens, name, boost)
    beginning = q.Prefix(name, tokens[-1], boost=boost)
    if len(tokens) == 1:
        return beginning
    ends: list[str] = []
    for end in searcher.reader().expand_prefix(name, tokens[-1]):
        ends.append(end.decode())
        if len(ends) > MAX_EXPANSIONS:
            # Too many to try each: the words before must stand together, the last one anywhere.
            return q.And([_consecutive(tokens[:-1], name, boost), beginning])
    return q.Or([_consecutive([*tokens[:-1], end], name, boost) for end in ends]) if ends else q.NullQuery


def _consecutive(tokens: list[str], name: str, boost: float) -> Any:
    if len(tokens) == 1:
        return q.Term(name, tokens[0], boost=boost)
    return q.Phrase(name, tokens, boost=boost)
