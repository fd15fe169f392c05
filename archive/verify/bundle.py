"""Evidence bundle format 1: one JSON document, read strictly. Written by archive.packages.evidence.

Nothing in a bundle is believed for standing there: it only brings what `archive.verify.steps` checks. Members that are
not listed in docs/reference/evidence-bundle.md are refused, except below `x`.
"""

import re
from typing import Any

from archive.ledger.policy import MAX_POLICY_BYTES
from archive.records import jcs
from archive.records.manifest import ErasedLeaf, Leaf
from archive.records.names import MAX_PATH_BYTES, escaped
from archive.records.rowtree import RowProof
from archive.verify.claims import (
    AnchorClaim,
    BindingClaim,
    Bundle,
    ErasedFile,
    OneFile,
    OneRow,
    Place,
    RecordClaim,
    RenewalClaim,
    StatementClaim,
    Subject,
    WholeRelease,
)
from archive.verify.errors import BadBundle, UnknownBundle
from archive.verify.shapes import blob, count, entry, hash_of, many, members, text, word

FORMAT = "ishibumi-evidence/1"
MAX_BYTES = 8 * 1024 * 1024
MAX_KEYS = 64
MAX_LATER = 64
MAX_ANCHORS = 16
MAX_STEPS = 63
MAX_FILES = 10_000
MAX_TOKEN = 64 * 1024
_WIDE = 64
_HEADER = 80
_MAX_SHORT = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = {name: name for name in ("rfc3161", "opentimestamps")}
_BINDINGS = {name: name for name in ("x509", "well-known", "vouch")}


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
    required = ("format", "release", "manifest", "statement", "keys", "proof", "policy")
    optional = ("file?", "row?", "record?", "later?", "anchors?", "renewals?", "bindings?")
    whole = members(found, "evidence", *required, *optional)
    release = members(whole["release"], "release", "dataset", "version")
    statement = members(whole["statement"], "statement", "entry", "index")
    subject, salt = _subject(whole)
    if "record" not in whole and not isinstance(subject, ErasedFile):
        raise BadBundle({"member": "evidence: record", "why": "missing or unknown"})
    return Bundle(
        dataset=text("release.dataset", release["dataset"], _MAX_SHORT),
        version=count("release.version", release["version"]),
        subject=subject,
        manifest_salt=salt,
        record=_record("record", whole["record"]) if "record" in whole else None,
        publish=StatementClaim(
            entry("statement.entry", statement["entry"]),
            count("statement.index", statement["index"]),
            text("proof", whole["proof"], MAX_BYTES).encode(),
        ),
        keys=many("keys", whole["keys"], MAX_KEYS, lambda each: _statement("keys[]", each)),
        later=many("later", whole.get("later", []), MAX_LATER, lambda each: _statement("later[]", each)),
        anchors=many("anchors", whole.get("anchors", []), MAX_ANCHORS, lambda each: _anchor("anchors[]", each)),
        renewals=many("renewals", whole.get("renewals", []), MAX_ANCHORS, _renewal),
        bindings=many("bindings", whole.get("bindings", []), MAX_ANCHORS, _binding),
        policy=text("policy", whole["policy"], MAX_POLICY_BYTES),
    )


def _subject(whole: dict[str, Any]) -> tuple[Subject, bytes]:
    """Return what the bundle is for, told by which members it has, and the salt of the manifest's commitment."""
    manifest = whole["manifest"]
    if "row" in whole:
        given = members(manifest, "manifest", "leaf", "index", "size", "path", "salt")
        file = members(whole.get("file"), "file", "path", "size")
        row = members(whole["row"], "row", "index", "raw", "seed", "path")
        proof = RowProof(
            count("row.index", row["index"]),
            blob("row.raw", row["raw"], MAX_BYTES),
            hash_of("row.seed", row["seed"]),
            _path("row.path", row["path"]),
        )
        leaf = text("manifest.leaf", given["leaf"], jcs.MAX_BYTES)
        path = text("file.path", file["path"], MAX_PATH_BYTES)
        found: Subject = OneRow(path, count("file.size", file["size"]), leaf, _place(given), proof)
    elif "file" in whole:
        given = members(manifest, "manifest", "leaf", "opening", "index", "size", "path", "salt")
        found = _one_file(whole["file"], given)
    elif isinstance(manifest, dict) and "leaves" in manifest:
        given = members(manifest, "manifest", "leaves", "salt")
        found = WholeRelease(many("manifest.leaves", given["leaves"], MAX_FILES, _opened_leaf))
    else:
        given = members(manifest, "manifest", "hash", "index", "size", "path", "salt")
        found = ErasedFile(hash_of("manifest.hash", given["hash"]), _place(given))
    return found, hash_of("manifest.salt", given["salt"])


def _one_file(found: Any, manifest: dict[str, Any]) -> OneFile:
    file = members(found, "file", "path", "size", "sha256")
    digest = text("file.sha256", file["sha256"], 64)
    if not _SHA256.fullmatch(digest):
        raise BadBundle({"member": "file.sha256", "why": "64 hex digits"})
    return OneFile(
        text("file.path", file["path"], MAX_PATH_BYTES),
        count("file.size", file["size"]),
        bytes.fromhex(digest),
        _leaf(manifest["leaf"], manifest["opening"]),
        _place(manifest),
    )


def _opened_leaf(found: Any) -> Leaf | ErasedLeaf:
    if isinstance(found, dict) and "hash" in found:
        return ErasedLeaf(hash_of("manifest.leaves[].hash", members(found, "manifest.leaves[]", "hash")["hash"]))
    given = members(found, "manifest.leaves[]", "leaf", "opening")
    return _leaf(given["leaf"], given["opening"])


def _leaf(leaf: Any, opening: Any) -> Leaf:
    given = members(opening, "manifest.opening", "salt", "value")
    return Leaf(
        text("manifest.leaf", leaf, jcs.MAX_BYTES),
        hash_of("manifest.opening.salt", given["salt"]),
        text("manifest.opening.value", given["value"], jcs.MAX_BYTES),
    )


def _place(manifest: dict[str, Any]) -> Place:
    return Place(
        count("manifest.index", manifest["index"]),
        count("manifest.size", manifest["size"]),
        _path("manifest.path", manifest["path"]),
    )


def _path(member: str, found: Any, size: int = 32) -> tuple[bytes, ...]:
    return many(member, found, MAX_STEPS, lambda step: hash_of(member, step, size))


def _record(where: str, found: Any) -> RecordClaim:
    record = members(found, where, "text", "salt")
    return RecordClaim(
        text(f"{where}.text", record["text"], MAX_BYTES).encode(), hash_of(f"{where}.salt", record["salt"])
    )


def _statement(where: str, found: Any) -> StatementClaim:
    given = members(found, where, "entry", "index", "proof", *(["record?"] if where == "later[]" else []))
    return StatementClaim(
        entry(f"{where}.entry", given["entry"]),
        count(f"{where}.index", given["index"]),
        text(f"{where}.proof", given["proof"], MAX_BYTES).encode(),
        _record(f"{where}.record", given["record"]) if "record" in given else None,
    )


def _anchor(where: str, found: Any) -> AnchorClaim:
    given = members(found, where, "kind", "by", "token", "header?", "proof")
    header = hash_of(f"{where}.header", given["header"], _HEADER) if "header" in given else b""
    return AnchorClaim(
        word(f"{where}.kind", given["kind"], _KINDS),
        text(f"{where}.by", given["by"], _MAX_SHORT),
        blob(f"{where}.token", given["token"], MAX_TOKEN),
        header,
        text(f"{where}.proof", given["proof"], MAX_BYTES).encode(),
    )


def _renewal(found: Any) -> RenewalClaim:
    given = members(found, "renewals[]", "statement", "path", "token", "anchor")
    token = members(given["token"], "renewals[].token", "index", "size", "path")
    return RenewalClaim(
        _statement("renewals[].statement", given["statement"]),
        _path("renewals[].path", given["path"], _WIDE),
        count("renewals[].token.index", token["index"]),
        count("renewals[].token.size", token["size"]),
        _path("renewals[].token.path", token["path"], _WIDE),
        _anchor("renewals[].anchor", given["anchor"]),
    )


def _binding(found: Any) -> BindingClaim:
    given = members(found, "bindings[]", "kind", "vkey", "content", "certificates?", "source")
    return BindingClaim(
        word("bindings[].kind", given["kind"], _BINDINGS),
        text("bindings[].vkey", given["vkey"], 3_000),
        blob("bindings[].content", given["content"], MAX_TOKEN),
        many("bindings[].certificates", given.get("certificates", []), 8, _certificate),
        text("bindings[].source", given["source"], 2_000),
    )


def _certificate(found: Any) -> bytes:
    return blob("bindings[].certificates[]", found, MAX_TOKEN)
