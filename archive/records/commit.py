"""Salted commitments: what the log says about content without saying the content (LEDGER D8, section 4)."""

import hashlib
import secrets

from archive.records.errors import WrongOpening

SALT_BYTES = 32
_DOMAIN = b"ishibumi/commit/v1\0"


def new_salt() -> bytes:
    """Return a fresh salt; every field gets its own."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(field: str, salt: bytes, value: bytes) -> bytes:
    """Return the 32 bytes that commit to `value` under the name `field`."""
    name = field.encode()
    return hashlib.sha256(_DOMAIN + len(name).to_bytes(2, "big") + name + salt + value).digest()


def check_opening(field: str, salt: bytes, value: bytes, expected: bytes) -> None:
    """Return if `salt` and `value` open the commitment `expected`. Raises WrongOpening."""
    if len(salt) != SALT_BYTES or commitment(field, salt, value) != expected:
        raise WrongOpening({"field": field})
