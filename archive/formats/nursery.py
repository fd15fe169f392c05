"""The parent of the sandboxed children: imports the readers once and forks one child a file.

Starting Python and its libraries costs a third of a second, a fork some milliseconds. This process never looks at a
file itself, so every child begins with memory that no file has touched. It ends when its owner does.
"""

import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any

from archive.formats import confine

MAX_REQUEST = 64 << 10
STATUS = struct.Struct("!?i")
"""What is told of a child's end: whether its time was over, and its return code as `subprocess` gives it."""

_DESCRIPTORS = 3
_KEEP = 3  # 0, 1 and 2 stay open in a child


@dataclass(frozen=True, slots=True)
class _Child:
    status: int
    deadline: float


class Nursery:
    """Owns its children: nobody else waits for them, so a process id is never used after its end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, _Child] = {}
        self._late: set[int] = set()
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Fork until the owner closes its end; then nobody waits for an answer, and the children are killed."""
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._wake], [], [], self._patience())
            if self._wake in ready:
                os.read(self._wake, 4096)
            if self._control.fileno() in ready and not self._take():
                break
            self._kill_late()
            self._reap()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _take(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST, _DESCRIPTORS)
        if not message:
            return False
        source, out, status = descriptors
        request: dict[str, Any] = json.loads(message)
        reads = importlib.import_module(request["module"])
        confine.prepare()
        pid = os.fork()
        if pid == 0:
            _be_child(reads, source, out, request)
        for descriptor in (source, out):
            os.close(descriptor)
        self._children[pid] = _Child(status, time.monotonic() + request["limits"]["wall"])
        return True

    def _patience(self) -> float | None:
        waiting = [child.deadline for pid, child in self._children.items() if pid not in self._late]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for pid, child in self._children.items():
            if child.deadline <= now and pid not in self._late:
                self._late.add(pid)
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self._children.pop(pid)
            os.write(child.status, STATUS.pack(pid in self._late, os.waitstatus_to_exitcode(status)))
            os.close(child.status)
            self._late.discard(pid)


def _be_child(reads: Any, source: int, out: int, request: dict[str, Any]) -> None:
    """Become the reader of one file: its bytes are descriptor 0, its frames go to 1, and nothing else is open."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(source, 0)
        os.dup2(out, 1)
        os.closerange(_KEEP, 1024)
        confine.confine(request["limits"])
        code = reads.main(request["request"])
    finally:
        os._exit(code)


def main() -> None:
    """Serve on the socket that is descriptor 0; from then on 0 and 1 are nothing."""
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a child reads its file from here
    Nursery(control).serve()
