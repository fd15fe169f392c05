"""`python -m archive.verify`: exit codes, languages, wrong use."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from archive.verify.__main__ import main
from tests.unit.archive.verify.material import FILES, PATH, city, honest, raw


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LC_MESSAGES", "en_GB.UTF-8")
    (tmp_path / "file").write_bytes(FILES[PATH])
    (tmp_path / "bundle").write_bytes(raw(honest()))
    for name, seed in (("policy", 1), ("other", 2)):
        (tmp_path / name).write_text(f"log {city(seed).log.public.vkey}\nquorum none\n")
    (tmp_path / "nonsense").write_text("trust everybody\n")
    (tmp_path / "changed").write_bytes(FILES[PATH][:-1] + b"?")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["file", "bundle", "--policy", "policy"], 0),
        (["changed", "bundle", "--policy", "policy"], 1),
        (["file", "nonsense", "--policy", "policy"], 1),
        (["missing", "bundle"], 2),
        (["file", "missing"], 2),
        (["file", "."], 2),
        (["file", "bundle", "--policy", "nonsense"], 2),
        (["file", "bundle"], 3),
        (["file", "bundle", "--policy", "other"], 3),
    ],
)
@pytest.mark.usefixtures("place")
def test_exit_codes(arguments: list[str], expected: int) -> None:
    assert main(arguments) == expected


@pytest.mark.parametrize(("lang", "word"), [("ja", "一致します"), ("en", "Matches"), ("zh", "一致")])
@pytest.mark.usefixtures("place")
def test_languages(lang: str, word: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    main(["file", "bundle", "--policy", "policy", "--lang", lang])
    assert word in capfdbinary.readouterr().out.decode()


def test_the_language_of_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    main(["file", "bundle", "--policy", "policy", "--json"])
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["verdict"], found["sentence"]) == ("matches", "與第 1 版一致")


@pytest.mark.usefixtures("place")
def test_it_is_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["verify"])
    monkeypatch.delitem(sys.modules, "archive.verify.__main__")
    with pytest.raises(SystemExit) as left:
        runpy.run_module("archive.verify", run_name="__main__")
    assert left.value.code == 2


@pytest.mark.parametrize("lang", ["ja", "en", "zh"])
def test_a_file_or_its_evidence_forgotten_is_wrong_use_and_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], lang: str
) -> None:
    data, evidence = tmp_path / "a.csv", tmp_path / "a.evidence.json"
    data.write_bytes(FILES[PATH])
    evidence.write_bytes(raw(honest()))
    assert main([str(data), "--lang", lang]) == 2
    assert "VER-067" in (told := capfd.readouterr()).err
    assert main([str(evidence), "--lang", lang]) == 2
    assert "VER-053" in (other := capfd.readouterr()).err
    assert told.out == other.out == ""
