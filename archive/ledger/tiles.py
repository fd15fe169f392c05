"""C2SP tlog-tiles: paths, the codec of tiles and entry bundles, and a reader of a tree in any source."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from archive import merkle
from archive.ledger.errors import (
    BadTilePath,
    EntryTooLarge,
    MalformedBundle,
    MalformedTile,
    NoSuchEntry,
    NoSuchTile,
    TileUnreadable,
)
from archive.merkle import HASH_BYTES, Hash

WIDTH = 256
HEIGHT = 8
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
_LENGTH_BYTES = 2
MAX_BUNDLE_BYTES = WIDTH * (_LENGTH_BYTES + MAX_ENTRY_BYTES)
_CACHED_FILES = 256
_ENTRIES = "entries"
_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True)
class TilePath:
    """A file of a log: level (`None` for entry bundles), number, and how many hashes or entries it holds."""

    level: int | None
    index: int
    width: int = WIDTH

    def __str__(self) -> str:
        level = _ENTRIES if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{partial}"

    @property
    def full(self) -> "TilePath":
        """The same tile when it has grown to its full width."""
        return TilePath(self.level, self.index)


class TileSource(Protocol):
    """Where the files of a log can be fetched from: a folder, a mirror, a cache."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the file at `path` (`checkpoint` or a TilePath), cut after `limit` + 1 bytes.

        Raises:
            NoSuchTile: there is none. TileUnreadable: it cannot be read now.

        """


class LocalTiles:
    """The files of a log in a folder, readable while another process writes: they appear whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit: int) -> bytes:
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchTile({"path": path}) from None
        except OSError as error:
            raise TileUnreadable({"path": path, "why": str(error.strerror)}) from error


def parse_tile_path(path: str) -> TilePath:
    """Return the tile that `path` names, for whoever serves one. Raises BadTilePath."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadTilePath({"path": path[:100]})
    level = None if match[1] == _ENTRIES else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    found = TilePath(level, index, int(match[3]) if match[3] else WIDTH)
    if str(found) != path:  # x000 in front, a width of 256 written out, a width beyond it
        raise BadTilePath({"path": path})
    if found.width > WIDTH:
        raise BadTilePath({"path": path})
    return found


def width_at(level: int, index: int, size: int) -> int:
    """Return how many hashes tile `index` of `level` holds in a tree of `size` leaves (0: there is none)."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def tree_paths(size: int) -> Iterator[TilePath]:
    """Give every tile and entry bundle of a tree of `size` leaves: all that a copy of the log needs."""
    for level in (None, *range(MAX_LEVEL + 1)):
        held = size >> HEIGHT * (level or 0)
        if not held:
            return
        for index in range(-(-held // WIDTH)):
            yield TilePath(level, index, width_at(level or 0, index, size))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the entry bundle of up to 256 entries. Raises EntryTooLarge."""
    parts: list[bytes] = []
    for entry in entries:
        require_entry_size(entry)
        parts += (len(entry).to_bytes(_LENGTH_BYTES, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int, path: str) -> list[bytes]:
    """Return the `width` entries of a bundle. Raises MalformedBundle, naming `path`."""
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "big")
        if end > len(data) or start > len(data):  # before the slice, which would silently be shorter
            raise MalformedBundle({"path": path, "why": "an entry overruns the file"})
        entries.append(data[start:end])
        at = end
    if at != len(data):
        raise MalformedBundle({"path": path, "why": "bytes behind the last entry"})
    return entries


def require_entry_size(entry: bytes) -> None:
    """Return if `entry` fits a bundle, whose lengths have 16 bits. Raises EntryTooLarge."""
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryTooLarge({"limit": MAX_ENTRY_BYTES, "got": len(entry)})


class TreeReader:
    """The tree of `size` leaves in a source. Nothing of it is authentic until compared with a signed root.

    Tiles never change, so files are cached; the cache belongs to the reader and those
    `resized` from it, and is safe across threads.
    """

    def __init__(
        self,
        source: TileSource,
        size: int,
        read: Callable[[str, int], bytes] | None = None,
        inner: dict[TilePath, list[list[Hash]]] | None = None,
    ) -> None:
        self.size = size
        self._source = source
        self._inner = {} if inner is None else inner
        self._read = read or lru_cache(maxsize=_CACHED_FILES)(source.read)

    def resized(self, size: int) -> "TreeReader":
        """Return a reader of another size of the same tree, which shares the cache."""
        return TreeReader(self._source, size, self._read, self._inner)

    def tile(self, level: int, index: int) -> list[Hash]:
        """Return the hashes of a tile, full or as wide as this size of the tree makes it.

        Raises:
            NoSuchTile: neither it nor, for a partial one, the full tile that replaced it is there.
            MalformedTile: the file has another length.

        """
        path = TilePath(level, index, width_at(level, index, self.size))
        data = self._exactly(path, HASH_BYTES * path.width)
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def bundle(self, index: int) -> list[bytes]:
        """Return a bundle's entries, as many as this size has. Raises NoSuchTile, MalformedBundle."""
        path = TilePath(None, index, width_at(0, index, self.size))
        try:
            found, data = path, self._read(str(path), MAX_BUNDLE_BYTES)
        except NoSuchTile:
            if path.width == WIDTH:
                raise
            found, data = path.full, self._read(str(path.full), MAX_BUNDLE_BYTES)
        return decode_bundle(data, found.width, str(found))[: path.width]

    def leaf(self, index: int) -> Hash:
        """Return the hash of leaf `index`. Raises NoSuchEntry, NoSuchTile, MalformedTile."""
        self._require(index)
        return self.tile(0, index // WIDTH)[index % WIDTH]

    def entry(self, index: int) -> bytes:
        """Return entry `index`, unchecked. Raises NoSuchEntry, NoSuchTile, MalformedBundle."""
        self._require(index)
        return self.bundle(index // WIDTH)[index % WIDTH]

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Give the entries from `start` up to `end` (cut at the tree's size), bundle by bundle."""
        end = min(end, self.size)
        for index in range(start // WIDTH, -(-end // WIDTH) if start < end else 0):
            first = index * WIDTH
            yield from self.bundle(index)[max(0, start - first) : end - first]

    def range_root(self, start: int, end: int) -> Hash:
        """Return the root over a range that a proof asks for. Raises NoSuchTile, MalformedTile."""
        return merkle.range_root(start, end, self._full_root)

    def _full_root(self, level: int, index: int) -> Hash:
        """Return the root of the full subtree of 2**level leaves: an inner node of one tile."""
        tile_level, depth = divmod(level, HEIGHT)
        tile, offset = divmod(index << depth, WIDTH)
        path = TilePath(tile_level, tile, width_at(tile_level, tile, self.size))
        if path.width == WIDTH:
            return self._rows(path)[depth][offset >> depth]
        data = self._exactly(path, HASH_BYTES * path.width)
        ends = range(offset * HASH_BYTES, (offset + (1 << depth)) * HASH_BYTES, HASH_BYTES)
        return merkle.root([data[at : at + HASH_BYTES] for at in ends])

    def _rows(self, path: TilePath) -> list[list[Hash]]:
        """Return a full tile's hashes and, above them, its inner nodes row by row; hashed once, then kept."""
        rows = self._inner.get(path)
        if rows is None:
            data = self._exactly(path, HASH_BYTES * WIDTH)
            rows = [[data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]]
            while len(rows) < HEIGHT:
                below = rows[-1]
                rows.append([merkle.node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=True)])
            if len(self._inner) >= _CACHED_FILES:
                self._inner.clear()
            self._inner[path] = rows
        return rows

    def _exactly(self, path: TilePath, want: int) -> bytes:
        try:
            data = self._read(str(path), want)
        except NoSuchTile:
            if path.width == WIDTH:
                raise
            # A partial tile may be deleted once the full one exists: its first hashes are the same.
            return self._exactly(path.full, HASH_BYTES * WIDTH)[:want]
        if len(data) != want:
            raise MalformedTile({"path": str(path), "got": len(data), "want": want})
        return data

    def _require(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise NoSuchEntry({"index": index, "size": self.size})


def _index_path(index: int) -> str:
    path = f"{index % 1000:03d}"
    while index >= 1000:  # noqa: PLR2004 - three digits a step, as the spec has it
        index //= 1000
        path = f"x{index % 1000:03d}/{path}"
    return path
