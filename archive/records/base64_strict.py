"""Standard base64 that has one spelling only: decode, encode again, compare (LEDGER section 8, item 23)."""

import base64
import binascii

from archive.records.errors import NotJson


def encode(raw: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(raw).decode("ascii")


def decode(text: str, length: int | None = None) -> bytes:
    """Return the bytes of `text`, which must be the one canonical spelling (and give `length` bytes when asked).

    Raises:
        NotJson: another spelling, or another length.

    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise NotJson({"why": "base64"}) from wrong
    if encode(raw) != text or (length is not None and len(raw) != length):
        raise NotJson({"why": "base64"})
    return raw
