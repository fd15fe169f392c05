"""The only signer: takes entries into the log, in the steps of LEDGER section 5 ("life of a leaf")."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from archive.errors import ArchiveError
from archive.ledger.admission import Admission, EntryCheck
from archive.ledger.batch import Appended, Batch
from archive.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from archive.ledger.cosigners import Cosigners, NoCosigners, Prove, check_start
from archive.ledger.disk import Disk, LocalDisk
from archive.ledger.errors import (
    ClockWentBack,
    FatalLedgerError,
    LogExists,
    LogStopped,
    StateDamaged,
    StateMissing,
)
from archive.ledger.exclusive import durably, only_writer, require_apart
from archive.ledger.growth import Edge, Files
from archive.ledger.publish import publish_checkpoint, write_tiles
from archive.ledger.resume import Unfinished, find_unfinished
from archive.ledger.state import Decision, Lock, LogState, Queued, SqliteState, Tail
from archive.ledger.tiles import LocalTiles, TreeReader, require_entry_size
from archive.ledger.witness_client import merged
from archive.merkle import EMPTY_ROOT, Hash, consistency_ranges, leaf_hash
from archive.records.keys import PublicKey, SigningKey

MAX_BATCH = 4_096
CLOCK_LEEWAY = 60

# Gives the seconds since 1970.
Clock = Callable[[], float]


def create_log(folder: Path, state_folder: Path, key: SigningKey, clock: Clock, disk: Disk | None = None) -> None:
    """Make an empty log of the origin that `key` names: the only code that may (`log init`).

    Raises:
        LogExists: there is something in `folder`, or a state in `state_folder`. Nothing was changed.
        FoldersOverlap: one folder lies in the other, so the state would be served.
        WrongKeyRole: the key is no log's. WriterBusy: somebody is at it.
        DurabilityLost: the disk refuses.

    """
    disk = disk or LocalDisk()
    require_apart(folder, state_folder)
    if folder.exists() and any(folder.iterdir()):
        raise LogExists({"path": str(folder)})
    empty = sign_checkpoint(Checkpoint(key.public.name, 0, EMPTY_ROOT), key).encode()
    with ExitStack() as stack:
        stack.enter_context(durably())
        folder.mkdir(parents=True, exist_ok=True)
        state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(only_writer(state_folder))
        SqliteState.create(state_folder, Lock(empty, int(clock())))
        publish_checkpoint(disk, folder, empty)
        disk.sync_folder(folder.parent)
        disk.sync_folder(state_folder.parent)


@contextmanager
def open_log(
    folder: Path,
    state_folder: Path,
    key: SigningKey,
    clock: Clock,
    check: EntryCheck | None = None,
    *,
    disk: Disk | None = None,
    open_state: Callable[[Path], LogState] = SqliteState,
    batch: int = MAX_BATCH,
    gather: float = 0.0,
    cosigners: Cosigners | None = None,
    following: Sequence[SigningKey] = (),
) -> Iterator["Log"]:
    """Give the log to its one writer, after finishing what a crash left half done.

    At most `batch` leaves are published at once. `append` waits `gather` seconds before it publishes, so that what
    other threads append meanwhile shares one checkpoint and its fsyncs: more leaves a second, each of them later.
    `cosigners` are asked before the first signature, and for a cosignature of each checkpoint. While a key follows
    another, heads are signed by `key` and by those `following`.

    Raises:
        WriterBusy: another process (or this one) has it open.
        StateMissing, StateDamaged, StateBehind, LogForked, WrongLogKey, ClockWentBack, TileConflict,
        DurabilityLost: it must not be written; a person has to look.

    """
    require_apart(folder, state_folder)
    if not state_folder.is_dir():
        raise StateMissing({"path": str(state_folder)})
    with ExitStack() as stack:
        stack.enter_context(only_writer(state_folder))
        state = open_state(state_folder)
        stack.callback(state.close)
        yield Log(folder, state, (key, *following), clock, check, disk or LocalDisk(), batch, gather, cosigners)


class Log:
    """A log open for writing. Its methods may be called from several threads; one at a time does its work.

    Ownership: `_edge`, `_head`, `_lock` and `_state` belong to whoever holds `_mutex`. While a batch is in
    the making `_stopped` is set: whatever interrupts it leaves a log that refuses to go on, which the next
    `open_log` mends.
    """

    def __init__(
        self,
        folder: Path,
        state: LogState,
        keys: Sequence[SigningKey],
        clock: Clock,
        check: EntryCheck | None,
        disk: Disk,
        batch: int = MAX_BATCH,
        gather: float = 0.0,
        cosigners: Cosigners | None = None,
    ) -> None:
        self._folder, self._state, self._keys = folder, state, tuple(keys)
        self._clock, self._check, self._disk = clock, check, disk
        self._max_batch, self._gather = batch, gather
        self._cosigners, self._is_started = cosigners or NoCosigners(), False
        # For each `append` that waits without the mutex: its leaves that another thread's batch refused, and why.
        self._waiting: list[dict[Hash, ArchiveError]] = []
        self._tree = TreeReader(LocalTiles(folder), 0)
        self._mutex = threading.RLock()
        self._stopped = ""
        self._lock = state.lock()
        self._now()
        with durably():
            found = find_unfinished(folder, state, self._lock, self._publics)
            self._edge, self._head = found.published, found.head
            self._resume(found)

    @property
    def origin(self) -> str:
        """The log's name for ever."""
        return self._keys[0].public.name

    @property
    def _publics(self) -> list[PublicKey]:
        return [key.public for key in self._keys]

    @property
    def size(self) -> int:
        """How many leaves are published."""
        return self._head.size

    @property
    def is_stopped(self) -> bool:
        """Whether it refuses to go on: only another `open_log` mends that."""
        with self._mutex:
            return bool(self._stopped)

    @property
    def checkpoint(self) -> SignedCheckpoint:
        """The published head."""
        return self._head

    @property
    def checkpoint_text(self) -> str:
        """The published head as served."""
        return self._head.raw.decode()

    def append(self, entries: Sequence[bytes]) -> list[Appended]:
        """Put `entries` into the log, in this order; on return they are durable and published.

        An entry that the log holds already keeps its index, so that calling again is always right.

        Raises:
            EntryTooLarge, OutOfTurn, or what the check raises: one is refused, and none was taken in.
            QueueUnavailable: not now; none was taken in.
            StartUnconfirmed: they are queued, and wait until the witnesses answer.
            FatalLedgerError: the writer has stopped; what was taken in is finished by the next `open_log`.
            LogStopped: it had stopped before.

        """
        leaves = [leaf_hash(entry) for entry in entries]
        with self._working():
            found = self._submit(entries, leaves)
            fresh = {leaf for leaf in leaves if leaf not in found}
            refused: dict[Hash, ArchiveError] = {}
            self._waiting.append(refused)
        try:
            if self._gather and fresh:
                time.sleep(self._gather)
            with self._working():
                self._publish(fresh, found, refused)
        finally:
            with self._mutex:
                self._waiting = [other for other in self._waiting if other is not refused]
        appended: list[Appended] = []
        for leaf in leaves:
            appended.append(Appended(found[leaf], leaf, leaf in fresh))
            fresh.discard(leaf)
        return appended

    def _publish(self, fresh: set[Hash], found: dict[Hash, int], refused: Mapping[Hash, ArchiveError]) -> None:
        """Sequence until each of `fresh` has its position in `found`, or raise why one of them was refused."""
        found |= self._state.positions(list(fresh))
        while not fresh <= found.keys():
            for leaf in fresh & refused.keys():
                raise refused[leaf]
            batch = self.sequence()
            if not batch.positions and not batch.refused:
                raise StateDamaged({"why": "the queue lost an entry"})
            found |= batch.positions

    def submit(self, entry: bytes) -> Hash:
        """Queue `entry` durably and return its leaf hash; it is in the log after a later `sequence`.

        Raises as `append`.
        """
        with self._working():
            leaf = leaf_hash(entry)
            self._submit([entry], [leaf])
            return leaf

    def position(self, leaf: Hash) -> int | None:
        """Return the index of a published leaf, or nothing while it is unknown or waits."""
        with self._working():
            return self._state.positions([leaf]).get(leaf)

    def tail(self, signer: str) -> Tail | None:
        """Return the end of a signer's chain among the published entries; None before the first."""
        with self._working():
            return self._state.tail(signer)

    def sequence(self) -> Batch:
        """Publish one batch of the queue (nothing, when it is empty), steps 3 to 8.

        Raises FatalLedgerError, LogStopped, or StartUnconfirmed: not before the witnesses answer.
        """
        with self._working():
            queued = self._state.queued(self._max_batch)
            if not queued:
                return Batch()
            self._require_start()
            self._stopped = "interrupted"
            with durably():
                batch = self._sequence(queued)
            self._stopped = ""
            for waiting in self._waiting:
                waiting.update(batch.refused)
            return batch

    def refresh_cosignatures(self) -> int:
        """Ask the witnesses that have not cosigned the published head, and publish it again with their lines.

        Return how many lines are new. The body stays as it is, and no line goes. Raises as `sequence`.
        """
        with self._working():
            self._require_start()
            head = self._head
        # Others append meanwhile: a witness that takes its time must not hold them.
        lines = self._cosigners.cosign(head, self._prover(head.size), patient=True)
        with self._working():
            if not lines or self._head.raw != head.raw:
                return 0
            self._stopped = "interrupted"
            with durably():
                raw = merged(head.note, lines).encode()
                publish_checkpoint(self._disk, self._folder, raw)
            self._head = open_checkpoint(raw, self._publics)
            self._stopped = ""
            return len(lines)

    def sign_with(self, keys: Sequence[SigningKey]) -> None:
        """Sign heads by `keys`, what the log's statements call its keys, from now on; the published one too.

        Raises WrongKeyRole, WrongOrigin; NotSigned: none of them signed the published head. And as `sequence`.
        """
        with self._working():
            note = sign_checkpoint(self._head.checkpoint, *keys)
            open_checkpoint(self._head.raw, [key.public for key in keys])
            self._require_start()
            self._stopped = "interrupted"
            with durably():
                raw = merged(self._head.note, note.signatures).encode()
                publish_checkpoint(self._disk, self._folder, raw)
            self._keys = tuple(keys)
            self._head = open_checkpoint(raw, self._publics)
            self._stopped = ""

    def _require_start(self) -> None:
        """Ask the witnesses, before the first signature after a start, whether this log is the newest (D7)."""
        if not self._is_started:
            tree = self._tree.resized(self._edge.size)
            check_start(self._cosigners, self.size, lambda size: tree.range_root(0, size), self._publics)
            self._is_started = True

    def _prover(self, size: int) -> Prove:
        tree = self._tree.resized(size)
        return lambda old: [tree.range_root(start, end) for start, end in consistency_ranges(old, size)]

    def _submit(self, entries: Sequence[bytes], leaves: Sequence[Hash]) -> dict[Hash, int]:
        """Do steps 1 and 2; return the positions of entries that were in the log before."""
        for entry in entries:
            require_entry_size(entry)
        found = self._state.positions(leaves)
        fresh = {leaf: entry for leaf, entry in zip(leaves, entries, strict=True) if leaf not in found}
        if self._check and fresh:
            self._admit_behind_queue(fresh)
        if fresh:
            self._state.enqueue(list(fresh.items()))
        return found

    def _admit_behind_queue(self, fresh: dict[Hash, bytes]) -> None:
        admission = self._admission()
        queued = self._state.queued(-1)
        self._admit(admission, queued)
        waiting = {item.leaf_hash for item in queued}
        for leaf, entry in fresh.items():
            if leaf not in waiting:
                admission.admit(entry, leaf, self._check)

    def _sequence(self, queued: Sequence[Queued]) -> Batch:
        # 3: who may stand where, now that it is final; the new tree, in memory; a signature nobody sees yet.
        admission = self._admission()
        refused = self._admit(admission, queued)
        accepted = [item for item in queued if item.leaf_hash not in refused]
        gone = [item for item in queued if item.leaf_hash in refused]
        if not accepted:
            self._state.discard(gone)
            return Batch({}, refused)
        now = self._now()
        leaves = [item.leaf_hash for item in accepted]
        edge, files = self._edge.grown([item.entry for item in accepted], leaves)
        note = sign_checkpoint(Checkpoint(self.origin, edge.size, edge.root), *self._keys)
        lock = Lock(note.encode(), now)
        # 4: the commit point.
        self._state.commit(Decision(self._edge.size, accepted, self._lock.checkpoint, lock, admission.tails, gone))
        # 5 to 8.
        self._lock = lock
        self._finish(edge, files, note.encode())
        return Batch({leaf: self.size - len(leaves) + at for at, leaf in enumerate(leaves)}, refused)

    def _finish(self, edge: Edge, files: Files, decided: bytes, *, again: bool = False) -> None:
        """Make a decided tree public; doing it again writes the same bytes."""
        old = self._edge.partial_files
        partial = {path: data for path, data in edge.partial_files.items() if path not in old}
        # 5: tiles.
        write_tiles(self._disk, self._folder, {**files, **partial}, again=again)
        # 6: cosignatures of the witnesses that answer in time; the others are asked again later.
        head = open_checkpoint(decided, self._publics)
        lines = self._cosigners.cosign(head, self._prover(edge.size), patient=False) if self._is_started else ()
        # 7: the checkpoint.
        raw = merged(head.note, lines).encode()
        publish_checkpoint(self._disk, self._folder, raw)
        # 8: the tiles have the entries now.
        self._state.forget_decided(edge.size)
        self._edge = edge
        self._head = open_checkpoint(raw, self._publics)

    def _resume(self, found: Unfinished) -> None:
        """Do again what a crash after the commit point left undone."""
        if found.is_checkpoint_public:
            self._state.forget_decided(found.decided.size)
        else:
            self._finish(found.decided, found.files, self._lock.checkpoint, again=True)

    def _admission(self) -> Admission:
        return Admission(self._edge.size, self._tree.resized(self._edge.size).entries, self._state.tail)

    def _admit(self, admission: Admission, queued: Sequence[Queued]) -> dict[Hash, ArchiveError]:
        """Let in what the check lets in; a failure of the log itself refuses nobody, it stops the writer."""
        refused: dict[Hash, ArchiveError] = {}
        for item in queued:
            try:
                admission.admit(item.entry, item.leaf_hash, self._check)
            except FatalLedgerError:
                raise
            except ArchiveError as error:
                refused[item.leaf_hash] = error
        return refused

    def _now(self) -> int:
        """Return the time for the next signature, never before the last. Raises ClockWentBack."""
        now, last = int(self._clock()), self._lock.signed_at
        if now < last - CLOCK_LEEWAY:
            raise ClockWentBack({"seconds": last - now})
        return max(now, last)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Hold the log for one caller; remember why it stopped for the next."""
        with self._mutex:
            if self._stopped:
                raise LogStopped({"cause": self._stopped})
            try:
                yield
            except FatalLedgerError as error:
                self._stopped = error.code
                raise
