"""The contract of archive/store/port.py, held against every adapter and the fake."""

import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.store.disk import LocalDisk
from archive.store.errors import BadKey, DigestMismatch, KeyTaken, NoSuchKey, StoreError, StoreUnavailable
from archive.store.local_disk import LocalDiskStore
from archive.store.port import ObjectStore
from tests.fakes.faulty_store import FaultyStore
from tests.fakes.memory_store import MemoryStore


@pytest.fixture(params=["local disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return LocalDiskStore(tmp_path, LocalDisk()) if request.param == "local disk" else MemoryStore()


def put(store: ObjectStore, key: str, data: bytes) -> None:
    store.put_new(key, io.BytesIO(data), hashlib.sha256(data).digest())


def get(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open(key, start, length) as found:
        return found.read()


def test_what_was_put_is_given_back(store: ObjectStore) -> None:
    put(store, "a/b", b"bytes")
    assert get(store, "a/b") == b"bytes"


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    put(store, "empty", b"")
    assert get(store, "empty") == b""


@pytest.mark.parametrize(
    ("start", "length", "part"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (8, 9, b"89"),
        (10, 1, b""),
        (99, None, b""),
        (2, 0, b""),
    ],
)
def test_a_part_is_given(store: ObjectStore, start: int, length: int | None, part: bytes) -> None:
    put(store, "k", b"0123456789")
    assert get(store, "k", start, length) == part


def test_the_same_bytes_again_are_done_already(store: ObjectStore) -> None:
    put(store, "k", b"one")
    put(store, "k", b"one")
    assert list(store.keys("")) == ["k"]


def test_other_bytes_are_refused_and_the_first_stay(store: ObjectStore) -> None:
    put(store, "k", b"one")
    with pytest.raises(KeyTaken):
        put(store, "k", b"two")
    assert get(store, "k") == b"one"


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
def test_a_key_is_no_folder_of_another(store: ObjectStore, first: str, second: str) -> None:
    put(store, first, b"one")
    with pytest.raises(KeyTaken):
        put(store, second, b"two")
    assert list(store.keys("")) == [first]


def test_bytes_of_another_digest_are_not_kept(store: ObjectStore) -> None:
    with pytest.raises(DigestMismatch):
        store.put_new("k", io.BytesIO(b"one"), hashlib.sha256(b"two").digest())
    assert list(store.keys("")) == []


@pytest.mark.parametrize("key", ["nothing", "a", "a/b/c/d", "a/b/c"])
def test_a_key_that_is_not_there(store: ObjectStore, key: str) -> None:
    put(store, "a/b", b"bytes")
    with pytest.raises(NoSuchKey), store.open(key):
        raise AssertionError


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/..", ".hidden", "a b", "漢", "a\\b", "a\n", "k" * 1025, "a\0"]
)
def test_a_bad_key_is_refused_by_every_method(store: ObjectStore, key: str) -> None:
    with pytest.raises(BadKey):
        put(store, key, b"")
    with pytest.raises(BadKey), store.open(key):
        raise AssertionError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.text("ab-/0", min_size=1, max_size=6), max_size=8), st.text("ab-/", max_size=3))
def test_keys_are_sorted_by_their_bytes(store: ObjectStore, keys: list[str], prefix: str) -> None:
    for key in keys:
        try:
            put(store, key, key.encode())
        except StoreError:
            continue
    found = list(store.keys(prefix))
    assert found == sorted(key for key in store.keys("") if key.startswith(prefix))
    assert all(get(store, key) == key.encode() for key in found)


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_put_that_failed_is_right_to_repeat(store: ObjectStore, fails: str) -> None:
    faulty = FaultyStore(store, "put_new", fails)
    with pytest.raises(StoreUnavailable):
        put(faulty, "k", b"one")
    put(faulty, "k", b"one")
    assert get(faulty, "k") == b"one"
