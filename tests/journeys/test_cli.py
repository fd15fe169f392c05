"""`ishibumi` as a person at a shell uses it: the answers, the exit codes, the words of refusals."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import Shell, free_port

FIRST = "名称,住所,番号\n中央小学校,見本町1-1,001007\n".encode("cp932")
SECOND = "名称,住所,番号\n中央小学校,見本町2-9,001007\n".encode("cp932")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data", free_port())


def test_restricted_releases_and_opening_them(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "名簿.csv"
    shell.run("init", "--origin", "town.example", "--title", "見本町")
    file.write_bytes(FIRST)
    first = shell.json("publish", "--dataset", "roster", "--title", "名簿", "--restricted", str(file))
    assert (first["access"], first["files"][0]["path"]) == ("restricted", "名簿.csv")
    file.write_bytes(SECOND)
    assert shell.json("publish", "--dataset", "roster", str(file))["access"] == "restricted"
    assert "restricted" in shell.run("show", "roster")
    assert shell.json("search", "中央小学校")["total"] == 0
    assert shell.json("verify", str(file), code=1)["verdict"] == "unknown"
    bundle = tmp_path / "bundle.json"
    shell.run("evidence", "roster", "名簿.csv", "-o", str(bundle))
    assert shell.json("verify", str(file), "--bundle", str(bundle))["exit_code"] == 0

    opening = ("release-access", "roster", "--version", "2", "--reason", "期限")
    shell.run(*opening, code=2)
    shell.run(*opening, "--open", code=2)  # asked, and nobody says yes
    assert shell.json(*opening, "--open", "--yes")["log_index"] == 4
    assert shell.json("search", "中央小学校")["total"] == 1
    assert shell.json("verify", str(file))["verdict"] == "latest"
    assert shell.json("verify", str(file), "--bundle", str(bundle))["exit_code"] == 0
    shell.run(*opening, "--restricted", code=2)
    assert [release["access"] for release in shell.json("show", "roster")["items"]] == ["open", "restricted"]


def test_init_publish_search_prove_withdraw(shell: Shell, tmp_path: Path) -> None:
    file, changed = tmp_path / "避難所.csv", tmp_path / "changed.csv"
    shell.run("init", "--origin", "town.example", "--title", "見本町")
    shell.run("init", "--origin", "town.example", code=2)
    file.write_bytes(FIRST)
    shell.run("publish", "--dataset", "shelters", str(file), code=2)  # the first release needs a title
    first = shell.json("publish", "--dataset", "shelters", "--title", "避難所", str(file))
    file.write_bytes(SECOND)
    second = shell.json("publish", "--dataset", "shelters", "--kind", "correction", "--note", "移転", str(file))
    assert (first["version"], second["version"], second["log_index"]) == (1, 2, 3)
    assert first["files"][0]["encoding"] == "cp932"

    shown = shell.json("show", "shelters")
    assert [release["version"] for release in shown["items"]] == [2, 1]
    found = shell.json("search", "中央小学校")
    assert found["items"][0]["hits"][0]["loc"]["row"] == 2
    assert shell.json("search", "避難")["total"] == 1
    assert "[中央小学校]" in shell.run("search", "中央小学校")

    bundle = tmp_path / "bundle.json"
    shell.run("evidence", "shelters", "避難所.csv", "-o", str(bundle))
    assert shell.json("verify", str(file))["verdict"] == "latest"
    assert shell.json("verify", str(file), "--bundle", str(bundle))["exit_code"] == 0
    assert json.loads(shell.run("verify", "-", "--json", stdin=FIRST))["verdict"] == "superseded"
    changed.write_bytes(SECOND.replace(b"2", b"3", 1))
    told = shell.json("verify", str(changed), "--bundle", str(bundle), code=1)
    assert told["verdict"] == "broken"
    assert told["code"]
    assert shell.json("verify", str(changed), code=1)["verdict"] == "unknown"
    elsewhere = Shell(tmp_path / "nothing", free_port())
    assert "not one you trust" in elsewhere.run("verify", str(file), "--bundle", str(bundle), code=3)

    withdrawn = shell.json(
        "withdraw",
        "shelters",
        "--version",
        "1",
        "--reason",
        "古い",
        "--law",
        "条例 第9条",
        "--ground",
        "error",
        "--yes",
    )
    assert withdrawn["log_index"] == 4
    assert json.loads(shell.run("verify", "-", "--json", stdin=FIRST))["verdict"] == "withdrawn"
    shell.json("amend", "shelters", "--version", "2", "--title", "Shelters", "--lang", "en", "--reason", "英語の題")
    assert shell.json("show", "shelters")["title"]["en"] == "Shelters"
    assert shell.json("log", "show")["size"] == 6
    assert shell.json("audit")["findings"] == []
    stored = next((shell.data / "archive" / "objects").rglob("content/*/*"))
    stored.chmod(0o644)
    stored.write_bytes(b"flipped")
    assert shell.json("audit", code=1)["findings"]


def test_two_approvals_wait_and_people_have_roles(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(FIRST)
    shell.run("init", "--origin", "town.example")
    shell.run("agency", "add", "bosai", "--title", "防災課", "--title-en", "Crisis Office")
    made = shell.json("user", "add", "u@town.example", "--agency", "bosai", "--role", "uploader")
    assert len(made["password"]) >= 12
    waiting = shell.run(
        "publish", "--dataset", "water", "--title", "給水", "--agency", "bosai", "--user", "u@town.example", str(file)
    )
    assert "waiting for approval" in waiting
    shell.run(
        "publish",
        "--dataset",
        "x1",
        "--title",
        "x",
        "--agency",
        "town-example",
        "--user",
        "u@town.example",
        str(file),
        code=2,
    )
    token = shell.json("token", "create", "--user", "u@town.example", "--agency", "bosai", "--name", "cron")
    shell.run("token", "revoke", token["jti"])
    assert shell.json("list")["items"] == []
    assert [finding for finding in shell.json("doctor", code=1) if not finding["well"]]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("list",), 2, "ishibumi init"),
        (("nothing",), 2, "No such command"),
        (("publish",), 2, "Missing"),
        (("verify", "/nonexistent"), 2, "does not exist"),
        (("init", "--origin", "../x"), 2, "host name"),
    ],
)
def test_wrong_use_says_what_to_do(shell: Shell, args: tuple[str, ...], code: int, words: str) -> None:

    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *args], env=shell.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistyped_setting_is_an_error(shell: Shell) -> None:

    environment = {**shell.environment, "ISHIBUMI_DATADIR": "/x"}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "list"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "ISHIBUMI_DATADIR" in done.stderr) == (2, True)


def test_help_imports_little() -> None:

    code = (
        "import sys, app.cli; app.cli.cli.main(['--help'], standalone_mode=False); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"flask", "sqlalchemy", "tantivy", "dbos"} & set(done.stderr.split())
