"""Keeping this node's log: a copy to hand out, old partial tiles, its own last look, its state made anew, its end."""

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.errors import AppError
from app.ports import Clock, JobQueue
from app.services import names
from app.services.folders import Folders
from app.services.inscribing import Inscribed, Scribe
from archive.errors import ArchiveError
from archive.ledger.anchor import folder as anchors
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.errors import StateDamaged, StateMissing
from archive.ledger.follow import Seen, look
from archive.ledger.prune import Pruned, prune
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.reader import LogReader
from archive.ledger.recover import recover_state
from archive.ledger.state import STATE_FILE, SqliteState
from archive.ledger.statement_check import StatementCheck
from archive.ledger.tiles import LocalTiles, TilePath, TreeReader, encode_bundle, tree_paths
from archive.records.keys import PublicKey

POLICY_FILE, VKEY_FILE = "policy.txt", "log.vkey"
SEAL = "seal"
_LAST_LOOK = "last-look"


class JobsWait(AppError):
    code = "APP-230"
    ja = "まだ終わっていない仕事が {count} 件あります。`ishibumi serve` で終わらせてから、台帳を閉じてください。"
    en = "{count} jobs are not done yet. Let `ishibumi serve` finish them before the log is closed for ever."
    zh = "尚有 {count} 件工作未完成。請先以 `ishibumi serve` 完成,再關閉帳本。"


class PlaceTaken(AppError):
    code = "APP-231"
    ja = "「{path}」には既にものがあります。上書きはしません。別の場所を指定してください。"
    en = "There is something at {path} already, and nothing is overwritten. Name another place."
    zh = "「{path}」已有內容,不會覆寫。請指定其他位置。"


class StateWell(AppError):
    code = "APP-232"
    ja = "台帳の状態「{path}」は壊れていません。作り直すと枝分かれの恐れがあるため、何もしませんでした。"
    en = "The log's state {path} is not broken. Making it anew could fork the log, so nothing was done."
    zh = "帳本狀態「{path}」並未損壞。重建可能導致分叉,故未執行任何動作。"


@dataclass(frozen=True)
class SelfCheck:
    """The node's own look at its log: the public head must continue the one it saw last, kept beside the state.

    For a recurring task: `run` raises an Alarm (RolledBack, Forked) when it does not, and what reading raises.
    """

    folders: Folders
    log_keys: Callable[[], tuple[PublicKey, ...]]
    clock: Clock

    def run(self) -> None:
        """Look once, and remember. What was kept is our own word: the keys that signed it may have ended since."""
        kept = self.folders.log_state / _LAST_LOOK
        keys = self.log_keys()
        last = Seen(parse_checkpoint(kept.read_bytes()), 0) if kept.exists() else None
        now = int(self.clock.now().timestamp())
        found = look(LocalTiles(self.folders.log), lambda raw: open_checkpoint(raw, keys), last, now)
        write_durably(kept, found.head.raw)


def prune_log(folders: Folders, log: LogReader, clock: Clock) -> Pruned:
    """Delete partial tiles that their full ones replaced a day ago: for a recurring task, and `log prune`."""
    return prune(folders.log, log.checkpoint().size, clock.now().timestamp())


def write_durably(path: Path, data: bytes) -> None:
    """Replace a small file whole or not at all; when this returns it survives power loss. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    number = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def tree_files(folder: Path, head: SignedCheckpoint, policy: str) -> Iterator[tuple[str, bytes]]:
    """Give every file of a copy of the log at `head`, the checkpoint last, as any C2SP client reads it.

    Beside the tree lie the proofs of time of checkpoints up to `head`, and, for a reader who has nothing else, the key
    and the policy; these two are hints, nobody's word. Raises what reading tiles raises, and OSError.
    """
    tree = TreeReader(LocalTiles(folder), head.size)
    for path in tree_paths(head.size):
        yield str(path), _file(tree, path)
    for kept in anchors.files(folder, head.size):
        yield kept.relative_to(folder).as_posix(), kept.read_bytes()
    yield VKEY_FILE, policy.split("\n", 1)[0].split(" ")[1].encode() + b"\n"
    yield POLICY_FILE, policy.encode()
    yield CHECKPOINT_FILE, head.raw


def _file(tree: TreeReader, path: TilePath) -> bytes:
    if path.level is None:
        return encode_bundle(tree.bundle(path.index))  # which has one spelling; a full file stands in for a partial one
    return b"".join(tree.tile(path.level, path.index))


def export_folder(files: Iterator[tuple[str, bytes]], target: Path) -> int:
    """Write `files` as the folder `target`, which appears whole, and return their number. Raises PlaceTaken."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PlaceTaken({"path": str(target)})
    draft = target.with_name(f".{target.name}.part")
    if draft.exists():
        raise PlaceTaken({"path": str(draft)})
    draft.mkdir(parents=True)
    count = 0
    try:
        for name, data in files:
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(data)
            count += 1
        draft.replace(target)
    except BaseException:  # also Ctrl-C: half a copy must not lie there; what went wrong is raised on
        shutil.rmtree(draft)
        raise
    return count


def export_tar(files: Iterator[tuple[str, bytes]], out: IO[bytes]) -> int:
    """Write `files` as a tar stream, the same bytes for the same head, and return their number."""
    count = 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
            count += 1
    return count


def shut_down(scribe: Scribe, jobs: JobQueue, host: str, reason: str, successor: str | None) -> Inscribed:
    """Append the seal, signed by the node's key, and return where it stands: nothing can follow it.

    Calling again after a crash goes on; nobody else may be the worker meanwhile.

    Raises:
        JobsWait: something is under way that could then never be inscribed.
        LogSealed: it was sealed otherwise. What the writer raises.

    """
    counts = jobs.counts()
    waiting = counts.get("waiting", 0) + counts.get("running", 0)
    if waiting:
        raise JobsWait({"count": waiting})
    body: dict[str, str | int] = {"size": scribe.log.size, "reason": reason}
    if successor:
        body["successor"] = successor
    return scribe.inscribe(SEAL, SEAL, names.node_key(host), json.dumps(body))


def lost_state(folders: Folders) -> StateMissing | StateDamaged:
    """Return what is wrong with the log's state. Raises StateWell when it can be opened."""
    try:
        state = SqliteState(folders.log_state)
        try:
            state.lock()
        finally:
            state.close()
    except (StateMissing, StateDamaged) as wrong:
        return wrong
    raise StateWell({"path": str(folders.log_state / STATE_FILE)})


def recover(folders: Folders, keys: Sequence[PublicKey], clock: Clock, confirmed_size: int) -> SignedCheckpoint:
    """Make the log's lost or broken state anew from its tiles; a broken one is kept beside it.

    Raises:
        StateWell: there is nothing to mend. What `recover_state` raises; then nothing was changed.

    """
    lost_state(folders)
    path = folders.log_state / STATE_FILE
    stamp = format(clock.now(), "%Y%m%dT%H%M%SZ")
    aside = {
        each: each.with_name(f"{each.name}.broken-{stamp}")
        for each in (path, path.with_name(STATE_FILE + "-wal"), path.with_name(STATE_FILE + "-shm"))
        if each.exists()
    }
    for each, there in aside.items():
        each.rename(there)
    try:
        return recover_state(
            folders.log,
            folders.log_state,
            keys,
            lambda: clock.now().timestamp(),
            confirmed_size=confirmed_size,
            check=StatementCheck(keys[0].name),
        )
    except (ArchiveError, OSError):
        for each, there in aside.items():
            there.rename(each)
        raise
