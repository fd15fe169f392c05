"""Where anchors lie, for ever: `anchor/<size>/` beside the tiles of the log, served with them.

Each holds `checkpoint` (the signed note that was anchored, verbatim), `<name>.tsr` or `<name>.ots` of each authority or
calendar, and `<name>.header` where the block of a proof is known. What is in a file never changes, but for an `.ots`
that is replaced by one that proves more of the same. Tile paths begin with `tile/`, so the two never meet.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ArchiveError
from archive.ledger.anchor.finding import MAX_TOKEN, OPENTIMESTAMPS, RFC3161
from archive.ledger.anchor.ots_check import HEADER_BYTES
from archive.ledger.checkpoint import SignedCheckpoint, parse_checkpoint
from archive.ledger.disk import Disk, LocalDisk
from archive.ledger.note import MAX_NOTE_BYTES

FOLDER = "anchor"
RENEWALS = "renewals"
CHECKPOINT = "checkpoint"
HEADER = ".header"
SUFFIXES = {RFC3161: ".tsr", OPENTIMESTAMPS: ".ots"}
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_SIZE = re.compile(r"[1-9][0-9]{0,18}")
_KINDS = {suffix: kind for kind, suffix in SUFFIXES.items()}
# How far behind a statement its anchors are looked for: an authority that was silent for so long is passed over.
_MAX_LATER = 64


@dataclass(frozen=True)
class Kept:
    """One anchor as it lies there; `at` is when it was asked for, in seconds since 1970 (the file's own time)."""

    kind: str
    by: str
    token: bytes
    header: bytes
    checkpoint: SignedCheckpoint
    at: float

    @property
    def size(self) -> int:
        """How many statements the anchored checkpoint covers."""
        return self.checkpoint.size


def keep(
    log: Path, checkpoint: SignedCheckpoint, kind: str, by: str, token: bytes, at: float, disk: Disk | None = None
) -> None:
    """Keep a new anchor over `checkpoint`; when this returns it survives power loss. Raises OSError.

    A crash on the way leaves nothing that a reader sees, or all of it; asking again is always right.
    """
    disk, place = disk or LocalDisk(), log / FOLDER / str(checkpoint.size)
    for folder in (place.parent, place):
        disk.make_folder(folder)
        disk.sync_folder(folder.parent)
    if not (place / CHECKPOINT).exists():
        _put(disk, place / CHECKPOINT, checkpoint.raw, at)
    _put(disk, place / (by + SUFFIXES[kind]), token, at)


def improve(log: Path, kept: Kept, token: bytes) -> None:
    """Replace a kept proof by one that proves more of the same. Raises OSError."""
    _put(LocalDisk(), log / FOLDER / str(kept.size) / (kept.by + SUFFIXES[kept.kind]), token, kept.at)


def put_header(log: Path, kept: Kept, header: bytes) -> None:
    """Put the header of its block beside a kept proof. Raises OSError."""
    _put(LocalDisk(), log / FOLDER / str(kept.size) / (kept.by + HEADER), header, kept.at)


def kept(log: Path) -> Iterator[Kept]:
    """Give every anchor that can be read, by size and name."""
    for size in sizes(log):
        yield from of_size(log, size)


def of_size(log: Path, size: int) -> list[Kept]:
    """Return the anchors over the checkpoint of `size`; a file that is not what it should be is passed over."""
    place = log / FOLDER / str(size)
    try:
        checkpoint = parse_checkpoint(_limited(place / CHECKPOINT, MAX_NOTE_BYTES))
        files = sorted(place.iterdir())
    except (OSError, ArchiveError):
        return []
    if checkpoint.size != size:
        return []
    found = [_one(path, checkpoint) for path in files if path.suffix in _KINDS and NAME.fullmatch(path.stem)]
    return [each for each in found if each is not None]


def files(log: Path, size: int) -> Iterator[Path]:
    """Give every file of the anchors up to `size`, and the lists of renewals: what a copy of the log takes along."""
    folders = [log / FOLDER / str(each) for each in sizes(log) if each <= size]
    for place in (*folders, log / FOLDER / RENEWALS):
        if place.is_dir():
            yield from sorted(path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))


def sizes(log: Path) -> list[int]:
    """Return the sizes that were anchored, rising."""
    try:
        return sorted(int(path.name) for path in (log / FOLDER).iterdir() if _SIZE.fullmatch(path.name))
    except OSError:
        return []


def last(log: Path, kind: str, by: str) -> Kept | None:
    """Return the newest anchor by one authority."""
    for size in reversed(sizes(log)):
        found = [each for each in of_size(log, size) if (each.kind, each.by) == (kind, by)]
        if found:
            return found[0]
    return None


def earliest_covering(log: Path, index: int) -> list[Kept]:
    """Return the earliest anchor of each kind and authority whose checkpoint holds the statement at `index`.

    A calendar's proof with its block goes before an earlier one without: a promise may never be kept.
    """
    found: dict[tuple[str, str], Kept] = {}
    for size in [size for size in sizes(log) if size > index][:_MAX_LATER]:
        for each in of_size(log, size):
            before = found.setdefault((each.kind, each.by), each)
            if each.header and not before.header:
                found[each.kind, each.by] = each
    return [found[key] for key in sorted(found)]


def _one(path: Path, checkpoint: SignedCheckpoint) -> Kept | None:
    kind, header = _KINDS[path.suffix], path.with_suffix(HEADER)
    try:
        token, at = _limited(path, MAX_TOKEN), path.stat().st_mtime
        block = _limited(header, HEADER_BYTES) if kind == OPENTIMESTAMPS and header.exists() else b""
    except (OSError, ValueError):
        return None
    return Kept(kind, path.stem, token, block if len(block) == HEADER_BYTES else b"", checkpoint, at)


def _limited(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(f"{path.name}: more than {limit} bytes")
    return data


def _put(disk: Disk, path: Path, data: bytes, at: float) -> None:
    draft = path.with_name(f".{path.name}.new")
    disk.write(draft, data)
    os.utime(draft, (at, at))
    disk.rename(draft, path)
    disk.sync_folder(path.parent)
