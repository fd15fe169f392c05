"""Reading a log without any lock: entries, proofs and the check of everything, from a folder or a mirror."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.errors import CheckpointMismatch, TileMismatch
from archive.ledger.growth import Edge, Files
from archive.ledger.note import MAX_NOTE_BYTES
from archive.ledger.proof import TlogProof
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.tiles import WIDTH, LocalTiles, TilePath, TileSource, TreeReader
from archive.merkle import HASH_BYTES, Hash
from archive.records.keys import PublicKey

_CHUNK = 16 * WIDTH


class LogReader:
    """A published log. Any number of processes may read while the writer appends: files appear whole.

    With `keys` (or what gives them, for a log whose keys change) every checkpoint must be signed by one of them;
    without, it is only read. Every proof is checked against the checkpoint before it is handed out: a damaged tile
    gives an error, never a bad proof.
    """

    def __init__(
        self, source: Path | TileSource, keys: Sequence[PublicKey] | Callable[[], Sequence[PublicKey]] = ()
    ) -> None:
        self._source = LocalTiles(source) if isinstance(source, Path) else source
        self._keys = keys if callable(keys) else lambda: keys
        self._head: SignedCheckpoint | None = None
        self._tree = TreeReader(self._source, 0)

    def checkpoint(self) -> SignedCheckpoint:
        """Return the newest published checkpoint.

        Raises NoSuchTile, MalformedNote, MalformedCheckpoint, and with keys what `open_checkpoint` raises.
        """
        raw = self._source.read(CHECKPOINT_FILE, MAX_NOTE_BYTES)
        known = self._head
        if known is None or known.raw != raw:  # the same bytes are signed the same: once is enough
            keys = self._keys()
            known = open_checkpoint(raw, keys) if keys else parse_checkpoint(raw)
            self._head = known
        return known

    def entry(self, index: int) -> bytes:
        """Return entry `index`, which fits its leaf hash.

        Raises NoSuchEntry, NoSuchTile, MalformedTile, MalformedBundle, TileMismatch.
        """
        with self._trusting_cache():
            tree = self._tree.resized(self.checkpoint().size)
            entry = tree.entry(index)
            if merkle.leaf_hash(entry) != tree.leaf(index):
                raise TileMismatch({"path": str(TilePath(0, index // WIDTH))})
            return entry

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        """Give the entries from `start` up to `end` (cut at the log's size), unchecked."""
        return self._tree.resized(self.checkpoint().size).entries(start, end)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[Hash]:
        """Return the proof that leaf `index` is in the tree of `size` leaves (default: the published one).

        Raises OutsideTree, NoSuchTile, MalformedTile, RootMismatch, NotAnExtension.
        """
        with self._trusting_cache():
            return self._proof(self.checkpoint(), index, size)

    def consistency_proof(self, old: int, new: int) -> list[Hash]:
        """Return the proof that the tree of `new` leaves continues that of `old`.

        Raises OutsideTree, NoSuchTile, MalformedTile, RootMismatch, NotAnExtension.
        """
        with self._trusting_cache():
            head = self.checkpoint()
            _require_inside(new, head)
            tree = self._tree.resized(head.size)
            proof = [tree.range_root(start, end) for start, end in merkle.consistency_ranges(old, new)]
            merkle.check_consistency(old, new, proof, tree.range_root(0, old), self._root_at(new, head))
            return proof

    def root_at(self, size: int) -> Hash:
        """Return the root of the first `size` leaves, proved by the published checkpoint.

        Raises OutsideTree, NoSuchTile, MalformedTile, RootMismatch, NotAnExtension.
        """
        with self._trusting_cache():
            head = self.checkpoint()
            _require_inside(size, head)
            return self._root_at(size, head)

    def tlog_proof(self, index: int, extra: bytes | None = None) -> TlogProof:
        """Return the proof file of entry `index` under the published head. Raises as `inclusion_proof`."""
        with self._trusting_cache():
            head = self.checkpoint()
            return TlogProof(index, tuple(self._proof(head, index, None)), head, extra)

    def check_log(self) -> SignedCheckpoint:
        """Derive the whole tree again from the entries, and return the checkpoint that it fits.

        Raises:
            NoSuchTile, MalformedTile, MalformedBundle: a file is missing or damaged.
            TileMismatch: a tile is not what the entries give.
            CheckpointMismatch: the root is not.

        """
        head = self.checkpoint()
        tree = TreeReader(self._source, head.size)
        edge = Edge.empty()
        for start in range(0, head.size, _CHUNK):
            entries = list(tree.entries(start, start + _CHUNK))
            edge, files = edge.grown(entries, [merkle.leaf_hash(entry) for entry in entries])
            _compare(tree, files)
        _compare(tree, edge.partial_files)
        if edge.root != head.root:
            raise CheckpointMismatch({"size": head.size})
        return head

    @contextmanager
    def _trusting_cache(self) -> Iterator[None]:
        """Drop the cache when something does not fit: the file may be mended by the next try."""
        try:
            yield
        except ArchiveError:
            self._tree = TreeReader(self._source, 0)
            raise

    def _proof(self, head: SignedCheckpoint, index: int, size: int | None) -> list[Hash]:
        size = head.size if size is None else size
        _require_inside(size, head)
        tree = self._tree.resized(head.size)
        proof = [tree.range_root(start, end) for start, end in merkle.inclusion_ranges(index, size)]
        merkle.check_inclusion(tree.leaf(index), index, size, proof, self._root_at(size, head))
        return proof

    def _root_at(self, size: int, head: SignedCheckpoint) -> Hash:
        """Return the root of the first `size` leaves, proved by the checkpoint's own root."""
        if size == head.size:
            return head.root
        tree = self._tree.resized(head.size)
        root = tree.range_root(0, size)
        proof = [tree.range_root(start, end) for start, end in merkle.consistency_ranges(size, head.size)]
        merkle.check_consistency(size, head.size, proof, root, head.root)
        return root


def _require_inside(size: int, head: SignedCheckpoint) -> None:
    if not 0 <= size <= head.size:
        raise merkle.OutsideTree({"index": size, "size": head.size})


def _compare(tree: TreeReader, files: Files) -> None:
    for path, data in files.items():
        if path.level is None:
            continue  # the entries are where the rest was derived from
        stored = b"".join(tree.tile(path.level, path.index))
        if stored != data[: len(stored)] or len(data) // HASH_BYTES != path.width:
            raise TileMismatch({"path": str(path)})
