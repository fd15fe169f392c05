"""The portal as a reader meets it: start to first page, page requests per second and core, memory when idle."""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.ports import free_port

REQUESTS = 600
READERS = 8


def rows() -> list[tuple[str, ...]]:
    """Return (what, figure, goal); one web process beside its load on the same machine."""
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port()
        environment = {
            **os.environ,
            "ISHIBUMI_DATA_DIR": str(Path(scratch) / "data"),
            "ISHIBUMI_PORT": str(port),
            "ISHIBUMI_WEB_PROCESSES": "1",
            "ISHIBUMI_LOG_LEVEL": "ERROR",
        }
        subprocess.run(
            [sys.executable, "-m", "app.cli", "demo"], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        begun = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _await_up(base)
            first = time.perf_counter() - begun
            time.sleep(3)
            memory = _memory(server.pid)
            pages = {
                path: _load(base + path)
                for path in ("/healthz", "/", "/datasets/designated-shelters", "/api/v1/datasets/designated-shelters")
            }
        finally:
            server.terminate()
            server.wait()
    constant = pages["/healthz"][0]
    table = [
        ("start to first page", f"{first:.1f} s", "goal < 3 s", ""),
        *(
            (f"memory idle, {name}", f"{size / 1e6:.0f} MB", "goal < 250 MB" if name == "gunicorn" else "", "")
            for name, size in memory
        ),
        ("1 web process", "requests/s", "÷ /healthz", "p99 ms"),
    ]
    return [
        *table,
        *((path, f"{rate:.0f}", f"{rate / constant:.2f}", f"{p99:.0f}") for path, (rate, p99) in pages.items()),
    ]


def _await_up(base: str) -> None:
    while True:
        try:
            urllib.request.urlopen(base + "/", timeout=10).read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return


def _load(url: str) -> tuple[float, float]:
    """Return requests per second and the 99th percentile in ms."""
    times: list[float] = []
    lock = threading.Lock()

    def reader() -> None:
        mine = []
        for _ in range(REQUESTS // READERS):
            begun = time.perf_counter()
            urllib.request.urlopen(url, timeout=30).read()
            mine.append(time.perf_counter() - begun)
        with lock:
            times.extend(mine)

    urllib.request.urlopen(url, timeout=30).read()
    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - begun), statistics.quantiles(times, n=100)[98] * 1000


def _memory(parent: int) -> list[tuple[str, int]]:
    """Return the largest resident size of the web processes and that of the worker, in bytes."""
    found: dict[str, int] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        name = "gunicorn" if "gunicorn" in command else "worker" if " worker" in command else ""
        if name and _descends(int(status.parent.name), parent):
            found[name] = max(found.get(name, 0), int(fields["VmRSS"].split()[0]) * 1024)
    return sorted(found.items())


def _descends(pid: int, parent: int) -> bool:
    while pid > 1:
        try:
            fields = dict(
                line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
            )
        except OSError:
            return False
        pid = int(fields["PPid"])
        if pid == parent:
            return True
    return False
