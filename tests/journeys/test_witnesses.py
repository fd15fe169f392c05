"""Real nodes that witness each other over HTTP: quorum, forks, and a backup that was restored."""

import contextlib
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.ledger.checkpoint import Checkpoint, cosignatures, parse_checkpoint, sign_checkpoint
from archive.ledger.witness import AddCheckpoint, origin_hash
from archive.records.keys import PublicKey
from archive.records.keystore import KeyStore, read_or_make_secret
from tests.serving import Shell, free_port

PATIENCE = 60
pytestmark = pytest.mark.engines  # several real nodes: minutes, not seconds


@dataclass(frozen=True)
class Node(Shell):
    """A node of one house: it may ask at loopback."""

    host: str = ""
    quorum: int = 0

    @property
    def environment(self) -> dict[str, str]:
        more = {
            "ISHIBUMI_ASK_PRIVATE_ADDRESSES": "1",
            "ISHIBUMI_QUORUM": str(self.quorum),
            "ISHIBUMI_WEB_PROCESSES": "1",
        }
        return {**super().environment, **more}

    @property
    def origin(self) -> str:
        return f"{self.host}/log"

    def keys(self) -> dict[str, str]:
        return {each["role"]: each["vkey"] for each in self.json("log", "show")["keys"]}

    def trust(self, other: "Node", *, as_witness: bool) -> None:
        keys = other.keys()
        more = ["--witness", keys["witness"]] if as_witness else []
        self.json("peer", "add", other.host.split(".")[0], "--origin", other.origin, "--vkey", keys["log"], *more,
                  "--url", other.url, "--yes")  # fmt: skip

    def post(self, path: str, body: bytes) -> tuple[int, bytes, str]:
        request = urllib.request.Request(
            self.url + path, data=body, method="POST", headers={"Content-Type": "text/plain"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read(), reply.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers["Content-Type"]

    def sign(self, size: int, root: bytes) -> bytes:
        """Sign what an honest log never would: with the log's own key."""
        store = KeyStore(self.data / "keys", read_or_make_secret(self.data / "node.secret", make=False))
        return sign_checkpoint(Checkpoint(self.origin, size, root), store.load(self.origin)).encode()


def made(folder: Path, name: str, quorum: int = 0) -> Node:
    node = Node(folder / name, free_port(), f"{name}.example", quorum)
    node.json("init", "--origin", node.host)
    return node


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """`ours`, which wants one witness, and `theirs`, which is it; both served."""
    ours, theirs = made(tmp_path, "ours", 1), made(tmp_path, "theirs")
    theirs.trust(ours, as_witness=False)
    with theirs.serving():
        ours.trust(theirs, as_witness=True)
        yield ours, theirs


def witnessed(note: bytes, by: Node) -> bool:
    return bool(cosignatures(parse_checkpoint(note).note, [PublicKey.parse(by.keys()["witness"])]))


def await_true(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError):
            if what():
                return
        time.sleep(0.2)
    raise AssertionError("it did not come about")


def publish(node: Node, text: bytes, folder: Path) -> dict:
    path = folder / "shelters.csv"
    path.write_bytes(text)
    return node.json("publish", "--dataset", "shelters", "--title", "Shelters", str(path))


def checkpoint(node: Node) -> bytes:
    return (node.data / "archive/log/checkpoint").read_bytes()


def test_a_release_is_witnessed_and_its_evidence_meets_the_policy(pair: tuple[Node, Node], tmp_path: Path) -> None:
    ours, theirs = pair
    publish(ours, b"name\nhall\n", tmp_path)
    assert witnessed(checkpoint(ours), theirs)
    latest = theirs.get(f"/witness/{origin_hash(ours.origin)}/checkpoint")
    assert parse_checkpoint(latest).note.text == parse_checkpoint(checkpoint(ours)).note.text
    assert witnessed(latest, theirs)
    policy = tmp_path / "policy.txt"
    keys = theirs.keys()
    policy.write_text(f"log {ours.keys()['log']}\nwitness W1 {keys['witness']}\ngroup peers 1 W1\nquorum peers\n")
    bundle, file = tmp_path / "bundle.json", tmp_path / "shelters.csv"
    ours.run("evidence", "shelters", "shelters.csv", "-o", str(bundle))
    ours.run("verify", str(file), "--bundle", str(bundle), "--policy", str(policy))
    stranger = made(tmp_path, "stranger").keys()["witness"]
    policy.write_text(
        f"{policy.read_text().split('group')[0]}witness W2 {stranger}\ngroup peers all W1 W2\nquorum peers\n"
    )
    assert "LED-052" in ours.run("verify", str(file), "--bundle", str(bundle), "--policy", str(policy), code=3)


def test_a_silent_witness_stops_nothing_once_the_log_has_started(tmp_path: Path) -> None:
    ours, theirs = made(tmp_path, "ours", 1), made(tmp_path, "theirs")
    theirs.trust(ours, as_witness=False)
    with theirs.serving():
        ours.trust(theirs, as_witness=True)
        publish(ours, b"name\nhall\n", tmp_path)
    ours.json("peer", "confirm", "--yes")  # nobody answers: the operator vouches
    publish(ours, b"name\ngym\n", tmp_path)
    assert not witnessed(checkpoint(ours), theirs)
    with theirs.serving(), ours.serving():
        await_true(lambda: witnessed(ours.get("/log/checkpoint"), theirs))


def test_only_listed_logs_are_witnessed_and_bodies_are_bounded(pair: tuple[Node, Node], tmp_path: Path) -> None:
    ours, theirs = pair
    stranger = made(tmp_path, "stranger")
    note = checkpoint(stranger)
    assert theirs.post("/witness/add-checkpoint", AddCheckpoint(0, (), note).encode())[0] == 404
    assert theirs.post("/witness/add-checkpoint", b"x" * 70_000)[0] == 400
    assert theirs.post("/witness/add-checkpoint", b"nonsense")[0] == 400
    status, body, kind = theirs.post("/witness/add-checkpoint", AddCheckpoint(1, (), checkpoint(ours)).encode())
    assert (status, kind) in ((409, "text/x.tlog.size"), (422, "text/plain; charset=utf-8")), body
    assert theirs.post("/log/gossip", note)[0] == 404
    assert theirs.post("/log/gossip", b"x" * 70_000)[0] == 413
    assert theirs.post("/log/gossip", b"nonsense")[0] == 422
    assert theirs.post("/log/gossip", checkpoint(ours))[1] in (b"kept\n", b"known\n")
    assert theirs.post("/log/gossip", checkpoint(ours))[1] == b"known\n"
    ours.run("peer", "remove", "theirs")
    assert ours.json("peer", "list")["items"] == []


def test_a_fork_of_a_peer_is_told_kept_and_ends_the_witnessing(pair: tuple[Node, Node]) -> None:
    ours, theirs = pair
    held = parse_checkpoint(theirs.get(f"/witness/{origin_hash(ours.origin)}/checkpoint"))
    forged = ours.sign(held.size, bytes(32))
    assert theirs.post("/witness/add-checkpoint", AddCheckpoint(held.size, (), forged).encode())[0] == 422
    shown = theirs.json("peer", "show", "ours")
    assert shown["frozen"]
    (evidence,) = shown["forks"]
    assert theirs.get(f"/log/forks/{evidence}.tlog-fork").startswith(b"ishibumi/tlog-fork/v1\n")
    assert theirs.post("/witness/add-checkpoint", AddCheckpoint(held.size, (), forged).encode())[0] == 404


def test_two_stories_told_to_two_readers_come_out(pair: tuple[Node, Node]) -> None:
    ours, theirs = pair
    size = parse_checkpoint(checkpoint(ours)).size
    theirs.post("/log/gossip", checkpoint(ours))
    status, body, _ = theirs.post("/log/gossip", ours.sign(size, bytes(32)))
    assert status == 409
    assert json.loads(body)["code"] == "APP-206"
    assert theirs.json("peer", "show", "ours")["frozen"]


def test_a_restored_backup_signs_nothing(pair: tuple[Node, Node], tmp_path: Path) -> None:
    ours, theirs = pair
    publish(ours, b"name\nhall\n", tmp_path)
    shutil.copytree(ours.data, tmp_path / "backup", symlinks=True)
    publish(ours, b"name\ngym\n", tmp_path)
    restored = Node(tmp_path / "backup", free_port(), ours.host, 1)
    before = checkpoint(restored)
    restored.json("peer", "confirm", "--yes")  # does not help: a witness saw more
    restored.run("worker", code=1)  # it looks before anybody publishes, and stops
    runs = json.loads((restored.data / "recurring.json").read_text())
    assert runs["cosignatures"]["problem"].startswith("LED-114")
    assert checkpoint(restored) == before
    assert witnessed(checkpoint(ours), theirs)
