"""The row tree of a table: one leaf a record, so that one row can be proved, or erased, without the others.

Leaf i is `seed_i ‖ raw bytes of record i with its line end`; record 0 is the header; the records joined are the file.
The seeds come from one 32-byte seed by a GGM tree (left = SHA-256("L" ‖ s), right = SHA-256("R" ‖ s)): to erase a row
the co-path seeds are kept instead of the seed, and the row becomes noise while the others still prove
(LEDGER section 4).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from archive import merkle
from archive.records import base64_strict
from archive.records.errors import BadManifest

MAX_DEPTH = 24
MAX_ROWS = 1 << MAX_DEPTH
# Quotes may hold line ends; in the encodings of section 4 no byte of a longer character looks like these.
_RECORD = re.compile(rb'(?:[^"\r\n]++|"[^"]*+(?:"|\Z))*+(?:\r\n|[\r\n]|\Z)')


@dataclass(frozen=True)
class Rows:
    """What a manifest leaf says of a file's rows: how many (with the header), the depth of the seeds, the root."""

    n: int
    depth: int
    root: bytes

    def to_json(self) -> dict[str, Any]:
        """Return the leaf's member `rows`."""
        return {"n": self.n, "root": base64_strict.encode(self.root), "depth": self.depth}

    @classmethod
    def from_json(cls, found: Any) -> "Rows":
        """Return what `to_json` wrote. Raises BadManifest, NotJson."""
        if not isinstance(found, dict) or set(found) != {"n", "root", "depth"} or not isinstance(found["root"], str):
            raise BadManifest({"why": "rows"})
        n, depth = found["n"], found["depth"]
        if type(n) is not int or type(depth) is not int or not 1 <= n <= MAX_ROWS or depth != depth_of(n):
            raise BadManifest({"why": "rows"})
        return cls(n, depth, base64_strict.decode(found["root"], 32))


@dataclass(frozen=True)
class RowProof:
    """One record with its seed and the hashes that lead from it to the root."""

    index: int
    raw: bytes
    seed: bytes
    path: tuple[bytes, ...]

    def check(self, rows: Rows) -> None:
        """Return if the record is the `index`-th of `rows`. Raises MerkleError."""
        merkle.check_inclusion(merkle.leaf_hash(self.seed + self.raw), self.index, rows.n, self.path, rows.root)


def split(raw: bytes) -> Iterator[bytes]:
    """Give the records of a table's bytes, each with its line end; joined they are `raw`. CSV quotes are honoured."""
    for match in _RECORD.finditer(raw):
        if match.end() > match.start():
            yield match[0]


def depth_of(n: int) -> int:
    """Return the depth of the seed tree over `n` records."""
    return max(0, n - 1).bit_length()


def seeds(seed: bytes, n: int) -> list[bytes]:
    """Return the seeds of `n` records."""
    level = [seed]
    for above in range(depth_of(n) - 1, -1, -1):
        needed = -(-n // (1 << above))
        level = [sha256(side + one).digest() for one in level for side in (b"L", b"R")][:needed]
    return level


def build(records: Sequence[bytes], seed: bytes) -> tuple[Rows, list[bytes]]:
    """Return the tree over `records` and its leaf hashes. Raises BadManifest for none, or too many."""
    hashes = _leaf_hashes(records, seed)
    return Rows(len(records), depth_of(len(records)), merkle.root(hashes)), hashes


def prove(records: Sequence[bytes], seed: bytes, index: int) -> RowProof:
    """Return the proof of record `index`. Raises BadManifest, OutsideTree."""
    hashes = _leaf_hashes(records, seed)
    own = seed_at({"": seed}, len(records), index)
    return RowProof(index, records[index], own or b"", tuple(merkle.inclusion_proof(hashes, index)))


def _leaf_hashes(records: Sequence[bytes], seed: bytes) -> list[bytes]:
    if not 1 <= len(records) <= MAX_ROWS:
        raise BadManifest({"why": f"{len(records)} rows"})
    return [sha256(b"\0" + each + raw).digest() for each, raw in zip(seeds(seed, len(records)), records, strict=True)]


def seeds_without(seed: bytes, n: int, erased: Sequence[int]) -> dict[str, bytes]:
    """Return the seeds of subtrees, by their path of `L` and `R`, that give every row's seed but the erased ones'."""
    depth, gone = depth_of(n), {format(index, f"0{depth_of(n)}b").translate({48: "L", 49: "R"}) for index in erased}
    if depth == 0:
        return {} if erased else {"": seed}
    found: dict[str, bytes] = {}
    open_subtrees = [("", seed)]
    while open_subtrees:
        path, here = open_subtrees.pop()
        if not any(each.startswith(path) for each in gone):
            found[path] = here
        elif len(path) < depth:
            open_subtrees += [(path + side, sha256(side.encode() + here).digest()) for side in "LR"]
    return found


def seed_at(kept: Mapping[str, bytes], n: int, index: int) -> bytes | None:
    """Return the seed of row `index` from kept subtree seeds, None when it was erased."""
    way = format(index, f"0{depth_of(n)}b").translate({48: "L", 49: "R"}) if depth_of(n) else ""
    for end in range(len(way) + 1):
        if way[:end] in kept:
            here = kept[way[:end]]
            for side in way[end:]:
                here = sha256(side.encode() + here).digest()
            return here
    return None
