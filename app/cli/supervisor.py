"""`serve`: N gunicorn web processes and one worker, started, watched and stopped together (ARCHITECTURE section 5)."""

import signal
import socket
import subprocess
import sys
import time
from threading import Event

import click

from app.config import Settings
from app.errors import AppError
from app.jobs.slot import worker_slot
from app.services.folders import Folders

_GRACE_SECONDS = 30
_LOOK_SECONDS = 0.2
_STEADY_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 60.0


class PortTaken(AppError):
    code = "APP-072"
    ja = "{host}:{port} は別のプログラムが使っているため開けません({why})。ISHIBUMI_PORT で別の番号を選んでください。"
    en = "Cannot listen on {host}:{port} ({why}). Stop the other program, or choose another port with ISHIBUMI_PORT."
    zh = "無法使用 {host}:{port}({why})。請停止占用的程式,或以 ISHIBUMI_PORT 指定其他連接埠。"


def supervise(settings: Settings) -> int:
    """Run web and worker until SIGTERM or SIGINT; start again whichever dies. Returns the exit code.

    Raises:
        PortTaken: nothing was started.
        WorkerRuns: this data folder is served already; nothing was started.

    """
    _check_port(settings.host, settings.port)
    folders = Folders(settings.data_dir.absolute())
    _check_nobody_works(folders)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    programs = [_Program("web", _web(settings)), _Program("worker", [sys.executable, "-m", "app.cli", "worker"])]
    click.echo(f"serving {settings.base_url}  (data in {folders.data}; stop with Ctrl-C)", err=True)
    if folders.demo_accounts.exists():
        click.echo(f"sample accounts and their passwords: {folders.demo_accounts}", err=True)
    try:
        while not stop.wait(_LOOK_SECONDS):
            for program in programs:
                program.look()
    finally:
        _end([program.process for program in programs])
    return 0


class _Program:
    """One program that is to run for ever; one that keeps dying is started again after longer and longer pauses."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name = name
        self._command = command
        self._pause = 0.0
        self._due: float | None = None
        self._start()

    def _start(self) -> None:
        self._due, self._begun = None, time.monotonic()
        self.process = subprocess.Popen(self._command)

    def look(self) -> None:
        """Start the program again if it ended and its pause is over."""
        now = time.monotonic()
        if self._due is not None:
            if now >= self._due:
                self._start()
        elif self.process.poll() is not None:
            steady = now - self._begun > _STEADY_SECONDS
            self._pause = 1.0 if steady or not self._pause else min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
            self._due = now + self._pause
            code = self.process.returncode
            click.echo(f"{self._name} ended with {code}; starting it again in {self._pause:.0f} s", err=True)


def _check_nobody_works(folders: Folders) -> None:
    """Take the worker's slot for a moment: a worker that cannot have it would be started again for ever."""
    with worker_slot(folders.data):
        return


def _check_port(host: str, port: int) -> None:
    """Ask before gunicorn does: it would try again and again, and the reader would see only its log."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as refused:
            raise PortTaken({"host": host, "port": port, "why": refused.strerror or "?"}) from refused


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
        "--forwarded-allow-ips=",  # no header of a reader names the scheme or the path, wherever it comes from
        "--log-level=warning",
        "app.factory:from_environment()",
    ]


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask all to stop, wait for them, and kill what does not; a second signal to us changes nothing of it."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
