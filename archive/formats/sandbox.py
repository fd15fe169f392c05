"""Reading hostile files in a child that can do nothing else: no rights, no network, little memory, little time."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Timer
from typing import Any, BinaryIO

MAX_FRAME = 8 << 20
_ROOT = Path(__file__).parents[2]
_SIGXCPU = -24

# The child imports everything it needs, then gives up every right, then looks at the file: `reads` is the module,
# whose `main(request)` reads file descriptor 0 and writes JSON lines to 1. -I keeps the environment and the working
# directory from choosing what is imported, so the place of our packages is handed over.
_START = """
import sys; sys.path.insert(0, sys.argv[1])
import importlib, json
reads = importlib.import_module(sys.argv[2])
from archive.formats import confine
confine.confine(json.loads(sys.argv[3]))
sys.exit(reads.main(json.loads(sys.argv[4])))
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
    command = [
        *(sys.executable, "-I", "-B", "-c", _START, str(_ROOT), module),
        *(json.dumps(asdict(allowed)), json.dumps(dict(request))),
    ]
    child = subprocess.Popen(
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True
    )
    late = _Alarm(child, allowed.wall)
    try:
        assert child.stdout is not None  # noqa: S101 - asked for above
        end = yield from _frames(child.stdout, allowed.output)
        child.stdout.close()
        code = child.wait()
    finally:
        late.cancel()
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()
    yield end or _why_it_died(code, late=late.rang)


class _Alarm:
    """Kills the child when its time is over."""

    def __init__(self, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.rang = False
        self._child = child
        self._timer = Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        self._child.kill()


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
