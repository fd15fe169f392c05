"""The query tree as a tantivy query. Filters match but never score."""

import re
from typing import Any

from tantivy import FieldType, Occur, Query

from search.engines.records import acl_terms
from search.port import (
    BOOSTS,
    EDGE_BOOST,
    MAX_EXPANSIONS,
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


def all_of(query: Any, request: Request, schema: Any) -> Any:
    """Return `query` within what the asker may see and the moment that is asked for."""
    must = [(Occur.Must, query)]
    visible = [(Occur.Should, Query.term_query(schema, "acl", group)) for group in acl_terms(request.acl)]
    must.append((Occur.Must, _silent(Query.boolean_query(visible) if visible else Query.empty_query())))
    window = request.window
    if not window.every and window.leaf is None:
        must.append((Occur.Must, _silent(Query.term_query(schema, "live", "1"))))
    elif not window.every:
        begun = Query.range_query(schema, "l_from", FieldType.Integer, upper_bound=window.leaf)
        not_ended = Query.range_query(schema, "l_to", FieldType.Integer, lower_bound=window.leaf, include_lower=False)
        must.extend((Occur.Must, _silent(part)) for part in (begun, not_ended))
    return Query.boolean_query(must)


def translate(node: Node, schema: Any, searcher: Any) -> Any:
    """Return the query for a node."""
    match node:
        case Everything():
            return _silent(Query.all_query())
        case Words():
            return _ranked(node, schema, searcher)
        case Exact(name, value, prefix):
            beginning = re.escape(value) + ".*"
            return _silent(
                Query.regex_query(schema, name, beginning) if prefix else Query.term_query(schema, name, value)
            )
        case And(parts):
            wanted = [(Occur.Must, translate(p, schema, searcher)) for p in parts if not isinstance(p, Not)]
            unwanted = [(Occur.MustNot, translate(p.part, schema, searcher)) for p in parts if isinstance(p, Not)]
            return Query.boolean_query([*(wanted or [_anything()]), *unwanted])
        case Or(parts):
            any_of = [(Occur.Should, translate(part, schema, searcher)) for part in parts]
            return Query.boolean_query(any_of or [(Occur.Must, Query.empty_query())])
        case Not(part):
            return Query.boolean_query([_anything(), (Occur.MustNot, translate(part, schema, searcher))])


def _anything() -> tuple[Any, Any]:
    return (Occur.Must, _silent(Query.all_query()))


def _silent(query: Any) -> Any:
    return Query.const_score_query(query, 0.0)


def _ranked(words: Words, schema: Any, searcher: Any) -> Any:
    """Return the words in any of their fields, ranked up where they begin a word."""
    fields = [
        (Occur.Should, Query.boost_query(_in_field(words, name, schema, searcher), BOOSTS.get(name, 1.0)))
        for name in words.fields
    ]
    parts = [(Occur.Must, Query.boolean_query(fields))]
    for edge in words.edges:
        term = Query.term_query(schema, "edge", edge)
        parts.append((Occur.Should, Query.boost_query(term, EDGE_BOOST)))
    if words.place and words.edges:
        begins = [(Occur.Should, Query.term_query(schema, "edge", edge)) for edge in words.edges]
        parts.append((Occur.Should, Query.const_score_query(Query.boolean_query(begins), PLACE_BONUS)))
    return Query.boolean_query(parts)


def _in_field(words: Words, name: str, schema: Any, searcher: Any) -> Any:
    tokens = list(words.tokens)
    if not words.prefix:
        return _consecutive(tokens, name, schema)
    beginning = Query.regex_query(schema, name, re.escape(tokens[-1]) + ".*")
    if len(tokens) == 1:
        return beginning
    ends = searcher.terms_with_prefix(name, tokens[-1], limit=MAX_EXPANSIONS + 1)
    if len(ends) > MAX_EXPANSIONS:
        # Too many to try each: the words before must stand together, the last anywhere. Never fewer hits.
        head = _consecutive(tokens[:-1], name, schema)
        return Query.boolean_query([(Occur.Must, head), (Occur.Must, beginning)])
    if not ends:
        return Query.empty_query()
    each = [(Occur.Should, _consecutive([*tokens[:-1], end], name, schema)) for end, _ in ends]
    return Query.boolean_query(each)


def _consecutive(tokens: list[str], name: str, schema: Any) -> Any:
    if len(tokens) == 1:
        return Query.term_query(schema, name, tokens[0])
    return Query.phrase_query(schema, name, [*tokens])
