"""Reads the members of a bundle one by one: each of its type and within its limit, or BadBundle names it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from archive.records import base64_strict, jcs
from archive.records.errors import NotJson
from archive.records.names import escaped
from archive.verify.errors import BadBundle

T = TypeVar("T")


def members(found: Any, where: str, *names: str) -> dict[str, Any]:
    """Return the object `found` with exactly `names` (those that end in `?` may be absent); `x` is ignored."""
    if not isinstance(found, dict):
        raise BadBundle({"member": where, "why": "not an object"})
    required = {name for name in names if not name.endswith("?")}
    known = {name.removesuffix("?") for name in names} | {"x"}
    wrong = sorted((required - set(found)) | (set(found) - known))
    if wrong:
        raise BadBundle({"member": f"{where}: {escaped(wrong[0][:40])}", "why": "missing or unknown"})
    return found


def text(member: str, value: Any, limit: int) -> str:
    """Return a text of 1 to `limit` characters."""
    if not isinstance(value, str) or not value or len(value) > limit:
        raise BadBundle({"member": member, "why": f"text of 1 to {limit} characters"})
    return value


def entry(member: str, value: Any) -> bytes:
    """Return a log entry's bytes."""
    return text(member, value, jcs.MAX_BYTES).encode()


def count(member: str, value: Any) -> int:
    """Return a whole number, 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadBundle({"member": member, "why": "a whole number, 0 or more"})
    return value


def hash_of(member: str, value: Any, size: int = 32) -> bytes:
    """Return the `size` bytes of a hash, a seed or a salt."""
    try:
        return base64_strict.decode(text(member, value, 4 * -(-size // 3)), size)
    except NotJson as wrong:
        raise BadBundle({"member": member, "why": f"base64 of {size} bytes"}) from wrong


def blob(member: str, value: Any, limit: int) -> bytes:
    """Return 1 to `limit` bytes that were written in standard base64, in its one canonical spelling."""
    try:
        return base64_strict.decode(text(member, value, 4 * (limit // 3)))
    except NotJson as wrong:
        raise BadBundle({"member": member, "why": "base64"}) from wrong


def many(member: str, value: Any, limit: int, item: Callable[[Any], T]) -> tuple[T, ...]:
    """Return the items of a list of at most `limit`."""
    if not isinstance(value, list) or len(value) > limit:
        raise BadBundle({"member": member, "why": f"a list of at most {limit}"})
    return tuple(item(each) for each in value)


def word(member: str, value: Any, choices: Mapping[str, T]) -> T:
    """Return what one of a few words stands for."""
    if not isinstance(value, str) or value not in choices:
        raise BadBundle({"member": member, "why": f"one of {', '.join(choices)}"})
    return choices[value]
