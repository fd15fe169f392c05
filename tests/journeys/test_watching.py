"""`ishibumi log watch` on a log that any web server serves: it grows, shrinks, forks, rests; and whose name is used."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.logkeeping import SelfCheck
from archive.ledger.checkpoint import parse_checkpoint, sign_checkpoint
from archive.ledger.follow import RolledBack
from archive.ledger.statement_check import read_statement
from archive.records.keys import KeyKind, SigningKey
from archive.records.keystore import KeyStore
from tests.serving import Shell
from tests.town import HOST, Town
from tests.unit.app.services.test_line import CSV, actor
from tests.unit.archive.ledger.logs import refused

pytestmark = pytest.mark.engines  # real commands and servers by the dozen: minutes, not seconds


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that a plain web server serves, and its address."""
    (tmp_path / "www").mkdir()
    handler = functools.partial(Quiet, directory=tmp_path / "www")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path / "www", f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()
        thread.join()


def serve(town: Town, www: Path) -> None:
    shutil.rmtree(www / "log", ignore_errors=True)
    shutil.copytree(town.portal.folders.log, www / "log")


def watch(tmp_path: Path, url: str, *args: str, code: int = 0) -> str:
    shell = Shell(tmp_path / "nothing", 0)
    return shell.run("log", "watch", url, "--once", "--state", str(tmp_path / "kept.json"), *args, code=code)


def test_a_log_is_followed_and_its_lies_are_kept(town: Town, tmp_path: Path, place: tuple[Path, str]) -> None:
    www, url = place
    key = ("--key", town.portal.log_key.vkey)
    watch(tmp_path, url, code=2)  # whose key?
    watch(tmp_path, url, *key, code=3)  # nothing is served yet
    serve(town, www)
    assert f"{HOST}/log  3 leaves" in watch(tmp_path, url, *key)
    fork = tmp_path / "fork"
    shutil.copytree(town.data, fork, symlinks=True)
    town.publish(actor(town, "ann"), "parks", {"a.csv": CSV})
    serve(town, www)
    name = f"{HOST}/agency/solo"
    said = json.loads(watch(tmp_path, url + "/checkpoint", *key, "--agency-key", name, "--json"))
    assert [(one["index"], one["type"], one["subject"]) for one in said["statements"]] == [(3, "publish", "parks 1")]
    before = (tmp_path / "kept.json").read_bytes()

    shutil.rmtree(www / "log")
    shutil.copytree(fork / "archive" / "log", www / "log")
    assert json.loads(watch(tmp_path, url, *key, "--json", code=1))["alarm"] == "LED-161"
    other = grown_otherwise(fork)
    shutil.rmtree(www / "log")
    shutil.copytree(other, www / "log")
    assert json.loads(watch(tmp_path, url, *key, "--json", code=1))["alarm"] == "LED-162"
    assert (tmp_path / "kept.json").read_bytes() == before
    kept = [json.loads(path.read_bytes()) for path in sorted(tmp_path.glob("kept.json.alarm-*.json"))]
    assert kept[-1]["code"] == "LED-162"
    assert kept[-1]["old"] != kept[-1]["new"] == (other / "checkpoint").read_text()
    (tmp_path / "kept.json").write_text("{}")
    watch(tmp_path, url, *key, code=2)


def grown_otherwise(data: Path) -> Path:
    """Let the same log's writer go on from a copy of its folder, as a restored backup would."""
    from tests.town import reopened

    town = reopened(data)
    town.publish(actor(town, "ann"), "schools", {"b.csv": CSV})
    town.portal.close()
    return data / "archive" / "log"


def test_a_log_that_rests_and_one_whose_witnesses_are_missing(
    town: Town, tmp_path: Path, place: tuple[Path, str]
) -> None:
    www, url = place
    serve(town, www)
    key = ("--key", town.portal.log_key.vkey)
    watch(tmp_path, url, *key, "--stall", "1")
    kept = json.loads((tmp_path / "kept.json").read_text())
    (tmp_path / "kept.json").write_text(json.dumps(kept | {"since": kept["since"] - 7_200}))
    assert json.loads(watch(tmp_path, url, *key, "--stall", "1", "--json", code=1))["alarm"] == "LED-163"
    policy = tmp_path / "policy.txt"
    policy.write_text(
        f"log {key[1]}\nwitness w witness.example.jp/midori+2b5bdef4+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X\nquorum w\n"
    )
    assert json.loads(watch(tmp_path, url, "--policy", str(policy), "--json", code=1))["alarm"] == "LED-052"
    policy.write_text(f"log {key[1]}\nquorum none\n")
    watch(tmp_path, url, "--policy", str(policy))


def test_an_owner_learns_whose_key_signed_in_its_name(town: Town, tmp_path: Path, place: tuple[Path, str]) -> None:
    www, url = place
    serve(town, www)
    key = ("--key", town.portal.log_key.vkey)
    store = KeyStore(town.portal.folders.keys, town.portal.node_secret)
    mine = store.load(f"{HOST}/node").public
    said = json.loads(watch(tmp_path, url, *key, "--agency-key", mine.vkey, "--json"))["statements"]
    types = [read_statement(entry).type for entry in town.portal.log.entries(0, 3)]
    assert [(one["type"], one["is_by_key"]) for one in said] == [(kind, True) for kind in types]
    (tmp_path / "kept.json").unlink()
    stranger = type(mine)(mine.name, mine.kind, store.load(f"{HOST}/agency/solo").public.raw)
    assert "BY ANOTHER KEY" in watch(tmp_path, url, *key, "--agency-key", stranger.vkey)


def test_the_node_looks_at_itself(town: Town) -> None:
    folders = town.portal.folders
    check = SelfCheck(folders, lambda: (town.portal.log_key,), town.portal.clock)
    check.run()
    older = {path: path.read_bytes() for path in folders.log.rglob("*") if path.is_file()}
    town.publish(actor(town, "ann"), "parks", {"a.csv": CSV})
    check.run()
    check.run()
    (folders.log / "checkpoint").write_bytes(older[folders.log / "checkpoint"])
    with pytest.raises(RolledBack):
        check.run()
    assert refused(check.run) == "LED-161"


def test_the_node_looks_at_itself_when_the_key_it_saw_last_has_ended(town: Town) -> None:
    folders, key = town.portal.folders, town.portal.log_key
    SelfCheck(folders, lambda: (key,), town.portal.clock).run()
    head = parse_checkpoint((folders.log / "checkpoint").read_bytes()).checkpoint
    newer = SigningKey.generate(key.name, KeyKind.LOG)
    (folders.log / "checkpoint").write_bytes(sign_checkpoint(head, newer).encode())
    SelfCheck(folders, lambda: (newer.public,), town.portal.clock).run()
