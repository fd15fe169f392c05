"""What a crash left half done: the decided tree against the public one. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from archive.ledger.errors import (
    LedgerError,
    LogDamaged,
    LogForked,
    NoSuchTile,
    NotSigned,
    SignatureRefused,
    StateBehind,
    WrongLogKey,
    WrongOrigin,
)
from archive.ledger.growth import Edge, Files
from archive.ledger.note import MAX_NOTE_BYTES
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.state import Lock, LogState
from archive.ledger.tiles import LocalTiles, TreeReader
from archive.merkle import leaf_hash
from archive.records.keys import PublicKey


@dataclass(frozen=True)
class Unfinished:
    """The public tree and the decided one (mostly the same), and the files from the first to the second."""

    head: SignedCheckpoint
    published: Edge
    decided: Edge
    files: Files
    is_checkpoint_public: bool


def find_unfinished(folder: Path, state: LogState, lock: Lock, keys: Sequence[PublicKey]) -> Unfinished:
    """Return where the log stands, every hash of it derived anew.

    Raises:
        WrongLogKey: the lock or the public checkpoint is by none of the keys.
        StateBehind: the public checkpoint is newer than the lock.
        LogForked: they contradict each other, or the tiles or the queue contradict them.
        LogDamaged: tiles, checkpoint or queued entries are missing or damaged.

    """
    decided = _open(lock.checkpoint, keys)
    head, is_public = _public(folder, keys, decided)
    if head.size > decided.size:
        raise StateBehind({"public": head.size, "lock": decided.size})
    if head.size == decided.size and head.root != decided.root:
        raise LogForked({"size": head.size})
    published = _load_edge(folder, head)
    rows = state.decided(head.size)
    if [position for position, _ in rows] != list(range(head.size, decided.size)):
        raise LogDamaged({"why": f"decided entries from {head.size} to {decided.size}"})
    entries = [item.entry for _, item in rows]
    edge, files = published.grown(entries, [leaf_hash(entry) for entry in entries])
    if edge.root != decided.root:
        raise LogForked({"size": decided.size})
    return Unfinished(head, published, edge, files, is_public and not rows)


def _public(folder: Path, keys: Sequence[PublicKey], decided: SignedCheckpoint) -> tuple[SignedCheckpoint, bool]:
    try:
        raw = LocalTiles(folder).read(CHECKPOINT_FILE, MAX_NOTE_BYTES)
    except NoSuchTile as missing:
        if decided.size == 0:  # the log was being made
            return decided, False
        raise LogDamaged({"why": str(missing)}) from missing
    return _open(raw, keys), True


def _open(raw: bytes, keys: Sequence[PublicKey]) -> SignedCheckpoint:
    try:
        return open_checkpoint(raw, keys)
    except (WrongOrigin, NotSigned, SignatureRefused) as wrong:
        raise WrongLogKey({"vkey": keys[0].vkey}) from wrong
    except LedgerError as wrong:
        raise LogDamaged({"why": str(wrong)}) from wrong


def _load_edge(folder: Path, head: SignedCheckpoint) -> Edge:
    try:
        edge = Edge.load(TreeReader(LocalTiles(folder), head.size))
    except LedgerError as wrong:
        raise LogDamaged({"why": str(wrong)}) from wrong
    if edge.root != head.root or not edge.has_its_entries:
        raise LogForked({"size": head.size})
    return edge
