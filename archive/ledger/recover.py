"""Making a lost state anew from the tiles: it could fork the log, so a person has to confirm it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from archive.ledger.admission import Admission, EntryCheck
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.errors import LogExists, RecoveryUnconfirmed
from archive.ledger.exclusive import only_writer, require_apart
from archive.ledger.reader import LogReader
from archive.ledger.state import STATE_FILE, Lock, SqliteState, Tail
from archive.ledger.writer import Clock
from archive.merkle import Hash, leaf_hash
from archive.records.keys import PublicKey


def recover_state(
    folder: Path,
    state_folder: Path,
    keys: Sequence[PublicKey],
    clock: Clock,
    *,
    confirmed_size: int,
    check: EntryCheck | None = None,
) -> SignedCheckpoint:
    """Rebuild the state of the log in `folder`, whose every hash is checked first, and return its checkpoint.

    `confirmed_size` is the largest size that the operator knows to have been published: from witnesses,
    mirrors or people's proofs. Entries queued but not published are lost and must be submitted again.

    Raises:
        LogExists: there is a state; FoldersOverlap, WriterBusy.
        RecoveryUnconfirmed: the tiles hold another size than was confirmed. Nothing was changed.
        What `LogReader.check_log` and `check` raise: the tiles are damaged; fetch them from a mirror.

    """
    require_apart(folder, state_folder)
    if (state_folder / STATE_FILE).exists():
        raise LogExists({"path": str(state_folder / STATE_FILE)})
    reader = LogReader(folder, keys)
    head = reader.check_log()
    if head.size != confirmed_size:
        raise RecoveryUnconfirmed({"size": head.size})
    leaves, tails = _replay(reader, reader.entries(0, head.size), check)
    state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_writer(state_folder):
        SqliteState.create(state_folder, Lock(head.raw, int(clock())), leaves, tails)
    return head


def _replay(
    reader: LogReader, entries: Iterable[bytes], check: EntryCheck | None
) -> tuple[list[Hash], dict[str, Tail]]:
    """Admit every entry again, in order, to learn where each signer's chain ends."""
    leaves: list[Hash] = []
    admission = Admission(0, reader.entries, lambda _: None)
    for entry in entries:
        leaves.append(leaf_hash(entry))
        admission.admit(entry, leaves[-1], check)
    return leaves, admission.tails
