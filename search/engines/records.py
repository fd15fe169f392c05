"""What engines keep of a unit beside their postings: the unit itself, sealed by a digest, and its numbers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from search.analysis import Analyser
from search.port import FACETS, TEXT_FIELDS, Corrupt, Unit, exact_term

_FIELDS = tuple(sorted(Unit.__dataclass_fields__))
_TUPLES = ("codes", "format", "theme", "region", "year", "acl")


def number(text: str) -> int:
    """Return a 63-bit number for a name: equal names, equal numbers; fits every engine's integer column."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def facet_values(unit: Unit) -> dict[str, tuple[str, ...]]:
    return {name: unit.facet(name) for name in FACETS}


def traits(unit: Unit) -> int:
    """Return one number for the combination of facet values of a unit."""
    return number(json.dumps(facet_values(unit), sort_keys=True, ensure_ascii=False))


def digest(unit: Unit) -> str:
    """Return the content digest of a unit: what `uids()` gives and what stored text is checked against."""
    return hashlib.sha256(_dump(unit).encode()).hexdigest()[:32]


def seal(unit: Unit) -> str:
    """Return the unit as stored text that says whether it is still what was stored."""
    body = _dump(unit)
    return hashlib.sha256(body.encode()).hexdigest()[:32] + body


def unseal(stored: str) -> Unit:
    """Return the unit of a stored text. Raises Corrupt when one bit of it has changed."""
    seal_of, body = stored[:32], stored[32:]
    if hashlib.sha256(body.encode()).hexdigest()[:32] != seal_of:
        raise Corrupt({"reason": "stored unit"})
    values: dict[str, Any] = json.loads(body)
    values.update({name: tuple(values[name]) for name in _TUPLES})
    return Unit(**values)


def texts(unit: Unit, analyser: Analyser) -> Mapping[str, tuple[str, ...]]:
    """Return the tokens of each text field of the index."""
    found: dict[str, tuple[str, ...]] = {}
    edges: list[str] = []
    codes = [token for code in unit.codes for token in whole_code(code, analyser)]
    for name in TEXT_FIELDS:
        analysed = analyser.analyse(getattr(unit, name))
        found[name] = analysed.tokens
        edges.extend(analysed.edges)
        codes.extend(analysed.codes)
    return {**found, "edge": tuple(edges), "code": tuple(dict.fromkeys(codes))}


def whole_code(code: str, analyser: Analyser) -> tuple[str, ...]:
    """Return a code given as such the way queries ask for it: folded, letters and digits only."""
    kept = "".join(char for char in analyser.fold(code) if char.isalnum())[:64]
    return (kept,) if kept else ()


def acl_terms(acl: frozenset[str]) -> list[str]:
    return sorted(exact_term(group) for group in acl)


def _dump(unit: Unit) -> str:
    values = {name: getattr(unit, name) for name in _FIELDS}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
