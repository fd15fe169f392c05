"""Taking away partial tiles that nobody needs: the full tile is there, and everybody had time to notice."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archive.ledger.errors import BadTilePath
from archive.ledger.tiles import HEIGHT, WIDTH, TilePath, parse_tile_path

GRACE_SECONDS = 24 * 3600
_TILES = "tile"
_PARTIAL = ".p"


@dataclass(frozen=True)
class Pruned:
    """What was taken away."""

    files: int
    bytes: int


def prune(folder: Path, size: int, now: float, grace: float = GRACE_SECONDS) -> Pruned:
    """Delete the partial tiles and bundles of the log in `folder` that `stale_partials` names, and say how many.

    May run beside the writer and again at any time; a crash leaves some of them for the next run. Raises OSError.
    """
    files = total = 0
    for path in list(stale_partials(folder, size, now, grace)):
        total += path.stat().st_size
        path.unlink()
        files += 1
        with suppress(OSError):  # other widths are still in it
            path.parent.rmdir()
    return Pruned(files, total)


def stale_partials(folder: Path, size: int, now: float, grace: float = GRACE_SECONDS) -> Iterator[Path]:
    """Give each partial file whose full one is public since `grace` seconds (`size`: what the checkpoint says).

    Readers fall back to the full file, whose beginning is the same. Nothing else is ever named: no full file, no
    partial one that the published tree still ends with, none that differs from its full file (that is evidence), no
    draft, no file whose name is not a partial tile's own, and nothing that is reached over a symbolic link.
    """
    for base, folders, names in os.walk(folder / _TILES):
        folders[:] = sorted(name for name in folders if not Path(base, name).is_symlink())
        if not base.endswith(_PARTIAL):
            continue
        for name in sorted(names):
            path = Path(base, name)
            tile = _tile_of(path.relative_to(folder))
            if tile is not None and _is_stale(folder, path, tile, size, now - grace):
                yield path


def _tile_of(path: Path) -> TilePath | None:
    try:
        tile = parse_tile_path(path.as_posix())
    except BadTilePath:
        return None
    return tile if tile.width < WIDTH else None


def _is_stale(folder: Path, path: Path, tile: TilePath, size: int, before: float) -> bool:
    if (tile.index + 1) << HEIGHT * ((tile.level or 0) + 1) > size:  # the checkpoint does not reach the full one yet
        return False
    full = folder / str(tile.full)
    if path.is_symlink() or not full.is_file() or full.stat().st_mtime > before:
        return False
    return full.read_bytes().startswith(path.read_bytes())
