"""Reading a published log: entries, proofs, and the check of everything against every kind of damage."""

from pathlib import Path

import pytest

from archive import merkle
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles
from tests.unit.archive.ledger.logs import ENTRIES, LOG_KEY, VECTORS, make_log, refused

SIZE = 300
MANY = [b"entry %d" % number for number in range(SIZE)]
LEAVES = [merkle.leaf_hash(entry) for entry in MANY]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_log(tmp_path, MANY, batch=90)


@pytest.fixture
def reader(folder: Path) -> LogReader:
    return LogReader(folder, [LOG_KEY.public])


def rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_the_vectors_through_a_real_log(tmp_path: Path) -> None:
    folder = make_log(tmp_path, ENTRIES[:7])
    reader = LogReader(folder, [LOG_KEY.public])
    assert reader.checkpoint().root.hex() == VECTORS["roots"][7]
    log_line = VECTORS["inclusion_5_of_7"]["file"].split("— witness")[0].encode()
    assert reader.tlog_proof(5).encode() == log_line
    assert (folder / "tile/0/000.p/7").stat().st_mode & 0o777 == 0o444


def test_proofs_from_tiles_are_proofs_from_memory(reader: LogReader) -> None:
    for index, size in ((0, SIZE), (299, SIZE), (255, 256), (256, 257), (7, 8), (0, 1), (100, 299)):
        assert reader.inclusion_proof(index, size) == merkle.inclusion_proof(LEAVES[:size], index)
    for old, new in ((0, SIZE), (SIZE, SIZE), (256, 300), (255, 257), (3, 7), (1, 299)):
        assert reader.consistency_proof(old, new) == merkle.consistency_proof(LEAVES[:new], old)


def test_places_outside(reader: LogReader) -> None:
    assert refused(reader.inclusion_proof, SIZE) == "LED-020"
    assert refused(reader.inclusion_proof, 0, SIZE + 1) == "LED-020"
    assert refused(reader.inclusion_proof, 0, -1) == "LED-020"
    assert refused(reader.consistency_proof, 3, SIZE + 1) == "LED-020"
    assert refused(reader.consistency_proof, 4, 3) == "LED-020"
    assert refused(reader.entry, SIZE) == "LED-037"


def test_entries_and_the_whole_check(folder: Path, reader: LogReader) -> None:
    assert reader.entry(256) == MANY[256]
    assert list(reader.entries(250, 999)) == MANY[250:]
    assert reader.check_log().size == SIZE
    assert LogReader(LocalTiles(folder)).checkpoint() == reader.checkpoint()


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    reader = LogReader(make_log(tmp_path, []))
    assert reader.check_log().root == merkle.EMPTY_ROOT
    assert list(reader.entries(0, 5)) == []
    assert refused(reader.tlog_proof, 0) == "LED-020"


def swap_two(data: bytes) -> bytes:
    return data[32:64] + data[:32] + data[64:]


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        pytest.param("tile/0/000", lambda data: data[:-1], "LED-031", id="truncated tile"),
        pytest.param("tile/0/000", lambda data: data + bytes(32), "LED-031", id="one hash too long"),
        pytest.param("tile/0/000", swap_two, "LED-035", id="two leaves swapped"),
        pytest.param("tile/0/001.p/44", swap_two, "LED-035", id="two leaves of the partial tile swapped"),
        pytest.param("tile/1/000.p/1", lambda data: bytes(32), "LED-035", id="an inner node changed"),
        pytest.param("tile/entries/000", lambda data: data.replace(b"y 7", b"y 8"), "LED-035", id="an entry changed"),
        pytest.param("tile/entries/000", lambda data: data[:-1], "LED-032", id="an entry overruns"),
        pytest.param("tile/entries/001.p/44", lambda data: data + b"\0", "LED-032", id="trailing byte"),
        pytest.param("checkpoint", lambda data: data.replace(b"\n300\n", b"\n299\n"), "LED-002", id="size changed"),
        pytest.param("checkpoint", lambda data: data[:-2], "LED-001", id="checkpoint cut"),
    ],
)
def test_damage_is_found(folder: Path, name: str, change, code: str) -> None:
    rewrite(folder / name, change((folder / name).read_bytes()))
    assert refused(LogReader(folder, [LOG_KEY.public]).check_log) == code


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "checkpoint"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refused(LogReader(folder).check_log) == "LED-030"


def test_a_root_that_the_entries_do_not_give(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "b").mkdir()
    other = make_log(tmp_path / "b", [*MANY[:-1], b"another last one"])
    rewrite(folder / "checkpoint", (other / "checkpoint").read_bytes())
    assert refused(LogReader(folder).check_log) == "LED-036"


def test_a_damaged_tile_gives_no_proof_and_a_mended_one_does(folder: Path, reader: LogReader) -> None:
    tile = folder / "tile/0/000"
    good = tile.read_bytes()
    rewrite(tile, swap_two(good))
    assert refused(reader.entry, 0) == "LED-035"
    assert refused(reader.inclusion_proof, 0) == "LED-022"
    assert refused(reader.tlog_proof, 0) == "LED-022"
    assert refused(reader.inclusion_proof, 0, 200) in {"LED-022", "LED-024"}
    assert refused(reader.consistency_proof, 3, 7) in {"LED-022", "LED-024"}
    rewrite(tile, good)
    assert reader.inclusion_proof(0) == merkle.inclusion_proof(LEAVES, 0)
