"""Keys derived from the node secret, one per purpose, so that none is ever stored or used twice (LEDGER D3)."""

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class Secrets:
    """What the portal derives from the node secret. `repr` shows nothing."""

    _node_secret: bytes

    def __repr__(self) -> str:
        return "Secrets(…)"

    @property
    def token_key(self) -> Ed25519PrivateKey:
        """The key that signs service tokens."""
        return Ed25519PrivateKey.from_private_bytes(self._derive(b"ishibumi/api-token/v1"))

    @property
    def token_kid(self) -> str:
        """The id of that key: the first 8 bytes of the SHA-256 of its public half, in hex."""
        return _kid(self.token_key.public_key())

    @property
    def cursor_key(self) -> bytes:
        """The key that signs paging cursors."""
        return self._derive(b"ishibumi/cursor/v1")

    def csrf_token(self, visitor: str) -> str:
        """Return the form token of the visitor whose cookie is `visitor`."""
        return hmac.new(self._derive(b"ishibumi/csrf/v1"), visitor.encode(), hashlib.sha256).hexdigest()

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, None, purpose).derive(self._node_secret)


def _kid(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
