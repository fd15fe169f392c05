"""What the writer of a log holds: the lock that makes it the only one, folders apart, and a word for a failing disk."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.ledger.errors import DurabilityLost, FoldersOverlap, WriterBusy

LOCK_FILE = "writer.lock"


@contextmanager
def durably() -> Iterator[None]:
    """Turn a failed effect into a stop: after a failed fsync nobody knows what the disk holds."""
    try:
        yield
    except OSError as error:
        raise DurabilityLost({"why": str(error)}) from error


@contextmanager
def only_writer(state_folder: Path) -> Iterator[None]:
    """Hold the writer's lock for as long as the block runs; the kernel lets go of it when the process dies.

    Raises WriterBusy.
    """
    with durably():
        number = os.open(state_folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WriterBusy from None
        yield
    finally:
        os.close(number)


def require_apart(folder: Path, state_folder: Path) -> None:
    """Return if neither folder lies in the other. Raises FoldersOverlap."""
    served, private = folder.resolve(), state_folder.resolve()
    if served == private or served in private.parents or private in served.parents:
        raise FoldersOverlap({"path": str(state_folder)})
