"""Makes the evidence bundle of one file from the archive and the log alone; archive.verify reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive.errors import ArchiveError
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.objects import layout
from archive.objects.root import StorageRoot, StoredFile
from archive.packages.testimony import Context, testify
from archive.records import base64_strict, jcs, rowtree
from archive.records.errors import BadManifest, Erased, NotJson
from archive.records.manifest import ErasedLeaf, Leaf, Manifest, read_leaf
from archive.verify import bundle as bundles

RECORD = "meta/record.json"
OPENINGS = "meta/openings.json"
FILES = "files/"
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


class NoRowTree(ArchiveError):
    code = "VER-042"
    ja = "「{path}」は行ごとに証明できる形で公開されていません。ファイル全体の証拠を使ってください。"
    en = "{path} was not published in a way that proves single rows. Use the evidence for the whole file."
    zh = "「{path}」未以可逐列證明的方式公開。請使用整個檔案的證據。"


class NoSuchRow(ArchiveError):
    code = "VER-043"
    ja = "第{row}行はありません(見出しを0として {rows} 行)。"
    en = "There is no row {row}: the table has {rows}, the header being row 0."
    zh = "沒有第 {row} 列(共 {rows} 列,標題列為 0)。"


@dataclass(frozen=True)
class Stored:
    """Where a release lies in the archive, and the statement that published it."""

    dataset: str
    volume: int
    ocfl_version: int
    log_index: int


def build_bundle(
    root: StorageRoot, log: LogReader, stored: Stored, path: str, context: Context | None = None
) -> dict[str, Any]:
    """Return the bundle of the file `path` in a release.

    It is built, not checked: `archive.verify` tells whether archive and log still fit each other.

    Raises:
        EvidenceMissing: a part is not in the archive, or cannot be read.
        BadManifest: the release has no such file, or its openings have another shape.
        EvidenceTooLarge: it would not be accepted by a verifier.
        NoSuchObject, NoSuchVersion, NoSuchFile, BadInventory: as `StorageRoot.state`.
        What `LogReader.entry` and `LogReader.inclusion_proof` raise.

    """
    parts = _Parts(root, stored)
    index = _place(parts.tree, path)
    leaf = _open(parts.tree, index)
    digest = leaf.digest()
    return _whole(
        log,
        stored,
        context,
        {
            "file": {"path": digest.path, "size": digest.size, "sha256": digest.sha256.hex()},
            "manifest": {
                "leaf": leaf.text,
                "opening": {"salt": base64_strict.encode(leaf.salt), "value": leaf.value},
                **parts.place(index),
            },
            "record": parts.record(),
        },
    )


def build_release_bundle(
    root: StorageRoot, log: LogReader, stored: Stored, context: Context | None = None
) -> dict[str, Any]:
    """Return the bundle of every file of a release. Raises as `build_bundle`."""
    parts = _Parts(root, stored)
    leaves = [_leaf(leaf) for leaf in parts.tree.leaves]
    manifest = {"leaves": leaves, "salt": base64_strict.encode(parts.tree.salt)}
    return _whole(log, stored, context, {"manifest": manifest, "record": parts.record()})


def build_row_bundle(
    root: StorageRoot, log: LogReader, stored: Stored, path: str, row: int, context: Context | None = None
) -> dict[str, Any]:
    """Return the bundle of row number `row` (0 is the header) of the table `path`, without the rest of the table.

    Raises NoRowTree when the release was published without one, NoSuchRow, and as `build_bundle`.
    """
    parts = _Parts(root, stored)
    index = _place(parts.tree, path)
    leaf = _open(parts.tree, index)
    said = read_leaf(leaf.text)
    if said.rows is None or leaf.row_seed is None:
        raise NoRowTree({"path": path[:200]})
    if not 0 <= row < said.rows.n:
        raise NoSuchRow({"row": row, "rows": said.rows.n})
    proof = rowtree.prove(list(rowtree.split(parts.bytes_of(path))), leaf.row_seed, row)
    return _whole(
        log,
        stored,
        context,
        {
            "file": {"path": said.path, "size": said.size},
            "row": {
                "index": row,
                "raw": base64_strict.encode(proof.raw),
                "seed": base64_strict.encode(proof.seed),
                "path": [base64_strict.encode(step) for step in proof.path],
            },
            "manifest": {"leaf": leaf.text, **parts.place(index)},
            "record": parts.record(),
        },
    )


def build_erased_bundle(
    root: StorageRoot, log: LogReader, stored: Stored, index: int, context: Context | None = None
) -> dict[str, Any]:
    """Return the bundle of file number `index`, which was erased: that it was there, and by which law it went.

    Raises BadManifest for a number that the release does not have, and as `build_bundle`.
    """
    parts = _Parts(root, stored)
    if not 0 <= index < len(parts.tree.leaves):
        raise BadManifest({"why": f"no file number {index}"})
    manifest = {"hash": base64_strict.encode(parts.tree.leaves[index].hash), **parts.place(index)}
    return _whole(log, stored, context, {"manifest": manifest, **parts.record_if_kept()})


def _leaf(leaf: Leaf | ErasedLeaf) -> dict[str, Any]:
    if isinstance(leaf, ErasedLeaf):
        return {"hash": base64_strict.encode(leaf.hash)}
    return {"leaf": leaf.text, "opening": {"salt": base64_strict.encode(leaf.salt), "value": leaf.value}}


def _whole(log: LogReader, stored: Stored, context: Context | None, parts: dict[str, Any]) -> dict[str, Any]:
    said = testify(log, stored.log_index, context or Context())
    body = read_statement(said["statement"]["entry"].encode()).body
    release = {"dataset": body.get("dataset"), "version": body.get("version")}
    found = {"format": bundles.FORMAT, "release": release, **parts, **said}
    size = len(json.dumps(found, ensure_ascii=False, indent=1).encode())
    if size > bundles.MAX_BYTES - 1:
        raise EvidenceTooLarge({"bytes": size, "limit": bundles.MAX_BYTES})
    return found


class _Parts:
    """What the archive holds of one release, read once."""

    def __init__(self, root: StorageRoot, stored: Stored) -> None:
        self._state = root.state(layout.object_id(stored.dataset, stored.volume), stored.ocfl_version)
        self._openings = _openings(_read(self._state, OPENINGS))
        self.tree = _manifest(self._openings)

    def place(self, index: int) -> dict[str, Any]:
        return {
            "index": index,
            "size": len(self.tree.leaves),
            "path": [base64_strict.encode(step) for step in self.tree.proof(index)],
            "salt": base64_strict.encode(self.tree.salt),
        }

    def record(self) -> dict[str, str]:
        return {"text": _text(_read(self._state, RECORD)), "salt": _member(self._openings, "metadata", "salt")}

    def record_if_kept(self) -> dict[str, Any]:
        """Return the record's member, or nothing when the words were erased with the files."""
        return {"record": self.record()} if isinstance(self._openings.get("metadata"), dict) else {}

    def bytes_of(self, path: str) -> bytes:
        return _read(self._state, FILES + path)


def _open(tree: Manifest, index: int) -> Leaf:
    leaf = tree.leaves[index]
    if isinstance(leaf, ErasedLeaf):
        raise Erased
    return leaf


def _place(tree: Manifest, path: str) -> int:
    spelled = jcs.canonical(path).decode()  # opening every leaf of a large release would cost a second
    for index, leaf in tree.opened:
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
