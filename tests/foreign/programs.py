"""Programs that others wrote, and our own in their language, built from pinned modules into the ignored `build/`."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import required

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "build" / "foreign"
OLDEST = (1, 25)
_SECONDS = 900


@cache
def built(module: str) -> Path:
    """Return the folder with the programs of tests/foreign/`module`. Skips, saying "not run", where that cannot be."""
    missing = _missing(module)
    if missing and required("engines"):
        pytest.fail(f"required by TEST_REQUIRE and not run: {missing}")
    if missing:
        pytest.skip(f"not run: {missing}")
    BUILT.mkdir(parents=True, exist_ok=True)
    what = "tool" if module == "tools" else "."
    _go(module, "build", "-mod=readonly", "-o", f"{BUILT}/", what, check=True)
    return BUILT


def _missing(module: str) -> str:
    if shutil.which("go") is None:
        return "Go is not installed"
    found = re.search(r"go(\d+)\.(\d+)", _go(module, "version").stdout)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        return "Go is older than 1.25"
    fetched = _go(module, "mod", "download")
    return f"its modules cannot be fetched ({fetched.stderr.strip()[-200:]})" if fetched.returncode else ""


def _go(module: str, *args: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    return subprocess.run(
        ["go", *args],
        cwd=HERE / module,
        env=environment,
        capture_output=True,
        text=True,
        check=check,
        timeout=_SECONDS,
    )
