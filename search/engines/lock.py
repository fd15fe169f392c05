"""The one write lock of a generation: a second writer is told at once, a dead one leaves nothing."""

import fcntl
import os
from pathlib import Path

from search.port import Locked


class WriterLock:
    """An `flock` on `writer.lock`: the kernel gives it back when the process dies. Never deleted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "writer.lock"
        self._fd: int | None = None

    def take(self) -> None:
        """Hold the lock until `release`; twice is fine. Raises Locked when somebody else holds it."""
        if self._fd is not None:
            return
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise Locked({"folder": self._path.parent.name}) from None
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
