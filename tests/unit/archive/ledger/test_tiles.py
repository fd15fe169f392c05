"""Tile paths and files: the vectors, and LEDGER section 8, items 1 to 10."""

import hashlib
from pathlib import Path

import pytest

from archive import merkle
from archive.ledger.growth import Edge
from archive.ledger.tiles import (
    LocalTiles,
    TilePath,
    TreeReader,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
    width_at,
)
from tests.unit.archive.ledger.logs import ENTRIES, VECTORS, make_log, refused


@pytest.mark.parametrize(("index", "path"), VECTORS["paths"])
def test_paths_of_the_vectors(index: int, path: str) -> None:
    assert str(TilePath(0, index)) == path
    assert parse_tile_path(path) == TilePath(0, index)


@pytest.mark.parametrize("path", ["tile/63/x999/x999/000.p/255", "tile/entries/000", "tile/entries/x001/067.p/1"])
def test_a_path_is_read_as_it_is_written(path: str) -> None:
    assert str(parse_tile_path(path)) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/x001",
        "tile/64/000",
        "tile/00/000",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/000.p/0",
        "tile/0/007.p/08",
        "tile/0/..%2f",
        "tile/0/../000",
        "tile/0/x000/001",
        "tile/0/1",
        "tile/0/0001",
        "tile/0/００１",
        "tile/0/000\n",
        "tile/8/0/000",
        "tile/0/" + "x001/" * 7 + "000",
    ],
)
def test_a_path_that_no_log_has(path: str) -> None:
    assert refused(parse_tile_path, path) == "LED-033"


def test_the_files_of_seventy_thousand_leaves() -> None:
    files = VECTORS["files_of_70000"]
    partial = [
        str(TilePath(level, index, width_at(level or 0, index, 70_000)))
        for level, index in ((0, 273), (1, 1), (2, 0), (None, 273))
    ]
    assert partial == files["partial"]
    assert [width_at(0, files["full"] - 1, 70_000), width_at(1, 0, 70_000)] == [256, 256]
    assert width_at(0, 274, 70_000) == 0


def test_tiles_and_bundles_of_the_vectors() -> None:
    leaves = [merkle.leaf_hash(entry) for entry in ENTRIES[:7]]
    edge, full = Edge.empty().grown(ENTRIES[:7], leaves)
    tile = edge.partial_files[TilePath(0, 0, 7)]
    assert hashlib.sha256(tile).hexdigest() == VECTORS["tile_0_000_p_7_sha256"]
    assert encode_bundle(ENTRIES[:4]).hex() == VECTORS["bundle_0_to_3"]
    assert (full, edge.root.hex()) == ({}, VECTORS["roots"][7])


def test_sizes_of_entries() -> None:
    for entry in (b"", bytes(65_535)):
        assert decode_bundle(encode_bundle([entry, b"x"]), 2, "") == [entry, b"x"]
    assert refused(encode_bundle, [bytes(65_536)]) == "LED-034"


@pytest.mark.parametrize(
    ("data", "width"),
    [
        pytest.param(b"\x00\x02a", 1, id="the last length overruns"),
        pytest.param(b"\x00\x01a\x00", 2, id="half a length"),
        pytest.param(b"\x00\x01a", 2, id="an entry short"),
        pytest.param(b"\x00\x01ab", 1, id="trailing bytes"),
        pytest.param(b"\x00\x01a\x00\x01b", 1, id="an entry more"),
        pytest.param(b"", 1, id="empty"),
    ],
)
def test_a_damaged_bundle(data: bytes, width: int) -> None:
    assert refused(decode_bundle, data, width, "tile/entries/000") == "LED-032"


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, TreeReader]:
    """A log of 300 leaves: one full tile and one of 44."""
    folder = make_log(tmp_path, [b"entry %d" % number for number in range(300)], batch=150)
    return folder, TreeReader(LocalTiles(folder), 300)


def rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + bytes(32), lambda data: data[:-32]])
def test_a_tile_of_another_length(tree: tuple[Path, TreeReader], change) -> None:
    folder, reader = tree
    path = folder / "tile/0/001.p/44"
    rewrite(path, change(path.read_bytes()))
    assert refused(reader.tile, 0, 1) == "LED-031"


def test_a_full_tile_stands_in_for_a_partial_one(tree: tuple[Path, TreeReader]) -> None:
    folder, _ = tree
    earlier = TreeReader(LocalTiles(folder), 200)
    assert earlier.tile(0, 0) == earlier.resized(300).tile(0, 0)[:200]
    assert earlier.bundle(0) == earlier.resized(300).bundle(0)[:200]


def test_a_partial_tile_does_not_stand_in_for_a_full_one(tree: tuple[Path, TreeReader]) -> None:
    folder, reader = tree
    for name in ("tile/0/000", "tile/entries/000"):
        (folder / name).unlink()
    assert (folder / "tile/0/000.p/150").exists()
    assert refused(reader.tile, 0, 0) == "LED-030"
    assert refused(reader.bundle, 0) == "LED-030"


def test_places_outside_the_tree(tree: tuple[Path, TreeReader]) -> None:
    _, reader = tree
    for index in (-1, 300):
        assert refused(reader.leaf, index) == "LED-037"
        assert refused(reader.entry, index) == "LED-037"
    assert list(reader.entries(290, 400)) == [b"entry %d" % number for number in range(290, 300)]
    assert list(reader.entries(250, 260)) == [b"entry %d" % number for number in range(250, 260)]
    assert list(reader.entries(10, 10)) == list(reader.entries(400, 500)) == []


def test_a_file_where_a_folder_should_be(tree: tuple[Path, TreeReader]) -> None:
    folder, _ = tree
    assert refused(LocalTiles(folder).read, "checkpoint/x", 10) == "LED-030"
    assert refused(LocalTiles(folder).read, "tile", 10) == "LED-038"


def test_a_full_tile_leaves_no_partial_one() -> None:
    entries = [b"%d" % number for number in range(256)]
    edge, full = Edge.empty().grown(entries, [merkle.leaf_hash(entry) for entry in entries])
    assert {str(path) for path in full} == {"tile/0/000", "tile/entries/000"}
    assert {str(path) for path in edge.partial_files} == {"tile/1/000.p/1"}
