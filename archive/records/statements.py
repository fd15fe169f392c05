"""Statements: what may be said in the log, and by which kind of key (LEDGER section 4).

The payload of an envelope is the canonical JSON of a statement. `parse` accepts exactly what `payload` writes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive.records import base64_strict, jcs
from archive.records.errors import BadStatement, NotJson, UnknownStatement

FORMAT = 1
MAX_TEXT = 8_192
_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_DATASET = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MEMBERS = frozenset({"v", "type", "log", "agency", "seq", "prev", "time", "body"})

Check = Callable[[str, Any], None]


@dataclass(frozen=True)
class Statement:
    """A sentence of one signer: the `seq`-th of `agency`, after the one with leaf hash `prev` (None for the first)."""

    type: str
    log: str
    agency: str
    seq: int
    prev: bytes | None
    time: datetime
    body: Mapping[str, Any]

    def payload(self) -> bytes:
        """Return the canonical bytes that are signed. Raises BadStatement when the body is not of its type."""
        check_body(self.type, self.body)
        return jcs.canonical(
            {
                "v": FORMAT,
                "type": self.type,
                "log": self.log,
                "agency": self.agency,
                "seq": self.seq,
                "prev": None if self.prev is None else base64_strict.encode(self.prev),
                "time": format_time(self.time),
                "body": dict(self.body),
            }
        )


def parse(payload: bytes) -> Statement:
    """Return the statement in a payload.

    Raises:
        UnknownStatement: a type or format version of another, perhaps newer, software.
        BadStatement: a member is missing, unknown, or of another shape.
        NotJson, NotCanonical, TooLarge: as `jcs.parse_canonical`.

    """
    found = jcs.parse_canonical(payload, what="statement")
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise BadStatement({"member": "type", "why": "missing"})
    version = found.get("v")
    if version != FORMAT or isinstance(version, bool) or found["type"] not in BODIES:
        raise UnknownStatement({"type": found["type"][:40], "v": str(version)[:20]})
    if set(found) != _MEMBERS:
        raise BadStatement({"member": ", ".join(sorted(set(found) ^ _MEMBERS))[:80], "why": "missing or unknown"})
    _text(200)("log", found["log"])
    _text(200)("agency", found["agency"])
    _count("seq", found["seq"])
    check_body(found["type"], found["body"])
    return Statement(
        type=found["type"],
        log=found["log"],
        agency=found["agency"],
        seq=found["seq"],
        prev=_previous(found["prev"], found["seq"]),
        time=parse_time("time", found["time"]),
        body=found["body"],
    )


def check_body(kind: str, body: Any) -> None:
    """Return if `body` has the members of statement type `kind`. Members under `x` are extensions and ignored.

    Raises:
        UnknownStatement: no such type here.
        BadStatement: names the member and what is wrong with it.

    """
    schema = BODIES.get(kind)
    if schema is None:
        raise UnknownStatement({"type": kind[:40], "v": FORMAT})
    if not isinstance(body, Mapping):
        raise BadStatement({"member": "body", "why": "not an object"})
    known = {name.removesuffix("?") for name in schema} | {"x"}
    for name in body:
        if name not in known:
            raise BadStatement({"member": f"body.{str(name)[:40]}", "why": "unknown"})
    for name, check in schema.items():
        member = name.removesuffix("?")
        if member in body:
            check(f"body.{member}", body[member])
        elif not name.endswith("?"):
            raise BadStatement({"member": f"body.{member}", "why": "missing"})


def format_time(moment: datetime) -> str:
    """Return a UTC moment to the second, as statements carry it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(member: str, text: Any) -> datetime:
    """Return the UTC moment of `YYYY-MM-DDTHH:MM:SSZ`. Raises BadStatement."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise BadStatement({"member": member, "why": "not YYYY-MM-DDTHH:MM:SSZ"})
    try:
        return datetime.fromisoformat(text)
    except ValueError as wrong:
        raise BadStatement({"member": member, "why": "no such moment"}) from wrong


def _previous(prev: Any, seq: int) -> bytes | None:
    if (prev is None) != (seq == 0):
        raise BadStatement({"member": "prev", "why": "null exactly when seq is 0"})
    if prev is None:
        return None
    _hash("prev", prev)
    return base64_strict.decode(prev, 32)


def _text(limit: int) -> Check:
    def check(member: str, value: Any) -> None:
        if not isinstance(value, str) or not value or len(value) > limit:
            raise BadStatement({"member": member, "why": f"text of 1 to {limit} characters"})

    return check


def _count(member: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadStatement({"member": member, "why": "a whole number, 0 or more"})


def _version(member: str, value: Any) -> None:
    _count(member, value)
    if value < 1:
        raise BadStatement({"member": member, "why": "1 or more"})


def _hash(member: str, value: Any) -> None:
    if not isinstance(value, str):
        raise BadStatement({"member": member, "why": "base64 of 32 bytes"})
    try:
        base64_strict.decode(value, 32)
    except NotJson as wrong:
        raise BadStatement({"member": member, "why": "base64 of 32 bytes"}) from wrong


def _wide_hash(member: str, value: Any) -> None:
    try:
        base64_strict.decode(value if isinstance(value, str) else "", 64)
    except NotJson as wrong:
        raise BadStatement({"member": member, "why": "base64 of 64 bytes"}) from wrong


def _key_id(member: str, value: Any) -> None:
    if not isinstance(value, str) or not _KEY_ID.fullmatch(value):
        raise BadStatement({"member": member, "why": "8 hex digits"})


def _dataset(member: str, value: Any) -> None:
    if not isinstance(value, str) or not 2 <= len(value) <= 80 or not _DATASET.fullmatch(value):  # noqa: PLR2004 - ARCHITECTURE 3
        raise BadStatement({"member": member, "why": "a dataset name: a-z, 0-9 and single hyphens, 2 to 80"})


def _moment(member: str, value: Any) -> None:
    parse_time(member, value)


def _one_of(*words: str) -> Check:
    def check(member: str, value: Any) -> None:
        if value not in words:
            raise BadStatement({"member": member, "why": f"one of {', '.join(words)}"})

    return check


def _list_of(check_item: Check, limit: int) -> Check:
    def check(member: str, value: Any) -> None:
        if not isinstance(value, list) or len(value) > limit:
            raise BadStatement({"member": member, "why": f"a list of at most {limit}"})
        for item in value:
            check_item(member, item)

    return check


def _object(members: Mapping[str, Check]) -> Check:
    def check(member: str, value: Any) -> None:
        if not isinstance(value, dict) or set(value) != set(members):
            raise BadStatement({"member": member, "why": f"an object of {', '.join(members)}"})
        for name, check_member in members.items():
            check_member(f"{member}.{name}", value[name])

    return check


_VKEY = _text(3_000)
_GROUND = _object({"code": _text(80), "law": _text(400)})

BODIES: Mapping[str, Mapping[str, Check]] = {
    "genesis": {
        "origin": _text(200),
        "log": _list_of(_VKEY, 4),
        "node": _list_of(_VKEY, 4),
        "witness": _list_of(_VKEY, 4),
        "mirror": _list_of(_VKEY, 4),
        "recovery": _hash,
        "next": _hash,
        "heirs": _object({"k": _count, "vkeys": _list_of(_VKEY, 32)}),
        "policy": _text(MAX_TEXT),
        "specs": _list_of(_text(200), 16),
    },
    "add-key": {
        "name": _text(200),
        "vkey": _VKEY,
        "role": _one_of("log", "witness", "mirror", "node", "agency"),
        "custody": _one_of("custodial", "own"),
        "not_before": _moment,
        "next?": _hash,
    },
    "revoke-key": {
        "name": _text(200),
        "keyid": _key_id,
        "reason": _one_of("superseded", "retired", "compromised"),
        "invalid_from_index": _count,
    },
    "publish": {
        "dataset": _dataset,
        "version": _version,
        "manifest": _hash,
        "metadata": _hash,
        "files": _count,
        "bytes": _count,
        "licence": _text(200),
        "supersedes?": _count,
    },
    "amend": {
        "dataset": _dataset,
        "version": _version,
        "of": _count,
        "manifest?": _hash,
        "metadata": _hash,
        "reason": _hash,
    },
    "withdraw": {
        "dataset": _dataset,
        "version": _version,
        "of": _count,
        "ground": _GROUND,
        "reason?": _hash,
        "visible_from": _moment,
    },
    "erase": {
        "dataset": _dataset,
        "version": _version,
        "of": _list_of(_count, 64),
        "scope": _one_of("bytes", "openings", "rows"),
        "files?": _list_of(_count, 1_000),
        "ground": _GROUND,
        "order": _hash,
        "completed": _moment,
    },
    "peer": {
        "origin": _text(200),
        "vkeys": _list_of(_VKEY, 4),
        "role": _one_of("witness", "mirror"),
        "checkpoint?": _text(MAX_TEXT),
    },
    "renew": {
        "from": _count,
        "to": _count,
        "hash": _one_of("sha-512"),
        "entries": _wide_hash,
        "anchors": _wide_hash,
    },
    "seal": {
        "size": _count,
        "reason": _text(400),
        "successor?": _text(200),
    },
}
"""Every type this software may append, with the members of its body; `?` marks one that may be absent."""
