"""C2SP tlog-cosignature v1.1.0-rc.1, type 06: ML-DSA-44 over a checkpoint (LEDGER D2).

Built with its vectors and not used: no policy reads such keys and no node signs with one before v1.1.0 is final. Any
later checkpoint covers the whole old tree, so waiting loses nothing.
"""

from dataclasses import dataclass
from hashlib import sha256

from archive.ledger.checkpoint import Checkpoint, parse_body
from archive.ledger.errors import BadCosignatureTime
from archive.ledger.note import NoteSignature
from archive.records.keys import BadSignature, MalformedKey, require_key_name

KIND = b"\x06"
PUBLIC_BYTES, SIGNATURE_BYTES, SEED_BYTES = 1312, 2420, 32
MAX_TIME = 2**63 - 1
_TIME_BYTES = 8
_LABEL = b"subtree/v1\n\0"


@dataclass(frozen=True)
class MldsaKey:
    """The public half of a cosigner's ML-DSA-44 key. Raises MalformedKey when made from anything else."""

    name: str
    raw: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        if len(self.raw) != PUBLIC_BYTES:
            raise MalformedKey({"why": f"{len(self.raw)} bytes"})

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line names the key by."""
        return sha256(self.name.encode() + b"\n" + KIND + self.raw).digest()[:4]

    def verify(self, message: bytes, signature: bytes, /) -> None:
        """Return if `signature` (time and ML-DSA-44) over the note text `message` is right.

        Raises BadSignature, BadCosignatureTime, MalformedCheckpoint.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
            raise BadSignature({"name": self.name})
        time = int.from_bytes(signature[:_TIME_BYTES], "big")
        if not 0 < time <= MAX_TIME:
            raise BadCosignatureTime({"name": self.name, "time": time})
        said = cosigned_message(self.name, parse_body(message), time)
        try:
            MLDSA44PublicKey.from_public_bytes(self.raw).verify(signature[_TIME_BYTES:], said)
        except InvalidSignature:
            raise BadSignature({"name": self.name}) from None


class MldsaSigner:
    """A cosigner's secret ML-DSA-44 key; never shown by repr."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        if len(seed) != SEED_BYTES:
            raise MalformedKey({"why": f"{len(seed)} bytes"})
        self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public = MldsaKey(name, self._private.public_key().public_bytes_raw())

    def cosign(self, text: bytes, time: int) -> NoteSignature:
        """Return the line by which this key cosigns the note `text`. Raises BadCosignatureTime, MalformedCheckpoint."""
        if not 0 < time <= MAX_TIME:
            raise BadCosignatureTime({"name": self.public.name, "time": time})
        signature = self._private.sign(cosigned_message(self.public.name, parse_body(text), time))
        return NoteSignature(self.public.name, self.public.key_id, time.to_bytes(_TIME_BYTES, "big") + signature)

    def __repr__(self) -> str:
        return f"MldsaSigner({self.public.name!r})"


def cosigned_message(cosigner: str, checkpoint: Checkpoint, time: int) -> bytes:
    """Return what a cosigner signs: the whole tree as the subtree from 0 (LEDGER section 1, type 06)."""
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    return (
        _LABEL
        + bytes([len(name)])
        + name
        + time.to_bytes(8, "big")
        + bytes([len(origin)])
        + origin
        + (0).to_bytes(8, "big")
        + checkpoint.size.to_bytes(8, "big")
        + checkpoint.root
    )
