"""C2SP tlog-cosignature v1 (Ed25519, type 04): a witness saw this note then, and it fits the past."""

from dataclasses import dataclass

from archive.ledger.errors import BadCosignatureTime, WrongKeyRole
from archive.ledger.note import NoteSignature
from archive.records.keys import BadSignature, KeyKind, PublicKey, SigningKey

MAX_TIME = 2**63 - 1
_TIME_BYTES = 8
_BLOB_BYTES = _TIME_BYTES + 64


@dataclass(frozen=True)
class CosignatureVerifier:
    """Checks the lines of one witness. Raises WrongKeyRole when made from a key that is no witness's."""

    key: PublicKey

    def __post_init__(self) -> None:
        if self.key.kind is not KeyKind.WITNESS:
            raise WrongKeyRole({"name": self.key.name, "role": "witness"})

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def key_id(self) -> bytes:
        return self.key.key_id

    def verify(self, message: bytes, signature: bytes, /) -> None:
        """Return if `signature` (time and Ed25519) over the note text `message` is right.

        Raises:
            BadSignature: it is not.
            BadCosignatureTime: the time is 0 or beyond 2**63 - 1.

        """
        if len(signature) != _BLOB_BYTES:
            raise BadSignature({"name": self.name})
        time = cosignature_time(signature)
        if not 0 < time <= MAX_TIME:
            raise BadCosignatureTime({"name": self.name, "time": time})
        self.key.verify(cosignature_message(message, time), signature[_TIME_BYTES:])


def cosignature_message(text: bytes, time: int) -> bytes:
    """Return what a witness signs for the note `text` at `time` (seconds since 1970)."""
    return b"cosignature/v1\ntime %d\n" % time + text


def cosignature_time(blob: bytes) -> int:
    """Return the time inside a cosignature, which only a verified line proves."""
    return int.from_bytes(blob[:_TIME_BYTES], "big")


def cosign(text: bytes, key: SigningKey, time: int) -> NoteSignature:
    """Return the line by which the witness `key` cosigns `text`. Raises WrongKeyRole, BadCosignatureTime."""
    verifier = CosignatureVerifier(key.public)
    if not 0 < time <= MAX_TIME:
        raise BadCosignatureTime({"name": verifier.name, "time": time})
    blob = time.to_bytes(_TIME_BYTES, "big") + key.sign(cosignature_message(text, time))
    return NoteSignature(verifier.name, verifier.key_id, blob)
