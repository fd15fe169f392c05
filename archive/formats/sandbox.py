"""Reading hostile files in a child that can do nothing else: no rights, no network, little memory, little time."""

import atexit
import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from archive.formats.nursery import STATUS

MAX_FRAME = 8 << 20
_ROOT = Path(__file__).parents[2]
_SIGXCPU = -24
_SIGKILL = 9

# -I keeps the environment and the working directory from choosing what is imported, so the place of our packages is
# handed over.
_START = """
import sys; sys.path.insert(0, sys.argv[1])
from archive.formats import nursery
nursery.main()
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may take: bytes of memory, CPU and wall seconds, open files, bytes of output."""

    memory: int = 1536 << 20
    cpu: int = 60
    wall: float = 90.0
    files: int = 16
    output: int = 256 << 20


def run_in_child(
    module: str, source: BinaryIO, request: Mapping[str, Any], limits: Limits | None = None
) -> Iterator[dict[str, Any]]:
    """Give the frames that `module` writes about `source`; the last one is always `{"end": status, "reason": …}`.

    Status: `ok`, `limit`, `timeout`, `damaged`, `encrypted`, `unsupported`. Nothing the file does raises.
    """
    allowed = limits or Limits()
    with _nursery(os.getpid()).child(module, source.fileno(), request, allowed) as (frames, status):
        end = yield from _frames(frames, allowed.output)
        frames.close()  # what still writes there ends
        late, code = STATUS.unpack(status.read(STATUS.size) or STATUS.pack(False, -_SIGKILL))
    yield end or _why_it_died(code, late=late)


class _Owner:
    """The nursery of one process. It knows nothing of nodes; it is started at the first use, and again if it ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def child(
        self, module: str, source: int, request: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """Give the frames of a new child that reads descriptor `source`, and where its end will be told."""
        message = json.dumps({"module": module, "request": dict(request), "limits": asdict(limits)}).encode()
        frames, out = os.pipe()
        told, status = os.pipe()
        with os.fdopen(frames, "rb") as read, os.fdopen(told, "rb", buffering=0) as end:
            try:
                self._send(message, [source, out, status])
            finally:
                os.close(out)
                os.close(status)
            yield read, end

    def close(self) -> None:
        """End the nursery, and with it whatever children it has."""
        with self._lock:
            if self._control is not None and self._process is not None:
                self._control.close()
                self._process.wait()
                self._control = self._process = None

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._running(), [message], descriptors)
            except (BrokenPipeError, ConnectionError):
                self._control = None
                socket.send_fds(self._running(), [message], descriptors)

    def _running(self) -> socket.socket:
        if self._control is None:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-B", "-c", _START, str(_ROOT)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    close_fds=True,
                )
        return self._control


@functools.cache
def _nursery(_pid: int) -> _Owner:
    """Return the nursery of the process `_pid`, this one: a forked process must not share its parent's."""
    owner = _Owner()
    atexit.register(owner.close)
    return owner


def _frames(pipe: Any, room: int) -> Generator[dict[str, Any], None, dict[str, Any] | None]:
    """Give every frame but the last; return that, or what is wrong with what came."""
    while line := pipe.readline(MAX_FRAME):
        room -= len(line)
        if room < 0 or not line.endswith(b"\n"):
            return {"end": "limit", "reason": "output"}
        try:
            frame = json.loads(line)
        except (ValueError, RecursionError):
            return {"end": "damaged", "reason": "the reader wrote no frame"}
        if not isinstance(frame, dict) or "end" in frame:
            return frame if isinstance(frame, dict) else {"end": "damaged", "reason": "no frame"}
        yield frame
    return None


def _why_it_died(code: int, *, late: bool) -> dict[str, Any]:
    if late or code == _SIGXCPU:
        return {"end": "timeout", "reason": "time"}
    if code < 0:
        return {"end": "limit", "reason": f"signal {-code}"}
    return {"end": "damaged", "reason": "the reader stopped"}
