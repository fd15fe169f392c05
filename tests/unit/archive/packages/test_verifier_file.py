"""The one-file verifier: the same bytes at every build, and the same answers in a bare interpreter."""

import io
import json
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from archive.packages import evidence_zip, verifier_file
from archive.packages.verifier_file import ALLOWED, VerifierGrew, build, modules
from tests.unit.archive.verify.material import FILES, PATH, city, honest
from tests.vectors.make_bundles import FOLDER

CASES: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_bytes())["cases"]
ANY_TIME = [case for case in CASES if case["policy"] is None or "witness" not in case["policy"]]
BARE = [sys._base_executable, "-I", "-S"]  # type: ignore[attr-defined] # no site-packages, no environment


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dist") / verifier_file.NAME
    assert verifier_file.main([str(place)]) == 0
    return place


def test_two_builds_are_the_same_bytes(program: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pyz"
    command = [sys.executable, "-m", "archive.packages.verifier_file", str(again)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}, capture_output=True, check=True
    )
    assert again.read_bytes() == program.read_bytes() == build()
    assert done.stdout.decode().split()[0] == sha256(program.read_bytes()).hexdigest()


def test_it_holds_what_is_expected_and_nothing_more(program: Path) -> None:
    assert set(modules()) == ALLOWED
    with zipfile.ZipFile(program) as packed:
        assert packed.testzip() is None
        others = [name for name in packed.namelist() if not name.startswith("archive/")]
    assert others == ["__main__.py", "rfc8785/LICENSE", "rfc8785/__init__.py", "rfc8785/_impl.py"]
    assert program.stat().st_size < 400_000


@pytest.mark.parametrize(
    ("start", "allowed", "module"),
    [
        ("archive.verify.__main__", ALLOWED - {"archive.merkle"}, "archive.merkle"),
        ("archive.records.metadata", ALLOWED | {"archive.records.metadata"}, "pydantic"),
        ("archive.ledger.anchor.nobody", ALLOWED | {"archive.ledger.anchor.nobody"}, "nobody"),
    ],
)
def test_the_build_fails_when_the_verifier_grows(start: str, allowed: frozenset[str], module: str) -> None:
    with pytest.raises(VerifierGrew, match=module):
        modules(start, allowed)


def test_every_vector_in_a_bare_interpreter(program: Path) -> None:
    """Without site-packages there is no `cryptography`: our own Ed25519 checks every signature."""
    told = _answers(BARE, program, "with")
    assert told["openssl"] is False


def test_every_vector_with_openssl_and_without_it(program: Path) -> None:
    assert _answers([sys.executable, "-I"], program, "with")["openssl"] is True
    assert _answers([sys.executable, "-I"], program, "without")["openssl"] is False


def _answers(interpreter: list[str], program: Path, openssl: str) -> dict[str, Any]:
    script = Path(__file__).with_name("bare_answers.py")
    done = subprocess.run([*interpreter, script, program, FOLDER, openssl], capture_output=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    assert str(program) in told["from"]
    assert told["answers"] == {case["name"]: [case["verdict"], case["exit_code"], case["code"]] for case in CASES}
    return told


@pytest.mark.parametrize("case", ANY_TIME[::10], ids=[case["name"] for case in ANY_TIME[::10]])
def test_as_a_program_of_its_own(case: dict[str, Any], program: Path, tmp_path: Path) -> None:
    command = [*BARE, program, "--json"]
    if case["policy"] is not None:
        (tmp_path / "policy").write_text(case["policy"])
        command += ["--policy", tmp_path / "policy"]
    command += [FOLDER / case["file"]] if case["file"] else []
    done = subprocess.run([*command, FOLDER / case["bundle"]], capture_output=True, check=False)
    assert done.returncode == case["exit_code"], done.stderr
    if case["verdict"] is not None:
        told = json.loads(done.stdout)
        assert (told["verdict"], told["code"]) == (case["verdict"], case["code"])


@pytest.mark.parametrize(("lang", "word"), [("ja", "鍵"), ("en", "not one you trust"), ("zh", "金鑰")])
def test_it_speaks_three_languages(lang: str, word: str, program: Path) -> None:
    case = next(case for case in CASES if case["name"] == "trust-nothing-pinned")
    command = [*BARE, program, FOLDER / case["file"], FOLDER / case["bundle"], "--lang", lang]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 3
    assert word in done.stdout.decode()


@pytest.mark.parametrize(("data", "expected"), [(FILES[PATH], 0), (b"another", 1)])
def test_a_zip_and_nothing_else(data: bytes, expected: int, program: Path, tmp_path: Path) -> None:
    with (tmp_path / "e.zip").open("wb") as target:
        evidence_zip.write(target, honest(), io.BytesIO(data))
    (tmp_path / "policy").write_text(f"log {city().log.public.vkey}\nquorum none\n")
    command = [*BARE, program, tmp_path / "e.zip", "--policy", tmp_path / "policy"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == expected


def test_it_says_how_it_is_used(program: Path) -> None:
    done = subprocess.run([*BARE, program], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"ishibumi-verify" in done.stderr
