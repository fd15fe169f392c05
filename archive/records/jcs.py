"""Canonical JSON (RFC 8785): one value, one sequence of bytes. Strict on the way in, so that nothing reads two ways."""

import json
import re
import unicodedata
from typing import Any

import rfc8785

from archive.records.errors import NotCanonical, NotJson, TooLarge

MAX_BYTES = 64 * 1024
"""What a statement or an envelope may weigh: an entry of the log holds at most 65,535 bytes (C2SP tlog-tiles)."""
MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1
_HIDDEN_ASCII = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value` (str, int, bool, None, list, dict with str keys).

    Raises:
        NotJson: a float, an integer beyond 2^53-1, a lone surrogate, or another type.

    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError, TypeError) as wrong:
        raise NotJson({"why": type(wrong).__name__}) from wrong


def parse(raw: bytes, *, limit: int = MAX_BYTES, what: str = "JSON") -> Any:
    """Return the value of strict JSON bytes: UTF-8 without BOM, no duplicate keys, no floats, depth and size limited.

    Raises:
        TooLarge: more than `limit` bytes.
        NotJson: anything else that two readers could understand differently.

    """
    if len(raw) > limit:
        raise TooLarge({"what": what, "bytes": len(raw), "limit": limit})
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
    except NotJson:
        raise
    except (ValueError, RecursionError) as wrong:
        raise NotJson({"why": type(wrong).__name__}) from wrong
    _check_text_and_depth(value, 1)
    return value


def parse_canonical(raw: bytes, *, limit: int = MAX_BYTES, what: str = "JSON") -> Any:
    """Return the value of `raw` if `raw` is exactly its canonical form, so that one value has one hash.

    Raises:
        NotCanonical: the same value would be written otherwise.
        TooLarge, NotJson: as `parse`.

    """
    value = parse(raw, limit=limit, what=what)
    if not _is_plainly_canonical(value, raw) and canonical(value) != raw:
        raise NotCanonical
    return value


def _is_plainly_canonical(value: Any, raw: bytes) -> bool:
    """Return True only for canonical bytes, found quickly: where every key is ASCII, order by code point is RFC 8785's.

    The standard library writes the same strings and integers as RFC 8785 (`parse` let nothing else in), so equal bytes
    settle it; anything else is left to the library for RFC 8785.
    """
    if not _has_ascii_keys(value):
        return False
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == raw


def _has_ascii_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(key.isascii() and _has_ascii_keys(item) for key, item in value.items())
    return not isinstance(value, list) or all(map(_has_ascii_keys, value))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJson({"why": "duplicate key"})
    return members


def _no_float(text: str) -> Any:
    raise NotJson({"why": f"number {text[:20]}"})


def _integer(text: str) -> int:
    if len(text) > len(str(MAX_INTEGER)) + 1 or abs(int(text)) > MAX_INTEGER or text == "-0":
        raise NotJson({"why": f"number {text[:20]}"})
    return int(text)


def _check_text_and_depth(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotJson({"why": f"deeper than {MAX_DEPTH}"})
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check_text_and_depth(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            _check_text_and_depth(item, depth + 1)


def check_text(text: str) -> None:
    """Refuse what a reader cannot see: lone surrogates, NFD twins, control characters, bidi overrides.

    Line feed is allowed: a policy text and a description have lines.
    """
    if text.isascii():
        hidden = _HIDDEN_ASCII.search(text) is not None
    else:
        hidden = any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in text)
        hidden = hidden or not _BIDI.isdisjoint(text) or not unicodedata.is_normalized("NFC", text)
    if hidden:
        raise NotJson({"why": "text with hidden or not normalised characters"})
