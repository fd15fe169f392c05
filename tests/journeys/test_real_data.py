"""Real government files through CLI and API: published, searched, verified offline, audited, rebuilt.

TEST_DATA_DIR names the folder (default ../shared/data); its PROVENANCE.md says whose the files are.
"""

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from archive.ledger.policy import Policy
from archive.store import hashing
from archive.verify.steps import check
from tests.conftest import required
from tests.serving import Shell, free_port

DATA = Path(os.environ.get("TEST_DATA_DIR", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [pytest.mark.real, pytest.mark.timeout(1500)]
TITLES = {
    "jp-noto-shelters": "七尾市 開設避難所",
    "us-dotgov": "Federal .gov domains",
    "tw-office-calendar": "政府行政機關辦公日曆表",
    "jp-localgov": "全国地方公共団体一覧",
    "jp-digital-agency-gif": "政府相互運用性フレームワーク",
}
QUERIES = {
    "焼津中学校": "jp-yaizu-hinanjo",
    "七尾": "jp-noto-shelters",
    "GSA format:csv": "us-dotgov",
    "國慶日": "tw-office-calendar",
    "国民の祝日 OR 國慶日": "tw-office-calendar",
    "札幌市": "jp-localgov",
    "文化財": "jp-yaizu-cultural-assets-geojson",
    "ファミリー農園": "jp-yaizu-family-farm-cp932",
    "ﾔｲﾂﾞ": "jp-yaizu-hinanjo",
    "利用規約": "jp-yaizu-pdf",
}


def datasets() -> dict[str, list[list[Path]]]:
    """Return the versions of each dataset, oldest first, each a list of files."""
    places = [(name, DATA / name) for name in TITLES]
    places += [
        (f"jp-yaizu-{path.name.replace('_', '-')}", path)
        for path in sorted((DATA / "jp-yaizu").iterdir())
        if path.is_dir()
    ]
    return {
        name: [
            sorted(file for file in version.iterdir() if file.is_file())
            for version in sorted(path.iterdir())
            if version.is_dir()
        ]
        for name, path in places
    }


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    if not (DATA / "PROVENANCE.md").is_file():
        message = f"the real data is not at {DATA} (set TEST_DATA_DIR)"
        pytest.fail(message) if required("data") else pytest.skip(message)
    made = Shell(tmp_path_factory.mktemp("real") / "data", free_port())
    made.run("init", "--origin", "real.example", "--title", "実データ課")
    return made


def publish_by_api(shell: Shell, token: str, name: str, files: list[Path]) -> Any:
    given = {"title": {"ja": TITLES[name]}, "kind": "update", "agency": "real-example"}
    draft = shell.send("POST", f"/api/v1/datasets/{name}/releases", token, json.dumps(given).encode())
    for file in files:
        path = f"/api/v1/releases/{draft['id']}/files/{quote(file.name)}"
        shell.send("PUT", path, token, file.read_bytes(), "application/octet-stream")
    done = shell.send("POST", f"/api/v1/releases/{draft['id']}/submit?wait=60", token, b"")
    assert done["state"] == "published", done
    return done


def answers(shell: Shell, names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"/": shell.get_json("/api/v1/datasets?limit=100")}
    for name in names:
        found[name] = shell.get_json(f"/api/v1/datasets/{name}/releases?limit=100")
    for query in QUERIES:
        answer = shell.get_json(f"/api/v1/search?limit=5&q={quote(query)}")
        found[f"q={query}"] = {**answer, "index": None, "next": None}
    return found


def test_the_whole_line_on_real_data(shell: Shell) -> None:
    everything = datasets()
    assert len(everything["jp-noto-shelters"]) == 117
    shell.run("user", "add", "robot@real.example", "--agency", "real-example", "--role", "uploader")
    token = shell.json(
        "token", "create", "--user", "robot@real.example", "--agency", "real-example", "--name", "journey"
    )["token"]

    with shell.serving():
        for name, versions in everything.items():
            for number, files in enumerate(versions):
                if name in TITLES:
                    publish_by_api(shell, token, name, files)
                elif number == 0:
                    shell.run("publish", "--dataset", name, "--title", f"焼津市 {name}", *map(str, files))
                else:
                    shell.run("publish", "--dataset", name, "--server", shell.url, "--token", token, *map(str, files))
        shell.run("search", "焼津中学校")
        before = answers(shell, list(everything))
        verify_every_file(shell, everything)

    for query, dataset in QUERIES.items():
        assert dataset in [item["name"] for item in before[f"q={query}"]["items"]], query
    summary = shell.json("audit")
    assert summary["findings"] == []
    assert summary["statements"] == 2 + sum(len(versions) for versions in everything.values())

    for path in shell.data.glob("ishibumi.sqlite*"):
        path.unlink()
    shutil.rmtree(shell.data / "index")
    shell.run("list", code=2)
    rebuilt = shell.json("rebuild")
    assert (rebuilt["datasets"], rebuilt["problems"]) == (len(everything), [])
    with shell.serving():
        assert answers(shell, list(everything)) == before


def verify_every_file(shell: Shell, everything: dict[str, list[list[Path]]]) -> None:
    """Check each original file with the offline verifier against the bundle that the portal gives."""
    vkey = shell.json("log", "show")["keys"][0]["vkey"]
    trusted = Policy.parse(f"log {vkey}\nquorum none\n".encode())
    for name, versions in everything.items():
        for number, files in enumerate(versions, start=1):
            for file in files:
                bundle = shell.get(f"/datasets/{name}/v{number}/evidence/{quote(file.name)}")
                content = file.read_bytes()
                result = check(hashing.digests(hashing.blocks(io.BytesIO(content))), bundle, trusted)
                assert result.exit_code == 0, (name, number, file.name, result.sentence("en"))
                assert (result.facts.dataset, result.facts.version) == (name, number)
                assert shell.get(f"/datasets/{name}/v{number}/files/{quote(file.name)}") == content
    changed = bytes([content[0] ^ 1]) + content[1:]
    assert check(hashing.digests(hashing.blocks(io.BytesIO(changed))), bundle, trusted).exit_code == 1
    assert check(hashing.digests(hashing.blocks(io.BytesIO(content))), bundle, None).exit_code == 3
