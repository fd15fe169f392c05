"""The manifest tree of a release: one leaf a file, so that one file can be proved, or erased, without the others.

A leaf is the canonical JSON of `{bytes, path, rows?, salt, size}`; `bytes` commits, with its own salt, to the file's
SHA-256 and its tree of 64 KiB chunks, `rows` names the row tree of a table (LEDGER section 4). The root goes into the
publish statement by commitment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archive import merkle
from archive.records import base64_strict, jcs
from archive.records.commit import check_opening, commitment, new_salt
from archive.records.errors import BadManifest, Erased, RecordError
from archive.records.rowtree import Rows

CHUNK = 65_536


@dataclass(frozen=True)
class FileDigest:
    """What the bytes of one file are: SHA-256 of the whole, and the RFC 6962 root over its 64 KiB chunks."""

    path: str
    size: int
    sha256: bytes
    chunks: int
    chunk_root: bytes
    rows: Rows | None = None


@dataclass(frozen=True)
class LeafText:
    """What a leaf says without its opening: enough to prove one row."""

    path: str
    size: int
    commitment: bytes
    rows: Rows | None


@dataclass(frozen=True)
class Leaf:
    """One file's place in the tree: the leaf's exact text, and the opening of its `bytes` commitment.

    `row_seed` opens the row tree; it is kept with the openings and never part of a bundle for the file.
    """

    text: str
    salt: bytes
    value: str
    row_seed: bytes | None = None

    @property
    def hash(self) -> bytes:
        """The RFC 6962 leaf hash."""
        return merkle.leaf_hash(self.text.encode())

    def digest(self) -> FileDigest:
        """Return what the leaf says, after checking that the opening opens it.

        Raises:
            BadManifest: leaf or opening have another shape.
            WrongOpening: the opening belongs to other bytes.

        """
        leaf = read_leaf(self.text)
        value = _members(self.value, {"chunks", "sha256"})
        chunks = value["chunks"]
        if not isinstance(chunks, dict) or set(chunks) != {"n", "root", "size"} or chunks["size"] != CHUNK:
            raise BadManifest({"why": "chunks"})
        texts = (value["sha256"], chunks["root"])
        if not all(isinstance(item, str) for item in texts) or type(chunks["n"]) is not int:
            raise BadManifest({"why": "member types"})
        check_opening("bytes", self.salt, self.value.encode(), leaf.commitment)
        return FileDigest(
            path=leaf.path,
            size=leaf.size,
            sha256=base64_strict.decode(value["sha256"], 32),
            chunks=chunks["n"],
            chunk_root=base64_strict.decode(chunks["root"], 32),
            rows=leaf.rows,
        )


@dataclass(frozen=True)
class ErasedLeaf:
    """The place of a file that was erased: the hash holds the tree together, and tells nothing."""

    hash: bytes

    def digest(self) -> FileDigest:
        """Raise Erased: there is nothing left to tell."""
        raise Erased


def read_leaf(text: str) -> LeafText:
    """Return what a leaf's text says. Raises BadManifest, NotJson."""
    leaf = _members(text, {"bytes", "path", "salt", "size"}, frozenset({"rows"}))
    if not all(isinstance(leaf[name], str) for name in ("path", "bytes", "salt")) or type(leaf["size"]) is not int:
        raise BadManifest({"why": "member types"})
    rows = Rows.from_json(leaf["rows"]) if "rows" in leaf else None
    return LeafText(leaf["path"], leaf["size"], base64_strict.decode(leaf["bytes"], 32), rows)


@dataclass(frozen=True)
class Manifest:
    """The leaves of a release in the order of their path bytes, and the salt that hides their root."""

    leaves: tuple[Leaf | ErasedLeaf, ...]
    salt: bytes

    @property
    def opened(self) -> list[tuple[int, Leaf]]:
        """Every leaf that was not erased, with its place."""
        return [(index, leaf) for index, leaf in enumerate(self.leaves) if isinstance(leaf, Leaf)]

    @property
    def root(self) -> bytes:
        """The RFC 6962 root over the leaves."""
        return merkle.root([leaf.hash for leaf in self.leaves])

    @property
    def commitment(self) -> bytes:
        """What the publish statement carries as `manifest`."""
        return commitment("manifest", self.salt, self.root)

    def index_of(self, path: str) -> int:
        """Return the place of the file `path`. Raises BadManifest when it is not in the release."""
        for index, leaf in self.opened:
            if leaf.digest().path == path:
                return index
        raise BadManifest({"why": f"no file {path}"})

    def without(self, indices: Collection[int]) -> "Manifest":
        """Return the manifest in which only the hash is left of these leaves."""
        kept = (ErasedLeaf(leaf.hash) if at in indices else leaf for at, leaf in enumerate(self.leaves))
        return Manifest(tuple(kept), self.salt)

    def proof(self, index: int) -> list[bytes]:
        """Return the hashes that lead from leaf `index` to the root."""
        return merkle.inclusion_proof([leaf.hash for leaf in self.leaves], index)

    def to_json(self) -> dict[str, Any]:
        """Return the openings as they lie in the archive under `meta/`."""
        return {
            "salt": base64_strict.encode(self.salt),
            "leaves": [_leaf_json(leaf) for leaf in self.leaves],
        }

    @classmethod
    def from_json(cls, found: Any) -> "Manifest":
        """Return the manifest that `to_json` wrote. Raises BadManifest."""
        try:
            leaves = tuple(_leaf_from_json(leaf) for leaf in found["leaves"])
            return cls(leaves, base64_strict.decode(found["salt"], 32))
        except (KeyError, TypeError) as wrong:
            raise BadManifest({"why": "members"}) from wrong


def build(files: Sequence[FileDigest], row_seeds: Mapping[str, bytes] | None = None) -> Manifest:
    """Return the manifest of `files` with fresh salts; called once per submit.

    `row_seeds` has, by path, the seed under which the row tree of a file with `rows` was made. Raises BadManifest for
    no file at all.
    """
    if not files:
        raise BadManifest({"why": "a release has at least one file"})
    ordered = sorted(files, key=lambda file: file.path.encode())
    seeds = row_seeds or {}
    return Manifest(tuple(_leaf(file, seeds.get(file.path)) for file in ordered), new_salt())


def _leaf(file: FileDigest, row_seed: bytes | None) -> Leaf:
    value = jcs.canonical(
        {
            "sha256": base64_strict.encode(file.sha256),
            "chunks": {"size": CHUNK, "n": file.chunks, "root": base64_strict.encode(file.chunk_root)},
        }
    )
    salt = new_salt()
    text = jcs.canonical(
        {
            "bytes": base64_strict.encode(commitment("bytes", salt, value)),
            "path": file.path,
            "salt": base64_strict.encode(new_salt()),
            "size": file.size,
            **({} if file.rows is None else {"rows": file.rows.to_json()}),
        }
    )
    return Leaf(text.decode(), salt, value.decode(), row_seed)


def _leaf_json(leaf: Leaf | ErasedLeaf) -> dict[str, str]:
    if isinstance(leaf, ErasedLeaf):
        return {"hash": base64_strict.encode(leaf.hash)}
    seed = {} if leaf.row_seed is None else {"row_seed": base64_strict.encode(leaf.row_seed)}
    return {"leaf": leaf.text, "salt": base64_strict.encode(leaf.salt), "value": leaf.value, **seed}


def _leaf_from_json(found: Any) -> Leaf | ErasedLeaf:
    if set(found) == {"hash"}:
        return ErasedLeaf(base64_strict.decode(found["hash"], 32))
    seed = base64_strict.decode(found["row_seed"], 32) if "row_seed" in found else None
    return Leaf(str(found["leaf"]), base64_strict.decode(found["salt"], 32), str(found["value"]), seed)


def _members(text: str, expected: set[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    try:
        found = jcs.parse_canonical(text.encode(), what="manifest leaf")
    except (RecordError, UnicodeEncodeError) as wrong:
        raise BadManifest({"why": str(wrong)[:120]}) from wrong
    if not isinstance(found, dict) or not expected <= set(found) <= expected | optional:
        raise BadManifest({"why": "members of a leaf"})
    return found
