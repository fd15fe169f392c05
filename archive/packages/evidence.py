"""Makes the evidence bundle of one file from the archive and the log alone; archive.verify reads it."""

import json
from collections.abc import Mapping
from typing import Any

from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.proof import TlogProof
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import changes_ring, read_statement
from archive.objects import layout
from archive.objects.root import StorageRoot, StoredFile
from archive.records import base64_strict, dsse, jcs
from archive.records.errors import BadManifest, NotJson
from archive.records.manifest import Manifest
from archive.verify import bundle as bundles

RECORD = "meta/record.json"
OPENINGS = "meta/openings.json"
_MAX_OPENINGS = 256 * 1024 * 1024


class EvidenceMissing(ArchiveError):
    code = "VER-040"
    ja = "証拠を作るための「{what}」が書庫にありません({why})。複製かバックアップから戻してください。"
    en = "The archive lacks {what}, which the evidence needs ({why}). Restore it from a replica or a backup."
    zh = "封存庫缺少製作證據所需的「{what}」({why})。請由複本或備份還原。"


class EvidenceTooLarge(ArchiveError):
    code = "VER-041"
    ja = "証拠が大きすぎます({bytes} バイト。上限は {limit} バイト)。一つの版のファイルを減らしてください。"
    en = "The evidence is too large ({bytes} bytes; the limit is {limit}). Publish fewer files in one release."
    zh = "證據過大({bytes} 位元組,上限為 {limit})。請減少單一版本的檔案數。"


def build_bundle(
    root: StorageRoot,
    log: LogReader,
    *,
    dataset: str,
    volume: int,
    ocfl_version: int,
    path: str,
    log_index: int,
) -> dict[str, Any]:
    """Return the bundle of the file `path` in the release that statement `log_index` published.

    All its proofs are under the checkpoint that is published now. It is built, not checked: `archive.verify` tells
    whether archive and log still fit each other.

    Raises:
        EvidenceMissing: a part is not in the archive, or cannot be read.
        BadManifest: the release has no such file, or its openings have another shape.
        EvidenceTooLarge: it would not be accepted by a verifier.
        NoSuchObject, NoSuchVersion, NoSuchFile, BadInventory: as `StorageRoot.state`.
        What `LogReader.entry` and `LogReader.inclusion_proof` raise.

    """
    state = root.state(layout.object_id(dataset, volume), ocfl_version)
    openings = _openings(_read(state, OPENINGS))
    tree = _manifest(openings)
    index = _place(tree, path)
    leaf = tree.leaves[index]
    digest = leaf.digest()
    head = log.checkpoint()
    entry = log.entry(log_index)
    statement = read_statement(entry)
    found = {
        "format": bundles.FORMAT,
        "file": {"path": digest.path, "size": digest.size, "sha256": digest.sha256.hex()},
        "release": {"dataset": statement.body.get("dataset"), "version": statement.body.get("version")},
        "manifest": {
            "leaf": leaf.text,
            "opening": {"salt": base64_strict.encode(leaf.salt), "value": leaf.value},
            "index": index,
            "size": len(tree.leaves),
            "path": [base64_strict.encode(step) for step in tree.proof(index)],
            "salt": base64_strict.encode(tree.salt),
        },
        "record": {"text": _text(_read(state, RECORD)), "salt": _member(openings, "metadata", "salt")},
        "statement": {"entry": _text(entry), "index": log_index},
        "keys": [
            {"entry": _text(key), "index": at, "proof": _proof(log, at, head)}
            for at, key in _keys(log, entry, log_index)
        ],
        "proof": _proof(log, log_index, head),
        "policy": read_statement(log.entry(0)).body["policy"],
    }
    size = len(json.dumps(found, ensure_ascii=False, indent=1).encode())
    if size > bundles.MAX_BYTES - 1:
        raise EvidenceTooLarge({"bytes": size, "limit": bundles.MAX_BYTES})
    return found


def _keys(log: LogReader, entry: bytes, log_index: int) -> list[tuple[int, bytes]]:
    """Return genesis and the add-key statements that lead from it to the key of `entry`, in the log's order."""
    brought: dict[tuple[str, str], tuple[int, bytes]] = {}
    for at, candidate in enumerate(log.entries(1, log_index), start=1):
        if changes_ring(candidate) and (added := read_statement(candidate)).type == "add-key":
            vkey = str(added.body["vkey"])
            name, keyid, _ = vkey.split("+", 2)
            brought.setdefault((name, keyid), (at, candidate))
    chain: list[tuple[int, bytes]] = []
    wanted = brought.get(_signer(entry))
    while wanted is not None and len(chain) < bundles.MAX_KEYS:
        chain.append(wanted)
        before = brought.get(_signer(wanted[1]))
        wanted = before if before is not None and before[0] < wanted[0] else None
    return [(0, log.entry(0)), *reversed(chain)]


def _signer(entry: bytes) -> tuple[str, str]:
    return read_statement(entry).agency, dsse.open_entry(entry).keyid


def _proof(log: LogReader, index: int, head: SignedCheckpoint) -> str:
    return TlogProof(index, tuple(log.inclusion_proof(index, head.size)), head).encode().decode()


def _place(tree: Manifest, path: str) -> int:
    spelled = jcs.canonical(path).decode()  # opening every leaf of a large release would cost a second
    for index, leaf in enumerate(tree.leaves):
        if spelled in leaf.text and leaf.digest().path == path:
            return index
    raise BadManifest({"why": f"no file {path[:200]}"})


def _read(state: Mapping[str, StoredFile], logical_path: str) -> bytes:
    stored = state.get(logical_path)
    if stored is None:
        raise EvidenceMissing({"what": logical_path, "why": "not in this version"})
    try:
        with stored.path.open("rb") as source:
            return source.read(_MAX_OPENINGS)
    except OSError as trouble:
        raise EvidenceMissing({"what": logical_path, "why": trouble.strerror or "unreadable"}) from trouble


def _openings(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as wrong:
        raise EvidenceMissing({"what": OPENINGS, "why": "not JSON"}) from wrong
    if not isinstance(found, dict):
        raise EvidenceMissing({"what": OPENINGS, "why": "not an object"})
    return found


def _manifest(openings: dict[str, Any]) -> Manifest:
    try:
        return Manifest.from_json(openings.get("manifest"))
    except NotJson as wrong:
        raise BadManifest({"why": "salt"}) from wrong


def _member(found: dict[str, Any], name: str, inner: str) -> str:
    within = found.get(name)
    value = within.get(inner) if isinstance(within, dict) else None
    if not isinstance(value, str):
        raise EvidenceMissing({"what": OPENINGS, "why": f"{name}.{inner}"})
    return value


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise EvidenceMissing({"what": RECORD, "why": "not UTF-8"}) from wrong
