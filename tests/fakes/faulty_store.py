"""An ObjectStore whose next call of one method fails: before it did anything, or after, with the reply lost."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Literal

from archive.store.errors import StoreUnavailable
from archive.store.port import ObjectStore


class FaultyStore:
    def __init__(self, store: ObjectStore, method: str, fails: Literal["before", "after"], times: int = 1) -> None:
        self._store = store
        self._method = method
        self._fails = fails
        self._left = times

    def put_new(self, key: str, content: BinaryIO, sha256: bytes) -> None:
        self._fail("put_new", "before")
        self._store.put_new(key, content, sha256)
        self._fail("put_new", "after")

    def open(self, key: str, start: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        self._fail("open", "before")
        return self._store.open(key, start, length)

    def keys(self, prefix: str) -> Iterator[str]:
        self._fail("keys", "before")
        return self._store.keys(prefix)

    def _fail(self, method: str, moment: str) -> None:
        if self._left and (method, moment) == (self._method, self._fails):
            self._left -= 1
            raise StoreUnavailable({"why": f"{moment} {method}"})
