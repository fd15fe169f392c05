"""Evidence bundle format 1: one JSON document, read strictly. Written by archive.packages.evidence.

Nothing in a bundle is believed for standing there: it only brings what `archive.verify.steps` checks. Members that are
not listed here are refused, except below `x`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from archive.ledger.policy import MAX_POLICY_BYTES
from archive.records import base64_strict, jcs
from archive.records.errors import NotJson
from archive.records.manifest import Leaf
from archive.records.names import MAX_PATH_BYTES, escaped
from archive.verify.errors import BadBundle, UnknownBundle

FORMAT = "ishibumi-evidence/1"
MAX_BYTES = 8 * 1024 * 1024
MAX_KEYS = 64
MAX_STEPS = 63
_MAX_SHORT = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")


@dataclass(frozen=True)
class FileClaim:
    """Which file the bundle says it is for."""

    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True)
class ManifestClaim:
    """One leaf of the manifest with its opening, the way from it to the root, and the salt that hides the root."""

    leaf: Leaf
    index: int
    size: int
    path: tuple[bytes, ...]
    salt: bytes


@dataclass(frozen=True)
class KeyClaim:
    """A statement that brings keys (genesis, add-key), and its tlog-proof."""

    entry: bytes
    index: int
    proof: bytes


@dataclass(frozen=True)
class Bundle:
    """All parts of a bundle, of the right shape and nothing more."""

    file: FileClaim
    dataset: str
    version: int
    manifest: ManifestClaim
    record: bytes
    record_salt: bytes
    entry: bytes
    index: int
    keys: tuple[KeyClaim, ...]
    proof: bytes
    policy: str


def parse(raw: bytes) -> Bundle:
    """Return the parts of a bundle.

    Raises:
        UnknownBundle: another format.
        BadBundle: a member is missing, unknown, or of another shape.
        TooLarge, NotJson: more than 8 MiB, or JSON that two readers could understand differently.

    """
    found = jcs.parse(raw, limit=MAX_BYTES, what="evidence")
    form = found.get("format") if isinstance(found, dict) else None
    if form != FORMAT:
        raise UnknownBundle({"format": escaped(form[:60]) if isinstance(form, str) else "?"})
    whole = _members(
        found,
        "evidence",
        "format",
        "file",
        "release",
        "manifest",
        "record",
        "statement",
        "keys",
        "proof",
        "policy",
    )
    release = _members(whole["release"], "release", "dataset", "version")
    record = _members(whole["record"], "record", "text", "salt")
    statement = _members(whole["statement"], "statement", "entry", "index")
    return Bundle(
        file=_file(whole["file"]),
        dataset=_text("release.dataset", release["dataset"], _MAX_SHORT),
        version=_count("release.version", release["version"]),
        manifest=_manifest(whole["manifest"]),
        record=_text("record.text", record["text"], MAX_BYTES).encode(),
        record_salt=_hash("record.salt", record["salt"]),
        entry=_entry("statement.entry", statement["entry"]),
        index=_count("statement.index", statement["index"]),
        keys=tuple(_list("keys", whole["keys"], MAX_KEYS, _key)),
        proof=_text("proof", whole["proof"], MAX_BYTES).encode(),
        policy=_text("policy", whole["policy"], MAX_POLICY_BYTES),
    )


def _file(found: Any) -> FileClaim:
    file = _members(found, "file", "path", "size", "sha256")
    digest = _text("file.sha256", file["sha256"], 64)
    if not _SHA256.fullmatch(digest):
        raise BadBundle({"member": "file.sha256", "why": "64 hex digits"})
    path = _text("file.path", file["path"], MAX_PATH_BYTES)
    return FileClaim(path, _count("file.size", file["size"]), bytes.fromhex(digest))


def _manifest(found: Any) -> ManifestClaim:
    given = _members(found, "manifest", "leaf", "opening", "index", "size", "path", "salt")
    opening = _members(given["opening"], "manifest.opening", "salt", "value")
    leaf = Leaf(
        _text("manifest.leaf", given["leaf"], jcs.MAX_BYTES),
        _hash("manifest.opening.salt", opening["salt"]),
        _text("manifest.opening.value", opening["value"], jcs.MAX_BYTES),
    )
    return ManifestClaim(
        leaf,
        _count("manifest.index", given["index"]),
        _count("manifest.size", given["size"]),
        tuple(_list("manifest.path", given["path"], MAX_STEPS, lambda step: _hash("manifest.path", step))),
        _hash("manifest.salt", given["salt"]),
    )


def _key(found: Any) -> KeyClaim:
    key = _members(found, "keys[]", "entry", "index", "proof")
    return KeyClaim(
        _entry("keys[].entry", key["entry"]),
        _count("keys[].index", key["index"]),
        _text("keys[].proof", key["proof"], MAX_BYTES).encode(),
    )


def _members(found: Any, where: str, *names: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BadBundle({"member": where, "why": "not an object"})
    wrong = sorted((set(found) - {"x"}) ^ set(names))
    if wrong:
        raise BadBundle({"member": f"{where}: {escaped(wrong[0][:40])}", "why": "missing or unknown"})
    return found


def _text(member: str, value: Any, limit: int) -> str:
    if not isinstance(value, str) or not value or len(value) > limit:
        raise BadBundle({"member": member, "why": f"text of 1 to {limit} characters"})
    return value


def _entry(member: str, value: Any) -> bytes:
    return _text(member, value, jcs.MAX_BYTES).encode()


def _count(member: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadBundle({"member": member, "why": "a whole number, 0 or more"})
    return value


def _hash(member: str, value: Any) -> bytes:
    try:
        return base64_strict.decode(_text(member, value, 44), 32)
    except NotJson as wrong:
        raise BadBundle({"member": member, "why": "base64 of 32 bytes"}) from wrong


def _list(member: str, value: Any, limit: int, item: Callable[[Any], T]) -> list[T]:
    if not isinstance(value, list) or len(value) > limit:
        raise BadBundle({"member": member, "why": f"a list of at most {limit}"})
    return [item(each) for each in value]
