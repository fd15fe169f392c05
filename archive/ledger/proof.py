"""C2SP tlog-proof (untagged draft, pinned in docs/reference): one entry's inclusion in a text file."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from archive import merkle
from archive.ledger.checkpoint import SignedCheckpoint, parse_checkpoint
from archive.ledger.errors import MalformedProof
from archive.ledger.note import MAX_NOTE_BYTES, decode_base64, decode_decimal
from archive.merkle import HASH_BYTES, Hash

MAX_HASHES = 63
MAX_EXTRA_BYTES = 64 * 1024
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES
_MAGIC = b"c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class TlogProof:
    """Entry `index` is in the tree of `checkpoint`, by `hashes`. `extra` is nobody's word: it is not signed.

    The leaf hash is not in it: whoever checks computes it from the entry itself.
    """

    index: int
    hashes: tuple[Hash, ...]
    checkpoint: SignedCheckpoint
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the `.tlog-proof` file."""
        lines = [_MAGIC]
        if self.extra is not None:
            lines.append(b"extra " + base64.b64encode(self.extra))
        lines.append(b"index %d" % self.index)
        lines += [base64.b64encode(step) for step in self.hashes]
        return b"\n".join([*lines, b"", self.checkpoint.raw])

    def check_inclusion(self, entry: bytes) -> None:
        """Return if `entry` is leaf `index` of the checkpoint's tree; whose checkpoint it is, a policy tells.

        Raises the errors of `merkle.check_inclusion`.
        """
        leaf, head = merkle.leaf_hash(entry), self.checkpoint
        merkle.check_inclusion(leaf, self.index, head.size, self.hashes, head.root)


def parse_proof(raw: bytes) -> TlogProof:
    """Return the parts of a `.tlog-proof` file. Raises MalformedProof, MalformedNote, MalformedCheckpoint."""
    if len(raw) > MAX_PROOF_BYTES:
        raise MalformedProof({"why": f"more than {MAX_PROOF_BYTES} bytes"})
    head, blank, checkpoint = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or lines.pop(0) != _MAGIC:
        raise MalformedProof({"why": "first line, or no blank line"})
    extra = _parse_extra(lines.pop(0)) if lines and lines[0].startswith(b"extra ") else None
    index = decode_decimal(lines[0][len(b"index ") :]) if lines and lines[0].startswith(b"index ") else None
    if index is None:
        raise MalformedProof({"why": "index"})
    return TlogProof(index, _parse_hashes(lines[1:]), parse_checkpoint(checkpoint), extra)


def _parse_extra(line: bytes) -> bytes:
    extra = decode_base64(line[len(b"extra ") :])
    if extra is None or len(extra) > MAX_EXTRA_BYTES:
        raise MalformedProof({"why": "extra"})
    return extra


def _parse_hashes(lines: Sequence[bytes]) -> tuple[Hash, ...]:
    if len(lines) > MAX_HASHES:
        raise MalformedProof({"why": f"more than {MAX_HASHES} hashes"})
    hashes: list[Hash] = []
    for line in lines:
        step = decode_base64(line)
        if step is None or len(step) != HASH_BYTES:
            raise MalformedProof({"why": "hash"})
        hashes.append(step)
    return tuple(hashes)
