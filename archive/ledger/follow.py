"""Following somebody's log: each look must continue the last one, by tiles that we fetch and hash ourselves."""

from collections.abc import Callable
from dataclasses import dataclass

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.errors import LedgerError, NoSuchTile, TileUnreadable
from archive.ledger.growth import Edge
from archive.ledger.note import MAX_NOTE_BYTES
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.tiles import WIDTH, TileSource, TreeReader
from archive.ledger.transport import Transport
from archive.merkle import Hash, NotAnExtension

_CHUNK = 16 * WIDTH
_OK, _NOT_FOUND = 200, 404

Accept = Callable[[bytes], SignedCheckpoint]
"""Returns the checkpoint in a note if its signatures are those that the follower wants; raises an ArchiveError."""


class Alarm(LedgerError):
    """The log did what an honest log never does. `old` and `new` are the two checkpoints, to be kept as evidence."""

    def __init__(self, params: dict[str, str | int], old: bytes = b"", new: bytes = b"") -> None:
        super().__init__(params)
        self.old, self.new = old, new


class RolledBack(Alarm):
    code = "LED-161"
    ja = "台帳「{origin}」が前より小さくなりました({old} → {new})。両方のチェックポイントを保存しました。"
    en = "The log {origin} has shrunk from {old} to {new}. Both checkpoints were kept: ask its operator, and others."
    zh = "帳本「{origin}」變小了({old} → {new})。兩個檢查點均已保存,請向其營運者及他人查證。"


class Forked(Alarm):
    code = "LED-162"
    ja = "台帳「{origin}」が枝分かれしています。大きさ {old} の根が前に見たものと違います。両方を保存しました。"
    en = "The log {origin} is forked: its first {old} leaves are not those seen before. Both checkpoints were kept."
    zh = "帳本「{origin}」出現分叉:前 {old} 項與先前所見不同。兩個檢查點均已保存。"


class Stalled(Alarm):
    code = "LED-163"
    ja = "台帳「{origin}」は {hours} 時間変わっていません(大きさ {size})。止まったか、隠されています。"
    en = "The log {origin} has not changed for {hours} hours (size {size}): it stopped, or news is held back."
    zh = "帳本「{origin}」已 {hours} 小時未變動(大小 {size}):可能已停止,或新資訊遭扣留。"


class TilesUnsound(LedgerError):
    code = "LED-164"
    ja = "台帳「{origin}」のタイルが、そのチェックポイント(大きさ {size})と合いません。後でもう一度試してください。"
    en = "The tiles of the log {origin} do not fit its own checkpoint (size {size}). Try again; if it stays, tell it."
    zh = "帳本「{origin}」的圖塊與其檢查點(大小 {size})不符。請稍後再試。"


class OtherLog(LedgerError):
    code = "LED-165"
    ja = "前に見た台帳は「{old}」で、これは「{new}」です。別の記録ファイルを使ってください。"
    en = "The log seen before was {old}, this one is {new}. Use another state file for it."
    zh = "先前所見的帳本是「{old}」,此為「{new}」。請使用另一個狀態檔。"


@dataclass(frozen=True)
class Seen:
    """What a follower keeps: the newest checkpoint, and when (seconds since 1970) its size was first seen."""

    head: SignedCheckpoint
    since: int


@dataclass(frozen=True)
class HttpTiles:
    """The files of a log at `prefix` (without a slash at the end), asked for over HTTP."""

    transport: Transport
    prefix: str

    def read(self, path: str, limit: int) -> bytes:
        """Return a file as TileSource says. Raises NoSuchTile, TileUnreadable, Unreachable, AnswerTooLarge."""
        answer = self.transport.get(f"{self.prefix}/{path}", limit=limit + 1)
        if answer.status == _NOT_FOUND:
            raise NoSuchTile({"path": path})
        if answer.status != _OK:
            raise TileUnreadable({"path": path, "why": f"HTTP {answer.status}"})
        return answer.body


def look(source: TileSource, accept: Accept, last: Seen | None, now: int) -> Seen:
    """Return what is to be kept after looking once more.

    Raises:
        RolledBack, Forked: an alarm.
        OtherLog: the checkpoint is another log's. What `accept` raises: it is not signed as wanted.
        TilesUnsound: the tiles do not give the log's own root. What reading raises: try again.

    """
    raw = source.read(CHECKPOINT_FILE, MAX_NOTE_BYTES)
    head = accept(raw)
    if last is None:
        _check_edge(source, head)
        return Seen(head, now)
    old = last.head
    if head.origin != old.origin:
        raise OtherLog({"old": old.origin, "new": head.origin})
    if head.size < old.size:
        raise RolledBack({"origin": head.origin, "old": old.size, "new": head.size}, old.raw, raw)
    check_continues(source, old, head)
    return Seen(head, last.since if head.size == old.size else now)


def check_continues(source: TileSource, old: SignedCheckpoint, new: SignedCheckpoint) -> None:
    """Return if the tree of `new` begins with that of `old`. Raises Forked, TilesUnsound, and what reading raises."""
    forked = Forked({"origin": new.origin, "old": old.size}, old.raw, new.raw)
    if old.size == new.size:
        if old.root != new.root:
            raise forked
        return
    tree = TreeReader(source, new.size)
    proof = [tree.range_root(start, end) for start, end in merkle.consistency_ranges(old.size, new.size)]
    root = tree.range_root(0, old.size)
    try:
        merkle.check_consistency(old.size, new.size, proof, root, new.root)
    except NotAnExtension:
        raise TilesUnsound({"origin": new.origin, "size": new.size}) from None
    if root != old.root:  # proved by its own tiles: another beginning
        raise forked


def require_moving(seen: Seen, now: int, hours: float) -> None:
    """Return if the log has grown within `hours`. Raises Stalled."""
    still = (now - seen.since) / 3600
    if still > hours:
        raise Stalled({"origin": seen.head.origin, "hours": int(still), "size": seen.head.size}, seen.head.raw)


def entries_since(
    source: TileSource, old: SignedCheckpoint | None, new: SignedCheckpoint, wanted: Callable[[bytes], bool]
) -> list[tuple[int, bytes]]:
    """Return index and bytes of the `wanted` entries behind `old` (all, when it is None), proved to be in `new`.

    Every new entry is hashed: together with the edge of the old tree they must give the new root.

    Raises:
        TilesUnsound: they do not. What reading raises.

    """
    start = old.size if old else 0
    edge = Edge.load(TreeReader(source, start)) if old else Edge.empty()
    unsound = TilesUnsound({"origin": new.origin, "size": new.size})
    if old and edge.root != old.root:
        raise unsound
    tree = TreeReader(source, new.size)
    found: list[tuple[int, bytes]] = []
    for at in range(start, new.size, _CHUNK):
        entries = list(tree.entries(at, at + _CHUNK))
        leaves: list[Hash] = [merkle.leaf_hash(entry) for entry in entries]
        edge, _ = edge.grown(entries, leaves)
        found += [(at + number, entry) for number, entry in enumerate(entries) if wanted(entry)]
    if edge.root != new.root:
        raise unsound
    return found


def _check_edge(source: TileSource, head: SignedCheckpoint) -> None:
    """Look whether the log's tiles are there at all and end in its root."""
    try:
        root = TreeReader(source, head.size).range_root(0, head.size)
    except ArchiveError as wrong:
        raise TilesUnsound({"origin": head.origin, "size": head.size}) from wrong
    if root != head.root:
        raise TilesUnsound({"origin": head.origin, "size": head.size})
