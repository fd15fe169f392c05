"""Verdict and error code of the browser's verifier are those of archive.verify: `make test-engines`.

`MUTATIONS=100000 pytest -m engines tests/js` compares so many; both sides run in one process each, joined by a pipe.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import required

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
VENDOR = ROOT / "app" / "static" / "vendor"
OLDEST = (20, 19)  # from there on Node tells an ES module by its text
SEED = 4
COUNT = int(os.environ.get("MUTATIONS", "3000"))


@pytest.fixture(scope="module")
def node() -> str:
    """Return the path of Node. Skips, saying "not run", where there is none that is new enough."""
    program = shutil.which("node")
    missing = "Node is not installed"
    if program is not None:
        told = subprocess.run([program, "--version"], capture_output=True, check=True, text=True).stdout
        found = re.match(r"v(\d+)\.(\d+)", told)
        if found is not None and (int(found[1]), int(found[2])) >= OLDEST:
            return program
        missing = f"Node {told.strip()} is older than 20.19"
    if required("engines"):
        pytest.fail(f"required by TEST_REQUIRE and not run: {missing}")
    pytest.skip(f"not run: {missing}")


@pytest.mark.engines
@pytest.mark.timeout(600)
def test_units_and_vectors(node: str) -> None:
    files = sorted(map(str, HERE.glob("*.test.mjs")))
    done = subprocess.run([node, "--test", *files], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout[-6_000:]


@pytest.mark.engines
@pytest.mark.timeout(1_800)
def test_random_damage_is_answered_alike(node: str) -> None:
    writer = [sys.executable, "-m", "tests.vectors.mutations", str(SEED), str(COUNT)]
    with subprocess.Popen(writer, cwd=ROOT, stdout=subprocess.PIPE) as python:
        done = subprocess.run(
            [node, str(HERE / "mutations.mjs")], stdin=python.stdout, capture_output=True, check=False, text=True
        )
    assert json.loads(done.stdout.splitlines()[-1]) == {"count": COUNT, "wrong": 0}, done.stdout[-3_000:]


def test_the_vendored_library_is_the_one_that_was_committed() -> None:
    lines = [line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    assert set(listed) == {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert sha256((VENDOR / name).read_bytes()).hexdigest() == digest
