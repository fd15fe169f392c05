"""A real `ishibumi serve` on a free loopback port, and the command line, as a person at a shell has them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Shell:
    """Runs `ishibumi` on one data folder."""

    data: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ISHIBUMI_")}
        return {**kept, "ISHIBUMI_DATA_DIR": str(self.data), "ISHIBUMI_PORT": str(self.port), "LC_ALL": "C.UTF-8"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *args: str, code: int = 0, stdin: bytes | None = None) -> str:
        """Run a command and return its stdout; the exit code must be `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *args],
            env=self.environment,
            capture_output=True,
            input=stdin,
            check=False,
        )
        assert done.returncode == code, (args, done.returncode, done.stdout.decode(), done.stderr.decode())
        return done.stdout.decode()

    def json(self, *args: str, code: int = 0) -> Any:
        return json.loads(self.run(*args, "--json", code=code))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while the block lasts."""
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"], env=self.environment, stderr=subprocess.DEVNULL
        )
        try:
            self._await_up(process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=headers or {}), timeout=60
        ) as reply:
            return bytes(reply.read())

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def send(self, method: str, path: str, token: str, data: bytes, kind: str = "application/json") -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())

    def _await_up(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert process.poll() is None, "serve ended at once"
            try:
                self.get("/healthz")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
            else:
                return
        raise AssertionError("serve did not answer")
