"""Uploads: resumed at any offset, hashed once, sealed, and never half kept."""

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import merkle
from archive.store import errors
from archive.store.disk import LocalDisk, Space
from archive.store.hashing import CHUNK, ChunkTree, digests
from archive.store.staging import Staging

MIB = 1 << 20


class FullDisk(LocalDisk):
    """Takes `room` bytes, then has no space."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, handle: io.FileIO, data: bytes) -> None:
        super().write(handle, data[: self.room])
        if len(data) > self.room:
            raise errors.StoreFull
        self.room -= len(data)

    def space(self, path: Path) -> Space:
        return Space(free=1000, total=2000)


class BrokenLine(io.BytesIO):
    """A client that goes away after its last byte."""

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        if not found:
            raise ConnectionResetError
        return found


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path, LocalDisk(), limit=8 * MIB)


def chunk_root(data: bytes) -> bytes:
    return merkle.root([merkle.leaf_hash(data[at : at + CHUNK]) for at in range(0, len(data), CHUNK)])


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, MIB, 3 * MIB + 7])
def test_a_staged_file_is_hashed_and_sealed(staging: Staging, size: int) -> None:
    data = os.urandom(size)
    staged = staging.stage(io.BytesIO(data), hashlib.sha256(data).digest())
    assert staged.path.read_bytes() == data
    assert staged.path.stat().st_mode & 0o777 == 0o444
    assert (staged.size, staged.sha256) == (size, hashlib.sha256(data).digest())
    assert (staged.chunks, staged.chunk_root) == (-(-size // CHUNK), chunk_root(data))


@given(st.lists(st.binary(max_size=20).map(lambda b: b * 9000), max_size=8))
def test_the_chunk_tree_does_not_care_how_bytes_arrive(parts: list[bytes]) -> None:
    tree = ChunkTree()
    for part in parts:
        tree.update(part)
    whole = b"".join(parts)
    assert tree.finish() == (-(-len(whole) // CHUNK), chunk_root(whole))


@pytest.mark.parametrize("sizes", [[3, 4], [2 * MIB, 5], [5, 2 * MIB], [MIB, 0, MIB]])
@pytest.mark.parametrize("restarted", [False, True])
def test_an_upload_goes_on_where_it_stands(staging: Staging, tmp_path: Path, sizes: list[int], restarted: bool) -> None:
    data = os.urandom(sum(sizes))
    upload, at = staging.create(), 0
    for size in sizes:
        at = staging.append(upload, at, io.BytesIO(data[at : at + size]))
        if restarted:
            staging = Staging(tmp_path, LocalDisk(), limit=8 * MIB)
    assert staging.offset(upload) == len(data)
    staged = staging.finish(upload, len(data))
    assert (staged.sha256, staged.chunk_root) == (hashlib.sha256(data).digest(), chunk_root(data))
    assert staging.finish(upload) == staged


def test_bytes_beyond_the_agreed_offset_are_dropped(staging: Staging) -> None:
    upload = staging.create()
    staging.append(upload, 0, io.BytesIO(b"0123456"))
    staging.append(upload, 3, io.BytesIO(b"xyz"))
    assert staging.finish(upload).sha256 == hashlib.sha256(b"012xyz").digest()


def test_a_line_that_breaks_keeps_what_came(staging: Staging) -> None:
    upload, heard = staging.create(), []
    with pytest.raises(ConnectionResetError):
        staging.append(upload, 0, BrokenLine(b"x" * (2 * MIB)), heard.append)
    assert heard == [2 * MIB]
    staging.append(upload, 2 * MIB, io.BytesIO(b"y"))
    assert staging.finish(upload).sha256 == hashlib.sha256(b"x" * (2 * MIB) + b"y").digest()


def test_each_64_mib_are_heard_of_when_durable(tmp_path: Path) -> None:
    heard: list[int] = []
    staging = Staging(tmp_path, LocalDisk(), limit=1 << 40)
    upload = staging.create()
    staging.append(upload, 0, io.BytesIO(bytes(140 * MIB)), heard.append)
    assert heard == [64 * MIB, 140 * MIB]


def test_a_full_disk_keeps_the_offset(tmp_path: Path) -> None:
    heard: list[int] = []
    staging = Staging(tmp_path, FullDisk(room=5), limit=MIB)
    upload = staging.create()
    with pytest.raises(errors.StoreFull):
        staging.append(upload, 0, io.BytesIO(b"0123456"), heard.append)
    assert heard == [5]
    with pytest.raises(errors.StoreFull):
        staging.stage(io.BytesIO(b"0123456"))
    assert list(staging.uploads()) == [upload]


def test_space_is_refused_before_the_first_byte(tmp_path: Path) -> None:
    staging = Staging(tmp_path, FullDisk(0), limit=5000)
    staging.require_space(450)
    for length, reserved in ((451, 0), (450, 1)):
        with pytest.raises(errors.StoreFull):
            staging.require_space(length, reserved)
    with pytest.raises(errors.TooLarge):
        staging.require_space(5001)


def test_wrong_offsets_sizes_and_digests_have_their_own_codes(staging: Staging) -> None:
    upload = staging.create()
    staging.append(upload, 0, io.BytesIO(b"abc"))
    for offset in (4, -1):
        with pytest.raises(errors.WrongOffset):
            staging.append(upload, offset, io.BytesIO(b""))
    with pytest.raises(errors.LengthMismatch):
        staging.finish(upload, 4)
    with pytest.raises(errors.DigestMismatch):
        staging.finish(upload, 3, bytes(32))
    for gone in (upload, "../x", "a/b", ""):
        with pytest.raises(errors.NoSuchUpload):
            staging.offset(gone)


@pytest.mark.parametrize("size", [8 * MIB + 1, 9 * MIB])
def test_a_file_over_the_limit_is_not_kept(staging: Staging, size: int) -> None:
    with pytest.raises(errors.TooLarge):
        staging.stage(io.BytesIO(bytes(size)))
    assert list(staging.uploads()) == []


def test_only_one_may_append(staging: Staging, tmp_path: Path) -> None:
    upload = staging.create()
    other = Staging(tmp_path, LocalDisk(), limit=9)

    class Meanwhile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            with pytest.raises(errors.UploadBusy):
                other.append(upload, 0, io.BytesIO(b"b"))
            return super().read(size)

    assert staging.append(upload, 0, Meanwhile(b"a")) == 1


def test_what_nobody_knows_is_swept_when_it_is_old(staging: Staging) -> None:
    known, young, old = (staging.create(name) for name in ("known", "young", "old"))
    sealed = staging.stage(io.BytesIO(b"x"))
    for path in (staging._part(known), staging._part(old), sealed.path):
        os.utime(path, (0, 0))
    assert sorted(staging.sweep(lambda upload: upload == known, 3600)) == sorted([old, sealed.id])
    assert list(staging.uploads()) == [known, young]


def test_nothing_staged_has_the_digests_of_nothing() -> None:
    assert digests([]).chunk_root == hashlib.sha256(b"").digest()
