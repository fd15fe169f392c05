"""Deriving some tiles of a log from its entries: what one process does of a check. Imports little, to start fast."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.errors import LedgerError, TileMismatch
from archive.ledger.tiles import WIDTH, TilePath, TileSource, TreeReader, width_at
from archive.merkle import HASH_BYTES, Hash

_UNKNOWN: Hash = bytes(HASH_BYTES)


class BundleMismatch(LedgerError):
    code = "LED-160"
    ja = "台帳の本文ファイル「{path}」が、台帳にあるハッシュと違います。写し(ミラー)から取り戻してください。"
    en = "The entries in {path} are not those whose hashes the tree has. Restore the file from a mirror."
    zh = "帳本內容檔案「{path}」與帳本所記的雜湊值不符。請從鏡像還原。"


@dataclass(frozen=True)
class Finding:
    """What does not fit, in which file (or `entry N`). It travels between processes, which an exception cannot."""

    path: str
    kind: type[ArchiveError]
    params: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, error: ArchiveError) -> "Finding":
        """Return the finding that `error` is."""
        return cls(path, type(error), tuple(error.params.items()))

    @property
    def error(self) -> ArchiveError:
        """The finding as an error, for its sentence in the reader's language."""
        return self.kind(dict(self.params))


@dataclass(frozen=True)
class Span:
    """Some full bundles as they were found: the roots of their leaves, in order, and what did not fit."""

    roots: tuple[Hash, ...]
    findings: tuple[Finding, ...]


def check_span(source: TileSource, size: int, start: int, end: int) -> Span:
    """Derive the full bundles from `start` up to `end` of a tree of `size` leaves, and compare with their tiles."""
    tree = TreeReader(source, size)
    roots: list[Hash] = []
    findings: list[Finding] = []
    for index in range(start, end):
        root, wrong = _check_bundle(tree, index)
        roots.append(root)
        findings += wrong
    return Span(tuple(roots), tuple(findings))


def _check_bundle(tree: TreeReader, index: int) -> tuple[Hash, list[Finding]]:
    """Return the root over a bundle's leaves, the likelier one where bundle and tile differ, and what was wrong."""
    findings: list[Finding] = []
    derived = leaves(tree, index, findings)
    stored = tile(tree, 0, index, findings)
    if derived == stored:
        return (merkle.root(derived) if derived else _above(tree, index)), findings
    if derived is None or stored is None:
        return merkle.root(derived or stored or []), findings
    if merkle.root(stored) == _above(tree, index):
        path = str(TilePath(None, index))
        return merkle.root(stored), [Finding.of(path, BundleMismatch({"path": path}))]
    return merkle.root(derived), [mismatch(TilePath(0, index))]


def leaves(tree: TreeReader, index: int, findings: list[Finding]) -> list[Hash] | None:
    """Return the leaf hashes of a bundle's entries; nothing, and a finding more, when it cannot be read."""
    try:
        return [sha256(b"\x00" + entry).digest() for entry in tree.bundle(index)]
    except LedgerError as wrong:
        findings.append(Finding.of(str(TilePath(None, index, width_at(0, index, tree.size))), wrong))
        return None


def tile(tree: TreeReader, level: int, index: int, findings: list[Finding]) -> list[Hash] | None:
    """Return the hashes of a tile as it is stored; nothing, and a finding more, when it cannot be read."""
    try:
        return tree.tile(level, index)
    except LedgerError as wrong:
        findings.append(Finding.of(str(TilePath(level, index, width_at(level, index, tree.size))), wrong))
        return None


def _above(tree: TreeReader, index: int) -> Hash:
    """Return what the tile above says of a full tile of level 0: the only witness when it and its entries differ."""
    with suppress(LedgerError):
        return tree.tile(1, index // WIDTH)[index % WIDTH]
    return _UNKNOWN


def mismatch(path: TilePath) -> Finding:
    """Return the finding that a tile is not what lies below it gives."""
    return Finding.of(str(path), TileMismatch({"path": str(path)}))
