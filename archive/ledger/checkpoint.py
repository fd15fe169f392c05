"""C2SP tlog-checkpoint: the signed head of a log, read, checked and written."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from archive.ledger.cosign import CosignatureVerifier, cosignature_time
from archive.ledger.errors import MalformedCheckpoint, NotSigned, WrongKeyRole, WrongOrigin
from archive.ledger.note import Note, NoteSignature, decode_base64, decode_decimal, parse_note, verified
from archive.merkle import HASH_BYTES, Hash
from archive.records.keys import KeyKind, PublicKey, SigningKey

_FIXED_LINES = 3


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: whose, how many leaves, their root. We never write extension lines, others may."""

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """The note text: what is signed, and what is anchored."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode("ascii"), *self.extensions]
        return "".join(line + "\n" for line in lines).encode()


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint as served. Its signatures are checked only where `open_checkpoint` returned it."""

    raw: bytes
    note: Note
    checkpoint: Checkpoint

    @property
    def origin(self) -> str:
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def root(self) -> Hash:
        return self.checkpoint.root


@dataclass(frozen=True)
class Cosignature:
    """A verified cosignature: which witness, and when it says it saw the checkpoint."""

    witness: PublicKey
    time: int


def parse_body(text: bytes) -> Checkpoint:
    """Return the checkpoint a note text spells. Raises MalformedCheckpoint."""
    lines = text.split(b"\n")
    if lines.pop() != b"" or len(lines) < _FIXED_LINES or b"" in lines:
        raise MalformedCheckpoint({"why": "lines"})
    try:
        origin, *extensions = [line.decode("utf-8") for line in (lines[0], *lines[_FIXED_LINES:])]
    except UnicodeDecodeError:
        raise MalformedCheckpoint({"why": "not UTF-8"}) from None
    size, root = decode_decimal(lines[1]), decode_base64(lines[2])
    if size is None:
        raise MalformedCheckpoint({"why": "size"})
    if root is None or len(root) != HASH_BYTES:
        raise MalformedCheckpoint({"why": "root"})
    return Checkpoint(origin, size, root, tuple(extensions))


def parse_checkpoint(raw: bytes) -> SignedCheckpoint:
    """Return what a checkpoint says, with no signature checked. Raises MalformedNote, MalformedCheckpoint."""
    note = parse_note(raw)
    return SignedCheckpoint(raw, note, parse_body(note.text))


def open_checkpoint(raw: bytes, log_keys: Sequence[PublicKey]) -> SignedCheckpoint:
    """Return a checkpoint that at least one of `log_keys` (all of one origin, none empty) has signed.

    Raises:
        MalformedNote, MalformedCheckpoint: it cannot be read.
        WrongOrigin: it is another log's.
        NotSigned: no line is by one of the keys.
        SignatureRefused: a line of one of the keys is wrong; AmbiguousKeys: two of them cannot be told apart.
        WrongKeyRole: one of `log_keys` is no log's key.

    """
    signed = parse_checkpoint(raw)
    for key in log_keys:
        if key.kind is not KeyKind.LOG:
            raise WrongKeyRole({"name": key.name, "role": "log"})
        if key.name != signed.origin:
            raise WrongOrigin({"got": signed.origin, "want": key.name})
    if not verified(signed.note, log_keys):
        raise NotSigned({"name": signed.origin})
    return signed


def cosignatures(note: Note, witnesses: Sequence[PublicKey]) -> list[Cosignature]:
    """Return the newest verified cosignature of each witness found on `note`, in the order of `witnesses`.

    Raises SignatureRefused, AmbiguousKeys, BadCosignatureTime, WrongKeyRole.
    """
    newest: dict[PublicKey, int] = {}
    for verifier, line in verified(note, [CosignatureVerifier(key) for key in witnesses]):
        newest[verifier.key] = max(newest.get(verifier.key, 0), cosignature_time(line.blob))
    return [Cosignature(key, newest[key]) for key in witnesses if key in newest]


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> Note:
    """Return the checkpoint signed by its log's keys: one, or two while a key follows another.

    Raises WrongKeyRole, WrongOrigin.
    """
    for key in keys:
        if key.public.kind is not KeyKind.LOG:
            raise WrongKeyRole({"name": key.public.name, "role": "log"})
        if key.public.name != checkpoint.origin:
            raise WrongOrigin({"got": checkpoint.origin, "want": key.public.name})
    lines = (NoteSignature(key.public.name, key.public.key_id, key.sign(checkpoint.body)) for key in keys)
    return Note(checkpoint.body, tuple(lines))
