"""The check of a whole log: every kind of damage named once, on one process and on two (LEDGER section 8, 1 to 5)."""

from pathlib import Path

import pytest

from archive.ledger.fsck import check_statements, check_tree
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles
from tests.unit.archive.ledger.logs import LOG_KEY, make_log

SIZE = 66_000  # three levels, and more bundles than one span has
MANY = [b"entry %d" % number for number in range(SIZE)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_log(tmp_path_factory.mktemp("log"), MANY, batch=33_000)


def findings(folder: Path, workers: int = 1) -> list[tuple[str, str]]:
    head = LogReader(folder, [LOG_KEY.public]).checkpoint()
    return [(finding.path, finding.error.code) for finding in check_tree(LocalTiles(folder), head, workers)]


def swap_two(data: bytes) -> bytes:
    return data[32:64] + data[:32] + data[64:]


def another_entry(data: bytes) -> bytes:
    return data[:5] + bytes([data[5] ^ 1]) + data[6:]


DAMAGE = [
    pytest.param("tile/0/000", lambda data: data[:-1], [("tile/0/000", "LED-031")], id="1 truncated tile"),
    pytest.param("tile/0/003", lambda data: data + bytes(32), [("tile/0/003", "LED-031")], id="2 one hash too long"),
    pytest.param("tile/0/070", swap_two, [("tile/0/070", "LED-035")], id="3 two leaves swapped"),
    pytest.param(
        "tile/entries/070", another_entry, [("tile/entries/070", "LED-160")], id="4 entry changed under a right tile"
    ),
    pytest.param("tile/entries/257.p/208", another_entry, [("tile/entries/257.p/208", "LED-160")], id="4 in the last"),
    pytest.param("tile/entries/002", lambda data: data[:-1], [("tile/entries/002", "LED-032")], id="5 overrun"),
    pytest.param("tile/entries/002", lambda data: data + b"\0", [("tile/entries/002", "LED-032")], id="5 trailing"),
    pytest.param("tile/0/257.p/208", swap_two, [("tile/0/257.p/208", "LED-035")], id="3 in the last tile"),
    pytest.param("tile/1/000", swap_two, [("tile/1/000", "LED-035")], id="3 in a tile above"),
    pytest.param("tile/1/001.p/1", lambda data: bytes(32), [("tile/1/001.p/1", "LED-035")], id="a partial one above"),
    pytest.param("tile/2/000.p/1", lambda data: bytes(32), [("tile/2/000.p/1", "LED-035")], id="the highest tile"),
    pytest.param("tile/0/100", None, [("tile/0/100", "LED-030")], id="a tile is missing"),
    pytest.param("tile/entries/100", None, [("tile/entries/100", "LED-030")], id="a bundle is missing"),
    pytest.param("tile/entries/257.p/208", None, [("tile/entries/257.p/208", "LED-030")], id="the last is missing"),
    pytest.param("tile/1/000", None, [("tile/1/000", "LED-030")], id="a tile above is missing"),
]


@pytest.mark.parametrize(("name", "change", "expected"), DAMAGE)
def test_damage_is_named_once(made: Path, name: str, change, expected: list[tuple[str, str]]) -> None:
    path = made / name
    good = path.read_bytes()
    path.chmod(0o644)
    try:
        if change is None:
            path.unlink()
        else:
            path.write_bytes(change(good))
        found = findings(made)
    finally:
        path.write_bytes(good)
    assert found == expected


def test_both_a_bundle_and_its_tile_are_gone(made: Path) -> None:
    names = ("tile/entries/005", "tile/0/005", "tile/1/000")
    kept = {name: (made / name).read_bytes() for name in names}
    try:
        for name in names:
            (made / name).unlink()
        found = findings(made)
        assert [path for path, code in found if code == "LED-030"] == ["tile/entries/005", "tile/0/005", "tile/1/000"]
        assert found[-1] == ("checkpoint", "LED-036")
    finally:
        for name, data in kept.items():
            (made / name).write_bytes(data)


def test_a_root_that_the_entries_do_not_give(made: Path, tmp_path: Path) -> None:
    other = make_log(tmp_path, [b"other %d" % number for number in range(SIZE)], batch=33_000)
    good = (made / "checkpoint").read_bytes()
    try:
        (made / "checkpoint").write_bytes((other / "checkpoint").read_bytes())
        assert findings(made) == [("checkpoint", "LED-036")]
    finally:
        (made / "checkpoint").write_bytes(good)


def test_two_processes_find_the_same(made: Path) -> None:
    assert findings(made, workers=2) == []
    path = made / "tile/0/130"
    good = path.read_bytes()
    path.chmod(0o644)
    try:
        path.write_bytes(swap_two(good))
        assert findings(made, workers=2) == [("tile/0/130", "LED-035")]
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257])
def test_small_logs_are_whole_and_progress_counts_their_leaves(tmp_path: Path, size: int) -> None:
    folder = make_log(tmp_path, MANY[:size])
    told: list[int] = []
    head = LogReader(folder).checkpoint()
    assert check_tree(LocalTiles(folder), head, progress=told.append) == []
    assert sum(told) == size


def test_entries_that_are_no_statements_are_named_by_their_number() -> None:
    found = [finding and (finding.path, finding.error.code) for finding in check_statements([b"a", b"{}"], "a/log")]
    assert [path for path, _ in found if path] == ["entry 0", "entry 1"]  # type: ignore[misc]
