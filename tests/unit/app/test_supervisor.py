"""`serve` starts again what dies, pauses longer for what keeps dying, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import supervisor
from tests.serving import Shell, free_port


def test_what_keeps_dying_is_started_after_longer_and_longer_pauses(capsys: pytest.CaptureFixture[str]) -> None:
    program = supervisor._Program("x", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses = []
    for _ in range(3):
        program.process.wait()
        program.look()
        pauses.append(program._pause)
        program._due = 0.0
        program.look()
    program.process.wait()
    assert pauses == [1.0, 2.0, 4.0]
    assert "x ended with 3" in capsys.readouterr().err


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def test_a_killed_worker_comes_back_and_all_end_together(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "data", free_port())
    shell.run("init", "--origin", "town.example")
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"], env=shell.environment, stderr=subprocess.PIPE
    )
    try:
        shell._await_up(process)
        first = children(process.pid)
        assert len(first) == 2
        os.kill(first[1], signal.SIGKILL)
        assert process.stderr is not None
        told = b""
        while b"starting it again" not in told:
            told = process.stderr.readline()
        file = tmp_path / "a.csv"
        file.write_bytes(b"a\n1\n")
        assert shell.json("publish", "--dataset", "x1", "--title", "x", str(file))["state"] == "published"
        last = children(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stderr.close()
    assert not [pid for pid in last if Path(f"/proc/{pid}").exists()]
