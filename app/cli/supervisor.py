"""`serve`: N gunicorn web processes and one worker, started, watched and stopped together (ARCHITECTURE section 5)."""

import signal
import subprocess
import sys
import time
from types import FrameType

import click

from app.config import Settings

_GRACE_SECONDS = 30
_RESTART_PAUSE_SECONDS = 1.0


class _Stop(Exception):
    pass


def supervise(settings: Settings) -> int:
    """Run web and worker until SIGTERM or SIGINT; start again whichever dies. Returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    commands = {"web": _web(settings), "worker": [sys.executable, "-m", "app.cli", "worker"]}
    running = {name: subprocess.Popen(command) for name, command in commands.items()}
    click.echo(f"serving {settings.base_url}  (data in {settings.data_dir.absolute()}; stop with Ctrl-C)", err=True)
    try:
        while True:
            time.sleep(0.2)
            for name, process in running.items():
                if process.poll() is not None:
                    click.echo(f"{name} ended with {process.returncode}; starting it again", err=True)
                    time.sleep(_RESTART_PAUSE_SECONDS)
                    running[name] = subprocess.Popen(commands[name])
    except _Stop:
        return 0
    finally:
        _end(list(running.values()))


def _web(settings: Settings) -> list[str]:
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--worker-class=gthread",
        f"--workers={settings.web_processes}",
        f"--threads={settings.web_threads}",
        "--timeout=120",
        f"--graceful-timeout={_GRACE_SECONDS}",
        f"--bind={settings.host}:{settings.port}",
        "--log-level=warning",
        "app.factory:from_environment()",
    ]


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop
