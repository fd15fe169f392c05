"""One file of 1 GiB from upload to the archive, beside plain SHA-256 and plain write + fsync of the same bytes."""

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from archive.objects.commit import commit
from archive.objects.inventory import User
from archive.objects.root import StorageRoot
from archive.store.disk import LocalDisk
from archive.store.staging import Staging

SIZE = 1 << 30
BLOCK = 1 << 20
ROUNDS = 5
GOAL = 0.6


def rows() -> list[tuple[str, ...]]:
    """Return (what, MB/s median, ratio to the lower limit); the rounds of all three are interleaved."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "source"
        seed = os.urandom(BLOCK)
        with source.open("wb") as out:
            for number in range(SIZE // BLOCK):
                out.write(number.to_bytes(8, "big") + seed[8:])
        speeds: dict[str, list[float]] = {"sha256": [], "write + fsync": [], "publish": []}
        for number in range(ROUNDS):
            speeds["sha256"].append(_speed(lambda: _hash(source)))
            speeds["write + fsync"].append(_speed(lambda: _write(source, folder / "plain")))
            speeds["publish"].append(_speed(lambda number=number: _publish(source, folder / f"p{number}")))
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    limit = min(medians["sha256"], medians["write + fsync"])
    head = ("1 GiB", "MB/s", "÷ lower limit")
    body = [(name, f"{speed / 1e6:.0f}", f"{speed / limit:.2f}") for name, speed in medians.items()]
    return [head, *body, ("goal", "", f"{GOAL:.2f}")]


def _speed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return SIZE / (time.perf_counter() - begun)


def _hash(source: Path) -> None:
    running = hashlib.sha256()
    with source.open("rb") as read:
        while block := read.read(BLOCK):
            running.update(block)


def _write(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb", buffering=0) as out:
        while block := read.read(BLOCK):
            out.write(block)
        os.fsync(out.fileno())
    target.unlink()


def _publish(source: Path, folder: Path) -> None:
    (folder / "staging").mkdir(parents=True)
    disk = LocalDisk()
    staging = Staging(folder / "staging", disk, SIZE)
    root = StorageRoot.create(folder / "objects", folder / "staging", disk)
    with source.open("rb") as read:
        staged = staging.stage(read)
    user = User("bench", "urn:ishibumi:bench")
    commit(root, "big", "release", {"files/big.bin": staged}, message="", user=user, created=datetime.now(UTC))
    staging.discard(staged.id)
    for path in (folder / "objects").rglob("*"):
        if path.is_file() and path.stat().st_size == SIZE:
            path.unlink()
