"""Evidence of a fork: two checkpoints of one log that cannot both be true, convincing by itself (LEDGER section 6).

A `.tlog-fork` file: a line with the format, the lengths of the two checkpoints, for unequal sizes the other root of the
smaller size and the proof that the larger checkpoint continues it, an empty line, then both checkpoints, byte for byte.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.errors import LedgerError
from archive.ledger.note import MAX_NOTE_BYTES, Note, decode_base64, decode_decimal, verified
from archive.merkle import HASH_BYTES, Hash
from archive.records.keys import PublicKey

MAGIC = b"ishibumi/tlog-fork/v1"
SUFFIX = ".tlog-fork"
MAX_PROOF_LINES = 63
MAX_FORK_BYTES = 2 * MAX_NOTE_BYTES + 45 * (MAX_PROOF_LINES + 1) + 100
_HEAD_LINES = 3


class MalformedFork(LedgerError):
    code = "LED-110"
    ja = "枝分かれの証拠の形が正しくありません({why})。取り直してください。"
    en = "The evidence of a fork is malformed ({why}). Fetch it again."
    zh = "分叉證據格式不正確({why})。請重新取得。"


class NoFork(LedgerError):
    code = "LED-111"
    ja = "二つのチェックポイントは矛盾していません({why})。枝分かれの証拠にはなりません。"
    en = "The two checkpoints do not contradict each other ({why}): this is no evidence of a fork."
    zh = "兩個檢查點並不矛盾({why}):不構成分叉證據。"


@dataclass(frozen=True)
class Fork:
    """Two checkpoints of one origin, the smaller first.

    For unequal sizes `root` is what the log of the larger one had at the smaller size, and `proof` proves it.
    """

    first: SignedCheckpoint
    second: SignedCheckpoint
    root: Hash | None = None
    proof: tuple[Hash, ...] = ()

    @property
    def origin(self) -> str:
        """Whose log is forked."""
        return self.first.origin

    @property
    def is_equal(self) -> bool:
        """Whether both checkpoints have one size."""
        return self.first.size == self.second.size

    def encode(self) -> bytes:
        """Return the file."""
        lines = [MAGIC, b"%d" % len(self.first.raw), b"%d" % len(self.second.raw)]
        if self.root is not None:
            lines += [base64.b64encode(each) for each in (self.root, *self.proof)]
        return b"".join(line + b"\n" for line in lines) + b"\n" + self.first.raw + self.second.raw

    @property
    def id(self) -> str:
        """SHA-256 of the file in hex: its name."""
        return sha256(self.encode()).hexdigest()

    def check(self, log_keys: Sequence[PublicKey]) -> None:
        """Return if this convicts whoever holds `log_keys` (all of one origin).

        Raises:
            WrongOrigin, NotSigned, SignatureRefused, AmbiguousKeys: a checkpoint is not theirs.
            NoFork: both can be true, or the proof does not show that they cannot.

        """
        first, second = (open_checkpoint(each.raw, log_keys) for each in (self.first, self.second))
        if first.size == second.size:
            if first.root == second.root:
                raise NoFork({"why": "one size, one root"})
            return
        if self.root is None or self.root == first.root or not 0 < first.size < second.size:
            raise NoFork({"why": "one may continue the other"})
        try:
            merkle.check_consistency(first.size, second.size, self.proof, self.root, second.root)
        except ArchiveError as wrong:
            raise NoFork({"why": str(wrong)}) from wrong


def of_equal_size(one: bytes, other: bytes, log_keys: Sequence[PublicKey]) -> Fork:
    """Return the evidence that two checkpoints (notes) of one size make. Raises as `Fork.check`, or MalformedNote."""
    first, second = sorted((_bare(one, log_keys), _bare(other, log_keys)), key=lambda each: each.raw)
    if first.size != second.size:
        raise NoFork({"why": "unequal sizes need a proof"})
    fork = Fork(first, second)
    fork.check(log_keys)
    return fork


def of_unequal_sizes(
    small: bytes, large: bytes, root: Hash, proof: Sequence[Hash], log_keys: Sequence[PublicKey]
) -> Fork:
    """Return the evidence that `large` continues a tree of root `root`, not that of `small`. Raises as `Fork.check`."""
    fork = Fork(_bare(small, log_keys), _bare(large, log_keys), root, tuple(proof))
    fork.check(log_keys)
    return fork


def parse(raw: bytes) -> Fork:
    """Return the evidence in a file, not checked yet. Raises MalformedFork, MalformedNote, MalformedCheckpoint."""
    if len(raw) > MAX_FORK_BYTES:
        raise MalformedFork({"why": f"more than {MAX_FORK_BYTES} bytes"})
    head, empty, notes = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    if not empty or len(lines) < _HEAD_LINES or lines[0] != MAGIC:
        raise MalformedFork({"why": "format line"})
    lengths = [decode_decimal(line) for line in lines[1:_HEAD_LINES]]
    if lengths[0] is None or lengths[1] is None or lengths[0] + lengths[1] != len(notes):
        raise MalformedFork({"why": "lengths"})
    hashes = [decode_base64(line) for line in lines[_HEAD_LINES:]]
    if len(hashes) > 1 + MAX_PROOF_LINES or any(each is None or len(each) != HASH_BYTES for each in hashes):
        raise MalformedFork({"why": "hashes"})
    known = [each for each in hashes if each is not None]
    first, second = parse_checkpoint(notes[: lengths[0]]), parse_checkpoint(notes[lengths[0] :])
    if first.origin != second.origin or first.size > second.size or (first.size == second.size) != (not known):
        raise MalformedFork({"why": "order, or origins"})
    return Fork(first, second, known[0] if known else None, tuple(known[1:]))


def _bare(raw: bytes, log_keys: Sequence[PublicKey]) -> SignedCheckpoint:
    """Keep the log's own lines alone: evidence of one lie is one file, whoever cosigned it."""
    signed = open_checkpoint(raw, log_keys)
    lines = tuple(dict.fromkeys(line for _, line in verified(signed.note, log_keys)))
    return parse_checkpoint(Note(signed.note.text, lines).encode())
