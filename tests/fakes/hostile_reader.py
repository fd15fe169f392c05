"""A reader that was taken over by the file it reads: run in the sandboxed child."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive.formats import confine


def main(request: dict[str, Any]) -> int:
    if request["does"] == "nonsense":
        sys.stdout.write("[1, 2\n")
        return 0
    return confine.answer(DEEDS[request["does"]])


def spin(_write: Callable[[Any], None]) -> None:
    while True:
        continue


def eat(_write: Callable[[Any], None]) -> None:
    bytearray(1 << 30)


def talk(write: Callable[[Any], None]) -> None:
    for _ in range(1000):
        write({"text": "x" * 100})


def abort(_write: Callable[[Any], None]) -> None:
    sys.stdout.flush()
    os.abort()


def harm(write: Callable[[Any], None]) -> None:
    for deed in (lambda: Path("harm").write_text("x"), os.fork, connect):
        try:
            deed()
        except (OSError, LookupError):  # without rights not even the codec of host names can be read
            write({"refused": True})
        else:
            write({"refused": False})


def escape(write: Callable[[Any], None]) -> None:
    """Do what a process of the same user may do, unless the kernel keeps it in."""
    for deed in (
        lambda: Path(sys.executable).read_bytes(),
        lambda: list(Path("/").iterdir()),
        lambda: os.kill(os.getppid(), 0),
        lambda: os.kill(1, 0),
    ):
        try:
            deed()
        except OSError:
            write({"refused": True})
        else:
            write({"refused": False})


def connect() -> None:
    with socket.create_connection(("192.0.2.1", 80), timeout=1):
        return


DEEDS = {"spin": spin, "eat": eat, "talk": talk, "write": harm, "abort": abort, "escape": escape}
