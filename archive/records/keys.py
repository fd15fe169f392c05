"""Keys of the log, its witnesses and its statements: Ed25519, told apart by role, written as C2SP vkeys."""

import base64
import binascii
import re
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from archive.errors import ArchiveError
from archive.records import ed25519

RAW_BYTES = 32
MAX_NAME_BYTES = 255  # a cosigner's name must fit a u8 length (LEDGER section 1, type 06)
_MAX_VKEY_BYTES = 1024
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class KeyRefused(ArchiveError):
    """Base of every refusal of a key or a signature."""


class MalformedKey(KeyRefused):
    code = "REC-101"
    ja = "公開鍵の書き方が正しくありません({why})。鍵を取り直してください。"
    en = "The public key is not written correctly ({why}). Ask for the key again."
    zh = "公開金鑰格式不正確({why})。請重新取得金鑰。"


class UnsafeKey(KeyRefused):
    code = "REC-102"
    ja = "鍵「{name}」は安全でない点です。この鍵での署名は何も証明しません。"
    en = "The key {name} is an unsafe curve point: a signature by it proves nothing."
    zh = "金鑰「{name}」為不安全的曲線點,其簽章無法證明任何事。"


class BadSignature(KeyRefused):
    code = "REC-103"
    ja = "鍵「{name}」の署名が正しくありません。内容か署名が変えられています。"
    en = "The signature by {name} is wrong: the content or the signature was changed."
    zh = "金鑰「{name}」的簽章不正確:內容或簽章已遭更動。"


class KeyKind(Enum):
    """The role of a key; its value is the type prefix in vkey and key ID (LEDGER D3: never reused)."""

    LOG = b"\x01"
    WITNESS = b"\x04"
    STATEMENT = b"\xffishibumi-dsse-ed25519-v1"


@dataclass(frozen=True)
class PublicKey:
    """A key that can be trusted for one role under one name.

    Raises, when made:
        MalformedKey: the name or the bytes cannot be a key.
        UnsafeKey: a non-canonical or small-order point.
    """

    name: str
    kind: KeyKind
    raw: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        if len(self.raw) != RAW_BYTES:
            raise MalformedKey({"why": f"{len(self.raw)} bytes"})
        if not ed25519.is_safe_key(self.raw):
            raise UnsafeKey({"name": self.name})

    @classmethod
    def parse(cls, vkey: str) -> "PublicKey":
        """Return the key of `name+hash+base64`. Raises MalformedKey, UnsafeKey."""
        match = _VKEY.fullmatch(vkey) if len(vkey) <= _MAX_VKEY_BYTES else None
        if match is None:
            raise MalformedKey({"why": "not name+hash+base64"})
        kind, raw = _split_kind(match[3])
        key = cls(match[1], kind, raw)
        if key.key_id.hex() != match[2]:
            raise MalformedKey({"why": "key ID"})
        return key

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line names the key by."""
        return sha256(self.name.encode() + b"\n" + self.kind.value + self.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as one line of text, for policies, genesis and people."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind.value + self.raw).decode('ascii')}"

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if `signature` over `message` is right. Raises BadSignature."""
        if not _is_signature(self.raw, message, signature):
            raise BadSignature({"name": self.name})


class SigningKey:
    """A secret key; never shown by repr, never pickled into a message. Needs `cryptography`."""

    def __init__(self, name: str, kind: KeyKind, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if len(seed) != RAW_BYTES:
            raise MalformedKey({"why": f"{len(seed)} bytes"})
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(name, kind, self._private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, kind: KeyKind) -> "SigningKey":
        """Make a new key from the system's randomness. Raises MalformedKey for an impossible name."""
        from secrets import token_bytes

        return cls(name, kind, token_bytes(RAW_BYTES))

    @classmethod
    def from_seed(cls, name: str, kind: KeyKind, seed: bytes) -> "SigningKey":
        """Return the key that was saved as `seed`. Raises MalformedKey."""
        return cls(name, kind, seed)

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes, for whoever keeps them encrypted."""
        return self._private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature over `message`."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.public.vkey!r})"


def require_key_name(name: str) -> None:
    """Return if `name` may stand in a signed note: no space, plus or control. Raises MalformedKey."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise MalformedKey({"why": "name is not Unicode text"}) from None
    if not 0 < size <= MAX_NAME_BYTES:
        raise MalformedKey({"why": "length of the name"})
    if any(char.isspace() or char == "+" or char < " " or char == "\x7f" for char in name):
        raise MalformedKey({"why": "character in the name"})


def _split_kind(text: str) -> tuple[KeyKind, bytes]:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedKey({"why": "base64"}) from None
    if base64.b64encode(data).decode("ascii") != text:  # b64decode ignores stray low bits
        raise MalformedKey({"why": "base64"})
    for kind in KeyKind:
        if data.startswith(kind.value):
            return kind, data[len(kind.value) :]
    raise MalformedKey({"why": "unknown signature type"})


def _is_signature(raw: bytes, message: bytes, signature: bytes) -> bool:
    """OpenSSL when it is there, plain Python otherwise: the answers are the same, which tests prove."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return ed25519.verify(raw, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except InvalidSignature:
        return False
    return True
