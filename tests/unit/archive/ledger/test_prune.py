"""Partial tiles are taken away when nobody needs them, and never anything else (LEDGER section 8, 8)."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.ledger.fsck import check_tree
from archive.ledger.prune import GRACE_SECONDS, prune, stale_partials
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles, TreeReader
from archive.ledger.writer import open_log
from tests.unit.archive.ledger.logs import LOG_KEY, NOW, clock, make_log

SIZE = 700
MANY = [b"entry %d" % number for number in range(SIZE)]
LATER = NOW + GRACE_SECONDS + 1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that grew in steps of 90, so that it has many partial tiles; every file has the time NOW."""
    folder = make_log(tmp_path_factory.mktemp("log"), MANY, batch=90)
    for path in folder.rglob("*"):
        os.utime(path, (NOW, NOW))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made.parent, tmp_path / "home")
    return tmp_path / "home" / "log"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_8_partials_go_when_their_full_tile_is_a_day_old_and_readers_fall_back(folder: Path) -> None:
    before = files(folder)
    assert prune(folder, SIZE, NOW + GRACE_SECONDS - 1).files == 0
    pruned = prune(folder, SIZE, LATER)
    after = files(folder)
    gone = before.keys() - after.keys()
    assert pruned.files == len(gone) > 0
    assert pruned.bytes == sum(len(before[name]) for name in gone)
    assert gone == {name for name in before if name.startswith(("tile/0/000.p", "tile/0/001.p"))} | {
        name for name in before if name.startswith(("tile/entries/000.p", "tile/entries/001.p"))
    }
    assert {name: before[name] for name in after} == after
    head = LogReader(folder, [LOG_KEY.public]).checkpoint()
    assert check_tree(LocalTiles(folder), head) == []
    for size in (90, 180, 270, 360, 450):  # whoever holds an older checkpoint reads on
        old, tree = TreeReader(LocalTiles(made_copy(before, folder)), size), TreeReader(LocalTiles(folder), size)
        assert tree.range_root(0, size) == old.range_root(0, size)
        assert list(tree.entries(0, size)) == MANY[:size]
    assert prune(folder, SIZE, LATER).files == 0


def made_copy(kept: dict[str, bytes], folder: Path) -> Path:
    copy = folder.parent / "before"
    for name, data in kept.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if not (copy / name).exists():
            (copy / name).write_bytes(data)
    return copy


def test_the_writer_goes_on_after_it(folder: Path) -> None:
    prune(folder, SIZE, LATER)
    with open_log(folder, folder.parent / "state", LOG_KEY, clock) as log:
        log.append([b"one more"])
    assert LogReader(folder, [LOG_KEY.public]).check_log().size == SIZE + 1


def test_a_full_tile_that_the_checkpoint_does_not_reach_replaces_nothing(folder: Path) -> None:
    named = {str(path.relative_to(folder)) for path in stale_partials(folder, 511, LATER)}
    assert named
    assert all("/000.p/" in name for name in named)


def test_a_partial_that_differs_is_evidence_and_stays(folder: Path) -> None:
    name = next(name for name in files(folder) if name.startswith("tile/0/000.p/"))
    (folder / name).chmod(0o644)
    (folder / name).write_bytes(b"x" * len((folder / name).read_bytes()))
    os.utime(folder / name, (NOW, NOW))
    assert folder / name not in set(stale_partials(folder, SIZE, LATER))


def test_what_is_no_partial_tile_is_never_named(folder: Path, tmp_path: Path) -> None:
    partial = folder / "tile/0/000.p"
    (partial / ".7.new").write_bytes(b"")
    (partial / "notes.txt").write_bytes(b"")
    (partial / "256").write_bytes(b"")
    (partial / "07").write_bytes(b"")
    (tmp_path / "outside.p").mkdir()
    (tmp_path / "outside.p" / "1").write_bytes(b"")
    (folder / "tile/0/000.p/9").symlink_to(tmp_path / "outside.p" / "1")
    (folder / "tile/1/000.p").rename(tmp_path / "moved.p")
    (folder / "tile/1/000.p").symlink_to(tmp_path / "moved.p")
    prune(folder, SIZE, LATER)
    assert {path.name for path in partial.iterdir()} == {".7.new", "notes.txt", "256", "07", "9"}
    assert (tmp_path / "outside.p" / "1").exists()
    assert list((tmp_path / "moved.p").iterdir())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    removed=st.sets(st.integers(0, 3)),
    at=st.sampled_from([NOW, LATER]),
)
def test_only_replaced_partials_go_whatever_the_log_looks_like(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], removed: set[int], at: int
) -> None:
    home = tmp_path_factory.mktemp("any")
    folder = make_log(home, [])
    with open_log(folder, home / "state", LOG_KEY, clock) as log:
        for start, count in enumerate(batches):
            log.append([b"%d.%d" % (start, number) for number in range(count)])
    for number in removed:  # full tiles that are lost
        (folder / f"tile/0/{number:03d}").unlink(missing_ok=True)
    for path in folder.rglob("*"):
        os.utime(path, (NOW, NOW))
    before, size = files(folder), sum(batches)
    prune(folder, size, at)
    for name in before.keys() - files(folder).keys():
        full, _, width = name.partition(".p/")
        assert at == LATER
        assert width
        assert before[full].startswith(before[name])
        assert full in files(folder)
    assert not [path for path in folder.rglob("*.p") if not any(path.iterdir())]
