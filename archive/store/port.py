"""Where bytes lie for ever: the contract of every store. Adapter: local_disk."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from archive.records.names import escaped
from archive.store.errors import BadKey

MAX_KEY_BYTES = 1024
_DELETE = "\x7f"


class ObjectStore(Protocol):
    """Keys are `/`-separated ASCII, 1 to 1,024 bytes.

    Every method may raise StoreUnavailable (worth a retry) or StoreFull.

    Ownership: an object belongs to whoever put it until `put_new` returns; from then on nobody may change it.
    A key that breaks the rule raises BadKey everywhere.
    """

    def put_new(self, key: str, content: BinaryIO, sha256: bytes) -> None:
        """Store `content` under a key that does not exist yet.

        When this returns, the bytes and their name are durable: they survive power loss. If it raises, either
        nothing is there or exactly these bytes are: calling again is always right and finds them done.

        Raises:
            KeyTaken: other bytes are there, or the key is a folder of others. Nothing was changed.
            DigestMismatch: `content` does not hash to `sha256`. Nothing was kept.

        """

    def open(self, key: str, start: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Give `length` bytes (fewer where the object ends) from byte `start`. Raises NoSuchKey."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Give every key that begins with `prefix`, sorted by bytes; those put meanwhile may appear."""


def check_key(key: str) -> str:
    """Return `key` if every store can hold it. Raises BadKey."""
    plain = key.isascii() and all(" " < char < _DELETE and char != "\\" for char in key)
    parts = key.split("/")
    if not plain or not 0 < len(key) <= MAX_KEY_BYTES or any(not p or p.startswith(".") for p in parts):
        raise BadKey({"key": escaped(key[:200])})
    return key
