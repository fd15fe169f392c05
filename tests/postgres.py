"""A real PostgreSQL for tests: the server of TEST_POSTGRES_URL, or Debian's, started in a folder of its own."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

_PLACES = ("/usr/lib/postgresql", "/usr/local/lib/postgresql")


class Server:
    """One server for the whole run, started at the first use; `stop` ends it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self.address = os.environ.get("TEST_POSTGRES_URL", "")

    def start(self) -> str:
        """Return its address without a database. Skips the test where there is no PostgreSQL and none is required."""
        if self.address:
            return self.address
        binaries = _binaries()
        if binaries is None:
            if "engines" in os.environ.get("TEST_REQUIRE", "").split(","):
                pytest.fail("PostgreSQL is required by TEST_REQUIRE and is not installed (package postgresql)")
            pytest.skip("no PostgreSQL on this machine (package postgresql, or TEST_POSTGRES_URL)")
        self._folder = Path(tempfile.mkdtemp(prefix="ishibumi-pg-"))
        self._run(binaries)
        return self.address

    def _run(self, binaries: Path) -> None:
        assert self._folder is not None
        port = _free_port()
        data = self._folder / "data"
        as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        subprocess.run(
            [*as_user, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"], check=True, **quiet
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        subprocess.run(
            [
                *as_user,
                str(binaries / "pg_ctl"),
                "-D",
                str(data),
                "-w",
                "-o",
                options,
                "-l",
                str(self._folder / "log"),
                "start",
            ],
            check=True,
            **quiet,
        )
        self._stop = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
        self.address = f"postgresql+psycopg://postgres@127.0.0.1:{port}"

    def stop(self) -> None:
        if self._folder is not None:
            subprocess.run(self._stop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd="/")
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


SERVER = Server()


@contextmanager
def database(template: str = "") -> Iterator[str]:
    """Give the URL of a new database, empty or like that of the URL `template`; it is dropped afterwards."""
    address = SERVER.start()
    name = f"test_{secrets.token_hex(6)}"
    plain = address.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        like = f' TEMPLATE "{template.rpartition("/")[2]}"' if template else ""
        connection.execute(f'CREATE DATABASE "{name}"{like}')
    try:
        yield f"{address}/{name}"
    finally:
        with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _binaries() -> Path | None:
    found = sorted(path for place in _PLACES for path in Path(place).glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
