"""A whole log derived again from its entries, on one core and on two, beside bare leaf and node hashing."""

import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from archive import merkle
from archive.ledger.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint, sign_checkpoint
from archive.ledger.fsck import check_tree
from archive.ledger.growth import Edge
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles
from archive.records.keys import KeyKind, SigningKey

LEAVES = 1_000_000
ENTRY_BYTES = 650
GOAL = 100_000
GOAL_RATIO = 1.7
_KEY = SigningKey.from_seed("mihon.example/log", KeyKind.LOG, b"l" * 32)
_STEP = 4_096
_PROOFS = 2_000
_RUNS = 3


def rows() -> list[tuple[str, ...]]:
    """Return (what, how many, leaves/s, share of the bare hashing rate) of one run."""
    bare = max(_bare_hashes(0) for _ in range(_RUNS))
    both = _bare_hashes_on_two()
    folder = Path(tempfile.mkdtemp())
    try:
        head = build(folder, LEAVES)
        # The best of several, in turn: what else the machine does must not count against one of them alone.
        runs = [(_checked(folder, head, 1), _checked(folder, head, 2)) for _ in range(_RUNS)]
        one, two = max(run[0] for run in runs), max(run[1] for run in runs)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "entries" not in path.parts)
        p50, p99 = _proofs(folder)
    finally:
        shutil.rmtree(folder)
    count = f"{LEAVES:,}"
    return [
        ("check of a whole log", "leaves", "leaves/s", "of bare SHA-256"),
        (f"leaf and node hashes of {ENTRY_BYTES} B", "200,000", f"{bare:,.0f}", "100%"),
        ("the same in 2 processes at once", "400,000", f"{both:,.0f}", f"{both / bare:.2f} x one"),
        ("log check, 1 process", count, f"{one:,.0f}", f"{one / bare:.0%}"),
        ("log check, 2 processes", count, f"{two:,.0f}", f"{two / one:.2f} x one"),
        ("goal", count, f"{GOAL:,}", f"{GOAL_RATIO} x one"),
        ("", "", "", "reached" if one >= GOAL and two >= GOAL_RATIO * one else "missed"),
        ("tiles without entries", count, f"{size / LEAVES:.2f} bytes/leaf", ""),
        ("inclusion proof, tiles on disk", f"{_PROOFS:,}", f"p50 {p50 * 1000:.2f} ms", f"p99 {p99 * 1000:.2f} ms"),
    ]


def build(folder: Path, leaves: int) -> SignedCheckpoint:
    """Write the tiles of a log with `leaves` entries, without the writer's queue and without fsync."""
    edge = Edge.empty()
    filler = b"x" * (ENTRY_BYTES - 8)
    for start in range(0, leaves, _STEP):
        entries = [number.to_bytes(8, "big") + filler for number in range(start, min(start + _STEP, leaves))]
        edge, files = edge.grown(entries, [merkle.leaf_hash(entry) for entry in entries])
        _write(folder, {str(path): data for path, data in files.items()})
    raw = sign_checkpoint(Checkpoint(_KEY.public.name, leaves, edge.root), _KEY).encode()
    _write(folder, {**{str(path): data for path, data in edge.partial_files.items()}, "checkpoint": raw})
    return parse_checkpoint(raw)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def _checked(folder: Path, head: SignedCheckpoint, workers: int) -> float:
    start = time.perf_counter()
    found = check_tree(LocalTiles(folder), head, workers)
    if found:
        sys.exit(str(found[0].error))
    return head.size / (time.perf_counter() - start)


def _bare_hashes_on_two() -> float:
    """Return the same for two processes that hash at once: what two cores of this machine are worth, as it is now."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_bare_hashes, range(2)))  # both are up
        return max(sum(pool.map(_bare_hashes, range(2))) for _ in range(_RUNS))


def _bare_hashes(_: int) -> float:
    """Return how many leaves a second the machine hashes, with the inner nodes above them, and nothing else."""
    entries = [number.to_bytes(8, "big") + b"x" * (ENTRY_BYTES - 8) for number in range(200_000)]
    start = time.perf_counter()
    merkle.root([merkle.leaf_hash(entry) for entry in entries])
    return len(entries) / (time.perf_counter() - start)


def _proofs(folder: Path) -> tuple[float, float]:
    """Return the median and the 99th percentile of the seconds that a checked inclusion proof takes."""
    reader = LogReader(folder, [_KEY.public])
    taken = []
    for number in range(_PROOFS):
        start = time.perf_counter()
        reader.inclusion_proof(number * 7_919 % LEAVES)
        taken.append(time.perf_counter() - start)
    taken.sort()
    return taken[_PROOFS // 2], taken[_PROOFS * 99 // 100]
