"""The growing right edge of a tree: which tiles new leaves complete, and the root they give. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archive import merkle
from archive.ledger.tiles import HEIGHT, WIDTH, TilePath, TreeReader, encode_bundle
from archive.merkle import Hash

Files = Mapping[TilePath, bytes]


@dataclass(frozen=True)
class Edge:
    """All that appending needs: the unfinished tile of each level, and the unfinished bundle's entries.

    Invariant: level n exists where size >> 8n is not 0, and holds (size >> 8n) % 256 hashes; `entries` has as
    many members as level 0. Nobody changes the lists after construction.
    """

    size: int
    levels: tuple[list[Hash], ...]
    entries: list[bytes]

    @classmethod
    def empty(cls) -> "Edge":
        """Return the edge of the tree without leaves."""
        return cls(0, (), [])

    @classmethod
    def load(cls, tree: TreeReader) -> "Edge":
        """Return a stored tree's edge; compare its root and `has_its_entries`. Raises what reading raises."""
        levels: list[list[Hash]] = []
        while tree.size >> HEIGHT * len(levels):
            tile, width = divmod(tree.size >> HEIGHT * len(levels), WIDTH)
            levels.append(tree.tile(len(levels), tile) if width else [])
        tile, width = divmod(tree.size, WIDTH)
        return cls(tree.size, tuple(levels), tree.bundle(tile) if width else [])

    @property
    def root(self) -> Hash:
        """The root of the tree."""
        found: list[Hash] = []  # the root of everything below this level, when that is not empty
        for hashes in self.levels:
            row = [*hashes, *found]
            found = [merkle.root(row)] if row else []
        return found[0] if found else merkle.EMPTY_ROOT

    @property
    def has_its_entries(self) -> bool:
        """Whether the unfinished bundle holds the entries that level 0 has the hashes of."""
        return [merkle.leaf_hash(entry) for entry in self.entries] == (self.levels[0] if self.levels else [])

    @property
    def partial_files(self) -> Files:
        """The partial tiles and the partial bundle of a tree of this size."""
        files: dict[TilePath, bytes] = {}
        for level, hashes in enumerate(self.levels):
            if hashes:
                path = TilePath(level, self.size >> HEIGHT * (level + 1), len(hashes))
                files[path] = b"".join(hashes)
        if self.entries:
            files[TilePath(None, self.size >> HEIGHT, len(self.entries))] = encode_bundle(self.entries)
        return files

    def grown(self, entries: Sequence[bytes], leaves: Sequence[Hash]) -> tuple["Edge", Files]:
        """Return the edge after `entries` (leaf hashes: `leaves`), and the tiles and bundles they complete.

        Each node is hashed once. Raises EntryTooLarge.
        """
        files: dict[TilePath, bytes] = {}
        bundle = self.size >> HEIGHT
        rest = [*self.entries, *entries]
        while len(rest) >= WIDTH:
            files[TilePath(None, bundle)] = encode_bundle(rest[:WIDTH])
            bundle, rest = bundle + 1, rest[WIDTH:]

        levels: list[list[Hash]] = []
        rising: Sequence[Hash] = leaves
        while rising or len(levels) < len(self.levels):
            level = len(levels)
            row = [*(self.levels[level] if level < len(self.levels) else []), *rising]
            tile = self.size >> HEIGHT * (level + 1)
            full = len(row) // WIDTH
            tiles = [row[at * WIDTH : (at + 1) * WIDTH] for at in range(full)]
            files.update({TilePath(level, tile + at): b"".join(hashes) for at, hashes in enumerate(tiles)})
            rising = [merkle.root(hashes) for hashes in tiles]
            levels.append(row[full * WIDTH :])
        return Edge(self.size + len(entries), tuple(levels), rest), files
