"""The query language, parsed once into the tree of the port, with analysed tokens. A plain box never fails.

query = or ; or = and {"OR" and} ; and = not {["AND"] not} ; not = ["NOT" | "-"] unit
unit = [field ":"] (word | phrase | prefix "*" | range | "(" query ")")
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search.analysis import Analyser, Probe
from search.diagnostics import (
    BadRange,
    DanglingOperator,
    Diagnostic,
    NearnessIgnored,
    NothingToFind,
    PrefixTooShort,
    QueryFault,
    TooDeep,
    TooLong,
    TooManyWords,
    UnbalancedParenthesis,
    UnbalancedQuote,
    UnknownField,
)
from search.port import MAX_EXPANSIONS, TEXT_FIELDS, And, Everything, Exact, Node, Not, Or, Words, exact_term
from search.synonyms import Synonyms

MAX_LENGTH = 512
MAX_LEAVES = 32
MAX_DEPTH = 8
SHORTEST_PREFIX = 2
SHORTEST_HASH = 8

# Field of the language -> field of the index; text fields map to themselves.
_EXACT = {
    "agency": "agency",
    "format": "format",
    "licence": "licence",
    "license": "licence",
    "theme": "theme",
    "year": "year",
    "region": "region",
    "lang": "lang",
    "kind": "kind",
    "dataset": "dataset_id",
    "hash": "hash",
}
FIELDS = (*_EXACT, *TEXT_FIELDS)

_WIDE = str.maketrans("＊：（）”“＂　［］｛｝～－", '*:()""" []{}~-')
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<phrase>"(?P<inside>[^"]*)"(?P<near>~\d*)?)
      | (?P<quote>")
      | (?P<open>\()
      | (?P<close>\))
      | (?P<field>[A-Za-z_]+:(?=[^\s:/]))
      | (?P<range>[\[{]\s*(?P<low>[^\s\]}]+)\s+TO\s+(?P<high>[^\s\]}]+)\s*[\]}])
      | (?P<minus>-(?=[^\s-]))
      | (?P<word>[^\s()"]+)""",
    re.VERBOSE,
)
_APART = re.compile(r"[^\w\s\-./:@+#&']+")  # what ends a word inside a word: 、 ・ ，
_YEARS = (1850, 2049)  # what `*` means in a range of years: 200 of them
_BARE_CODE = re.compile(r"(?=.*\d)[0-9a-z]{5,64}")
_DIGITS4 = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query ready for an engine, and what its writer should be told about it."""

    node: Node
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int  # from 1
    low: str = ""
    high: str = ""


def parse(text: str, analyser: Analyser, synonyms: Synonyms) -> Parsed:
    """Return the tree of `text`. Never raises: where the syntax is wrong, all words must be there."""
    told: list[Diagnostic] = []
    if len(text) > MAX_LENGTH:
        told.append(Diagnostic(TooLong({"limit": MAX_LENGTH}), MAX_LENGTH + 1))
        text = text[:MAX_LENGTH]
    words = _WordNodes(analyser, synonyms)
    tokens = list(_tokens(text.translate(_WIDE)))
    if not tokens:
        return Parsed(Everything(), tuple(told))
    parser = _Parser(tokens, words)
    try:
        node = parser.query()
        told.extend(parser.told)
    except QueryFault as fault:
        told.append(Diagnostic(fault, parser.column()))
        node = _all_words(tokens, words)
    if node is None:
        told.append(Diagnostic(NothingToFind(), 1))
        node = Or(())
    return Parsed(node, tuple(told))


def narrow(node: Node, chosen: Mapping[str, Sequence[str]]) -> Node:
    """Return `node` with facet choices added: one of the values under each name, of all names."""
    filters = tuple(
        Or(tuple(Exact(name, exact_term(value)) for value in values)) for name, values in chosen.items() if values
    )
    return And((node, *filters)) if filters else node


def _tokens(text: str) -> Iterable[_Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        column = match.start() + 1
        if match.group("phrase") is not None:
            yield _Token("phrase", match.group("inside"), column, low=match.group("near") or "")
        elif match.group("range") is not None:
            yield _Token("range", match.group(), column, match.group("low"), match.group("high"))
        elif match.group("word") in ("AND", "OR", "NOT"):
            yield _Token(match.group().lower(), match.group(), column)
        elif kind != "space":
            yield _Token("not" if kind == "minus" else kind, match.group(), column)


def _all_words(tokens: Sequence[_Token], words: "_WordNodes") -> Node | None:
    """Return what a plain search for every word in the box means."""
    parts: list[Node] = []
    field = ""
    for token in tokens:
        if field in _EXACT and token.kind in ("word", "phrase"):
            parts.append(Exact(_EXACT[field], exact_term(token.text)))
        elif token.kind in ("word", "phrase", "range"):
            texts = (token.low, token.high) if token.kind == "range" else (token.text.rstrip("*"),)
            parts.extend(node for node in (words.of(text, TEXT_FIELDS) for text in texts) if node is not None)
        field = token.text[:-1].lower() if token.kind == "field" else ""
    return _join(parts[:MAX_LEAVES])


def _join(parts: Sequence[Node]) -> Node | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, tokens: Sequence[_Token], words: "_WordNodes") -> None:
        self._tokens = tokens
        self._words = words
        self._at = 0
        self._depth = 0
        self._leaves = 0
        self.told: list[Diagnostic] = []

    def column(self) -> int:
        return self._tokens[min(self._at, len(self._tokens) - 1)].column

    def query(self) -> Node | None:
        node = self._or("")
        if self._kind() == "close":
            raise UnbalancedParenthesis
        return node

    def _kind(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else "end"

    def _or(self, field: str) -> Node | None:
        parts = [self._and(field)]
        while self._kind() == "or":
            self._at += 1
            if self._kind() in ("end", "or", "close", "and"):
                self._at -= 1
                raise DanglingOperator({"word": "OR"})
            parts.append(self._and(field))
        found = tuple(part for part in parts if part is not None)
        return _join(found) if len(found) < 2 else Or(found)  # noqa: PLR2004 - one alternative is none

    def _and(self, field: str) -> Node | None:
        parts: list[Node] = []
        expects = True
        while self._kind() not in ("end", "or", "close"):
            if self._kind() == "and":
                if expects:
                    raise DanglingOperator({"word": "AND"})
                self._at, expects = self._at + 1, True
                continue
            part = self._not(field)
            expects = False
            if part is not None:
                parts.append(part)
        if expects:
            self._at = max(0, self._at - 1)
            raise DanglingOperator({"word": self._tokens[self._at].text})
        return _join(parts)

    def _not(self, field: str) -> Node | None:
        if self._kind() != "not":
            return self._unit(field)
        self._at += 1
        if self._kind() in ("end", "or", "and", "close", "not"):
            self._at -= 1
            raise DanglingOperator({"word": self._tokens[self._at].text})
        part = self._unit(field)
        return None if part is None else Not(part)

    def _unit(self, field: str) -> Node | None:
        token = self._tokens[self._at]
        if token.kind == "field":
            return self._in_field(token, field)
        if token.kind == "open":
            return self._group(field)
        if token.kind == "quote":
            raise UnbalancedQuote
        self._at += 1
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise TooManyWords({"limit": MAX_LEAVES})
        return self._leaf(token, field)

    def _in_field(self, token: _Token, outer: str) -> Node | None:
        name = token.text[:-1].lower()
        self._at += 1
        if name in FIELDS:
            if self._kind() == "end":
                raise DanglingOperator({"word": token.text})
            return self._unit(name)
        self.told.append(Diagnostic(UnknownField({"field": name, "known": ", ".join(FIELDS)}), token.column))
        return _join([n for n in (self._words.of(name, TEXT_FIELDS), self._unit(outer)) if n is not None])

    def _group(self, field: str) -> Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeep({"limit": MAX_DEPTH})
        opened = self._at
        self._at += 1
        node = self._or(field)
        if self._kind() != "close":
            self._at = opened
            raise UnbalancedParenthesis
        self._at += 1
        self._depth -= 1
        return node

    def _leaf(self, token: _Token, field: str) -> Node | None:
        if token.kind == "range":
            return self._range(token, field)
        if field in _EXACT:
            return self._exact(token, field)
        fields = (field,) if field else TEXT_FIELDS
        if token.kind == "phrase":
            return self._phrase(token, fields)
        if token.text in ("*", "*:*"):
            return Everything()
        if token.text.endswith("*"):
            return self._prefix(token, fields)
        return self._words.of(token.text, fields)

    def _phrase(self, token: _Token, fields: tuple[str, ...]) -> Node | None:
        if not token.low:
            return self._words.phrase(token.text, fields)
        self.told.append(Diagnostic(NearnessIgnored(), token.column))
        return _join([node for node in (self._words.of(w, fields) for w in token.text.split()) if node is not None])

    def _prefix(self, token: _Token, fields: tuple[str, ...]) -> Node | None:
        word = token.text.rstrip("*")
        if len(word) < SHORTEST_PREFIX and word.isascii():
            self.told.append(Diagnostic(PrefixTooShort({"limit": SHORTEST_PREFIX}), token.column))
            return self._words.of(word, fields)
        return self._words.prefix(word, fields)

    def _exact(self, token: _Token, field: str) -> Node:
        value = exact_term(token.text)
        if field == "hash":
            if len(value.rstrip("*")) < SHORTEST_HASH:
                self.told.append(Diagnostic(PrefixTooShort({"limit": SHORTEST_HASH}), token.column))
            return Exact("hash", value.rstrip("*"), prefix=len(value.rstrip("*")) >= SHORTEST_HASH)
        if value == "*":
            return Everything()
        if value.endswith("*") and token.kind == "word":
            return Exact(_EXACT[field], value.rstrip("*"), prefix=True)
        return Exact(_EXACT[field], value)

    def _range(self, token: _Token, field: str) -> Node:
        """Years are few: a range of them is one of each."""
        low = str(_YEARS[0]) if token.low == "*" else token.low
        high = str(_YEARS[1]) if token.high == "*" else token.high
        if field != "year" or not (_DIGITS4.fullmatch(low) and _DIGITS4.fullmatch(high)):
            raise BadRange
        first = int(low) + token.text.startswith("{")
        last = min(int(high) - token.text.endswith("}"), first + MAX_EXPANSIONS - 1)
        return Or(tuple(Exact("year", str(year)) for year in range(first, last + 1)))


class _WordNodes:
    """Words of a query become nodes here: folded, widened by synonyms, cut into tokens."""

    def __init__(self, analyser: Analyser, synonyms: Synonyms) -> None:
        self._analyser = analyser
        self._synonyms = synonyms

    def of(self, word: str, fields: tuple[str, ...]) -> Node | None:
        """Return a node for a word as typed, or None when it holds no letter or digit."""
        pieces = (piece for piece in _APART.split(self._analyser.fold(word)) if piece)
        return _join([node for node in (self._widened(piece, fields) for piece in pieces) if node is not None])

    def phrase(self, text: str, fields: tuple[str, ...]) -> Node | None:
        """Return a node for a quoted text: nothing is widened, and 京都 is never 東京都."""
        probe = self._analyser.probe(self._analyser.fold(text))
        if probe is None:
            return None
        words = _words(probe, fields)
        return And((words, Words(probe.edges[:1], ("edge",)))) if probe.place else words

    def prefix(self, word: str, fields: tuple[str, ...]) -> Node | None:
        """Return a node for the beginning of a word."""
        probe = self._analyser.probe(self._analyser.fold(word))
        if probe is None:
            return None
        # A CJK word of two characters or more is open at its end anyhow.
        ends_open = probe.prefix or probe.tokens[-1].isascii()
        return Words(probe.tokens, fields, ends_open, probe.edges, probe.place)

    def _widened(self, folded: str, fields: tuple[str, ...]) -> Node | None:
        nodes: list[Node] = []
        for variant in self._synonyms.variants(folded):
            probe = self._analyser.probe(variant)
            if probe is not None:
                nodes.append(_words(probe, fields))
        if fields == TEXT_FIELDS:
            nodes.extend(Words((code,), ("code",)) for code in self._codes(folded))
        unique = tuple(dict.fromkeys(nodes))
        return _join(unique) if len(unique) < 2 else Or(unique)  # noqa: PLR2004 - one alternative is none

    def _codes(self, folded: str) -> Iterable[str]:
        """Return the word as codes are indexed, where it may be one: 0547-62-1 or 0547621."""
        yield from dict.fromkeys(self._analyser.codes(folded))
        if _BARE_CODE.fullmatch(folded):
            yield folded


def _words(probe: Probe, fields: tuple[str, ...]) -> Words:
    return Words(probe.tokens, fields, probe.prefix, probe.edges, probe.place)
