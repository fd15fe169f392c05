"""ObjectStore in memory; earns its place by passing tests/contract/test_object_store.py."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from archive.store.errors import DigestMismatch, KeyTaken, NoSuchKey
from archive.store.port import check_key


class MemoryStore:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_new(self, key: str, content: BinaryIO, sha256: bytes) -> None:
        check_key(key)
        data = content.read()
        found = hashlib.sha256(data)
        if found.digest() != sha256:
            raise DigestMismatch({"want": sha256.hex(), "got": found.hexdigest()})
        folders = any(other.startswith(key + "/") or key.startswith(other + "/") for other in self.objects)
        if folders or self.objects.get(key, data) != data:
            raise KeyTaken({"key": key})
        self.objects[key] = data

    @contextmanager
    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        if check_key(key) not in self.objects:
            raise NoSuchKey({"key": key})
        end = None if length is None else start + length
        yield io.BytesIO(self.objects[key][start:end])

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.objects if key.startswith(prefix))
