"""RFC 6962 trees and proofs, pure: SHA-256, leaves prefixed 0x00, inner nodes 0x01."""

from collections.abc import Callable, Sequence
from hashlib import sha256

from archive.errors import ArchiveError

Hash = bytes
HASH_BYTES = 32
EMPTY_ROOT: Hash = sha256(b"").digest()
MAX_SIZE = 2**63 - 1


class MerkleError(ArchiveError):
    """Base of every refusal of a tree or a proof."""


class OutsideTree(MerkleError):
    code = "LED-020"
    ja = "位置 {index} は大きさ {size} の台帳の中にありません。証拠と台帳の組み合わせを確かめてください。"
    en = "Position {index} does not lie in a tree of size {size}. Check that proof and log belong together."
    zh = "位置 {index} 不在大小為 {size} 的帳本中。請確認證明與帳本是否相符。"


class WrongProofLength(MerkleError):
    code = "LED-021"
    ja = "証明の長さが違います(必要 {want}、実際 {got})。証拠を取り直してください。"
    en = "The proof has {got} hashes where {want} are needed. Fetch the evidence again."
    zh = "證明長度不符(需要 {want},實際 {got})。請重新取得證據。"


class RootMismatch(MerkleError):
    code = "LED-022"
    ja = "証明が別の台帳を指しています(大きさ {size})。ファイルと証拠の組み合わせを確かめてください。"
    en = "The proof leads to another log root (size {size}). Check that file and evidence belong together."
    zh = "證明指向另一個帳本根(大小 {size})。請確認檔案與證據是否相符。"


class NotAHash(MerkleError):
    code = "LED-023"
    ja = "ハッシュの長さが 32 バイトではありません({got} バイト)。証拠が壊れています。"
    en = "A hash has {got} bytes instead of 32. The evidence is damaged."
    zh = "雜湊值長度並非 32 位元組({got} 位元組)。證據已損壞。"


class NotAnExtension(MerkleError):
    code = "LED-024"
    ja = "大きさ {new} の台帳は、以前の大きさ {old} の台帳の続きではありません。両方を保存してください。"
    en = "The log of size {new} does not continue the one of size {old}: keep both, they may prove a fork."
    zh = "大小 {new} 的帳本並非先前大小 {old} 的帳本之延續,可能遭竄改。請保存兩者。"


def leaf_hash(entry: bytes) -> Hash:
    """Return the hash of a leaf that holds `entry`."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return the hash of the inner node above `left` and `right`."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[Hash]) -> Hash:
    """Return the root over leaf hashes (or roots of equal full subtrees, the last perhaps smaller)."""
    if not leaves:
        return EMPTY_ROOT
    row = list(leaves)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []  # carried up as it is: doubling it would let two trees share a root
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        row += odd
    return row[0]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return, from leaf to root, the leaf ranges [start, end) that prove leaf `index`. Raises OutsideTree."""
    _require_inside(index, size)
    ranges: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Return the leaf ranges whose roots prove that size `new` continues size `old` (RFC 6962 section 2.1.2).

    Empty for old = 0 and old = new. Raises OutsideTree when old > new.
    """
    _require_growth(old, new)
    if old in (0, new):
        return []
    ranges: list[tuple[int, int]] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # otherwise the subtree is the old tree itself, which the reader holds
        ranges.append((start, end))
    return ranges[::-1]


def inclusion_proof(leaves: Sequence[Hash], index: int) -> list[Hash]:
    """Return the proof that leaf `index` is in the tree over `leaves`. Raises OutsideTree."""
    return [root(leaves[start:end]) for start, end in inclusion_ranges(index, len(leaves))]


def consistency_proof(leaves: Sequence[Hash], old: int) -> list[Hash]:
    """Return the proof that `leaves` continue the tree over the first `old`. Raises OutsideTree."""
    return [root(leaves[start:end]) for start, end in consistency_ranges(old, len(leaves))]


def range_root(start: int, end: int, full: Callable[[int, int], Hash]) -> Hash:
    """Return the root over leaves [start, end), where `full(level, index)` gives the root of a full subtree.

    That subtree has 2**level leaves from index * 2**level on. `start` must be a multiple of the range's size
    rounded up to a power of two, as in every range that a proof or a root asks for.
    """
    found: Hash | None = None
    while end > start:  # from the right: the smallest full subtree at the ragged edge first
        level = ((end - start) & (start - end)).bit_length() - 1
        left = full(level, (end >> level) - 1)
        found = left if found is None else node_hash(left, found)
        end -= 1 << level
    return EMPTY_ROOT if found is None else found


def check_inclusion(entry: Hash, index: int, size: int, proof: Sequence[Hash], expected: Hash) -> None:
    """Return if `proof` shows that leaf hash `entry` is leaf `index` (from 0) of the tree of `size` leaves.

    Raises:
        OutsideTree: there is no such leaf in such a tree.
        WrongProofLength: the proof has another length than index and size ask for (RFC 9162 section 2.1.3.2).
        NotAHash: something in it is not 32 bytes long.
        RootMismatch: it leads to another root than `expected`.

    """
    _require_inside(index, size)
    sides = _path_sides(index, size)
    # The length comes before the content: a proof one step short would let an inner node pass as a leaf.
    if len(sides) != len(proof):
        raise WrongProofLength({"want": len(sides), "got": len(proof)})
    _require_hashes([entry, *proof, expected])
    found = entry
    for sibling_is_left, sibling in zip(sides, proof, strict=True):
        found = node_hash(sibling, found) if sibling_is_left else node_hash(found, sibling)
    if found != expected:
        raise RootMismatch({"index": index, "size": size})


def check_consistency(old: int, new: int, proof: Sequence[Hash], old_root: Hash, new_root: Hash) -> None:
    """Return if `proof` shows that the tree (new, new_root) continues the tree (old, old_root).

    Raises:
        OutsideTree: old > new, or a size that no tree has.
        WrongProofLength: the proof has another length than the sizes ask for.
        NotAHash: something in it is not 32 bytes long.
        NotAnExtension: it does not lead to both roots; with old = new the roots differ; with old = 0 the old
            root is not that of the empty tree.

    """
    ranges = consistency_ranges(old, new)
    if len(ranges) != len(proof):
        raise WrongProofLength({"want": len(ranges), "got": len(proof)})
    _require_hashes([*proof, old_root, new_root])
    if old in (0, new):
        same = old_root == (EMPTY_ROOT if old == 0 else new_root)
        if not same or (new == 0 and new_root != EMPTY_ROOT):
            raise NotAnExtension({"old": old, "new": new})
        return
    if _roots_of(old, ranges, proof, old_root) != (old_root, new_root):
        raise NotAnExtension({"old": old, "new": new})


def _roots_of(old: int, ranges: list[tuple[int, int]], proof: Sequence[Hash], old_root: Hash) -> tuple[Hash, Hash]:
    """Return the two roots that a consistency proof leads to: hashes of leaves below `old` count for both."""
    given = list(zip(ranges, proof, strict=True))
    if old & (old - 1) == 0:  # a full subtree: its root is not in the proof, the reader holds it
        before = after = old_root
    else:
        (_, first), *given = given
        before = after = first
    for (start, _), sibling in given:
        if start < old:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    return before, after


def _split(size: int) -> int:
    """Return the largest power of two below `size`: where RFC 6962 parts a tree."""
    return 1 << (size - 1).bit_length() - 1


def _path_sides(index: int, size: int) -> list[bool]:
    """Return, from leaf to root, whether each sibling on the path stands to the left."""
    sides: list[bool] = []
    while size > 1:
        split = _split(size)
        sides.append(index >= split)
        index, size = (index - split, size - split) if index >= split else (index, split)
    return sides[::-1]


def _require_inside(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise OutsideTree({"index": _short(index), "size": _short(size)})


def _require_growth(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise OutsideTree({"index": _short(old), "size": _short(new)})


def _short(number: int) -> str:
    """Return a number for a message: Python refuses to print one of 5,000 digits."""
    return str(number) if number.bit_length() <= 128 else f"2^{number.bit_length()}"  # noqa: PLR2004 - 39 digits


def _require_hashes(hashes: Sequence[Hash]) -> None:
    for found in hashes:
        if len(found) != HASH_BYTES:
            raise NotAHash({"got": len(found)})
