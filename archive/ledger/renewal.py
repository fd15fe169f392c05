"""Trees of SHA-512 for `renew` statements: old entries and tokens hashed again before a hash or a certificate fades.

The shape is RFC 6962's with SHA-512 in place of SHA-256, so that whoever reads the one can read the other. The idea of
hashing all old evidence again under one new time is RFC 4998's.
"""

from collections.abc import Sequence
from hashlib import sha512

from archive import merkle
from archive.ledger.errors import LedgerError

WIDTH = 64


class RenewalMismatch(LedgerError):
    code = "LED-103"
    ja = "更新(renew)の木がこの証拠({index} 番)に届きません。証拠を取り直してください。"
    en = "The renewal's tree does not lead to this evidence (number {index}). Fetch the evidence again."
    zh = "更新(renew)的樹無法通往此證據(第 {index} 項)。請重新取得證據。"


def leaf_hash(data: bytes) -> bytes:
    """Return the 64 bytes of a leaf."""
    return sha512(b"\0" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; of none the hash of nothing."""
    if not leaves:
        return sha512(b"").digest()
    return _root(leaves, 0, len(leaves))


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root. Raises OutsideTree."""
    return [_root(leaves, start, end) for start, end in merkle.inclusion_ranges(index, len(leaves))]


def check(leaf: bytes, index: int, size: int, way: Sequence[bytes], expected: bytes) -> None:
    """Return if `leaf` is the `index`-th of `size` below the root `expected`. Raises RenewalMismatch, OutsideTree."""
    ranges = merkle.inclusion_ranges(index, size)
    found = leaf
    if len(ranges) == len(way) and all(len(each) == WIDTH for each in way):
        for (start, _), sibling in zip(ranges, way, strict=True):
            found = _node(sibling, found) if start < index else _node(found, sibling)
        if found == expected:
            return
    raise RenewalMismatch({"index": index})


def _node(left: bytes, right: bytes) -> bytes:
    return sha512(b"\1" + left + right).digest()


def _root(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    if end - start == 1:
        return leaves[start]
    middle = start + (1 << (end - start - 1).bit_length() - 1)
    return _node(_root(leaves, start, middle), _root(leaves, middle, end))
