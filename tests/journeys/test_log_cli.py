"""`ishibumi log …` on a real node: proving, copying, mending and ending its log, from a shell."""

import base64
import json
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from archive import merkle
from archive.ledger.anchor import folder as anchors
from archive.ledger.checkpoint import parse_checkpoint
from archive.ledger.policy import Policy
from archive.ledger.proof import parse_proof
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.ledger.tiles import LocalTiles
from tests.serving import Shell, free_port

pytestmark = pytest.mark.engines  # real commands and servers by the dozen: minutes, not seconds

HOST = "copy.example"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A node with one release; tests that change it have their own."""
    return made(tmp_path_factory.mktemp("node"))


def made(folder: Path) -> Shell:
    shell = Shell(folder / "data", free_port())
    shell.run("init", "--origin", HOST)
    (folder / "a.csv").write_text("a,b\n1,2\n")
    shell.run("publish", "--dataset", "parks", "--title", "公園", str(folder / "a.csv"))
    return shell


@pytest.fixture
def own(shell: Shell, tmp_path: Path) -> Shell:
    """A copy of the node, to be changed."""
    shutil.copytree(shell.data, tmp_path / "data", symlinks=True)  # the index has one
    return Shell(tmp_path / "data", free_port())


def log_of(shell: Shell) -> LogReader:
    return LogReader(shell.data / "archive" / "log")


def test_check_reads_every_statement_and_names_what_is_broken(shell: Shell, tmp_path: Path) -> None:
    whole = shell.json("log", "check", "--workers", "2", "--statements")
    assert whole == {"size": 3, "root": log_of(shell).checkpoint().root.hex(), "findings": []}
    assert shell.run("log", "check").startswith("ok: 3 statements")
    bundle = shell.data / "archive/log/tile/entries/000.p/3"
    good = bundle.read_bytes()
    bundle.chmod(0o644)
    bundle.write_bytes(good[:-3] + b"x" + good[-2:])
    try:
        found = shell.json("log", "check", code=1)["findings"]
        assert [(one["path"], one["code"]) for one in found] == [("tile/entries/000.p/3", "LED-160")]
        assert shell.run("log", "export", str(tmp_path / "copy"), code=1) == ""
    finally:
        bundle.write_bytes(good)


def test_proofs_are_files_that_verify(shell: Shell, tmp_path: Path) -> None:
    entry = log_of(shell).entry(2)
    raw = shell.run("log", "prove", "2").encode()
    parse_proof(raw).check_inclusion(entry)
    shell.run("log", "prove", "2", "-o", str(tmp_path / "two.tlog-proof"))
    assert (tmp_path / "two.tlog-proof").read_bytes() == raw
    shell.run("log", "prove", "2", "-o", str(tmp_path / "two.tlog-proof"), code=2)
    shell.run("log", "prove", "3", code=2)
    shell.run("log", "prove", code=2)
    old = json.loads(shell.run("log", "prove", "1", "--size", "2"))
    leaf = merkle.leaf_hash(log_of(shell).entry(1))
    root = base64.b64decode(old["root"])
    merkle.check_inclusion(leaf, 1, 2, [base64.b64decode(one) for one in old["hashes"]], root)
    steps = [base64.b64decode(one) for one in old["consistency"]]
    merkle.check_consistency(2, 3, steps, root, parse_checkpoint(old["checkpoint"].encode()).root)


def test_a_consistency_proof_has_the_form_a_witness_reads(shell: Shell) -> None:
    first, _, checkpoint = shell.run("log", "prove", "--from", "1").partition("\n\n")
    word, *hashes = first.split("\n")
    head = parse_checkpoint(checkpoint.encode())
    old = merkle.leaf_hash(log_of(shell).entry(0))
    assert word == "old 1"
    merkle.check_consistency(1, 3, [base64.b64decode(one) for one in hashes], old, head.root)
    found = shell.json("log", "prove", "--from", "1", "--to", "2")
    assert (found["from"], found["to"], found["checkpoint"]) == (1, 2, "")
    shell.run("log", "prove", "--from", "3", "--to", "2", code=2)


def test_the_policy_is_one_and_is_shown_as_words_and_code(shell: Shell) -> None:
    text = shell.run("log", "policy", "--qr")
    Policy.parse(text.encode()).check(log_of(shell).checkpoint().raw)
    words = shell.json("log", "policy")["words"]
    assert words in text
    assert len(words.split("-")) == 8


def test_a_copy_is_whole_static_and_never_overwrites(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    found = shell.json("log", "export", str(target))
    policy = Policy.parse((target / "policy.txt").read_bytes())
    assert LogReader(LocalTiles(target), policy.logs).check_log().size == found["size"] == 3
    assert (target / "log.vkey").read_text().strip() == policy.logs[0].vkey
    shell.run("log", "export", str(target), code=2)
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "log", "export", "-"], env=shell.environment, capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(done.stdout)) as tar:
        names = set(tar.getnames())
    assert names == {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert len(names) == found["files"]


def test_a_copy_has_the_proofs_of_time_up_to_its_head(own: Shell, tmp_path: Path) -> None:
    head = log_of(own).checkpoint()
    later = parse_checkpoint(head.raw.replace(b"\n%d\n" % head.size, b"\n%d\n" % (head.size + 1), 1))
    for anchored in (head, later):
        anchors.keep(own.data / "archive" / "log", anchored, "rfc3161", "office", b"token", 100.0)
    own.run("log", "export", str(tmp_path / "copy"))
    found = {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy" / "anchor").rglob("*.*")}
    assert found == {f"anchor/{head.size}/office.tsr"}
    assert (tmp_path / "copy" / "anchor" / str(head.size) / "checkpoint").is_file()


def test_nothing_is_pruned_that_is_needed(shell: Shell) -> None:
    assert shell.json("log", "prune") == {"files": 0, "bytes": 0}


def test_a_lost_state_is_made_anew_when_a_person_confirms_the_size(own: Shell, tmp_path: Path) -> None:
    shell = own
    state = shell.data / "log-state" / "state.sqlite"
    shell.run("log", "recover", "--size", "3", "--yes", code=2)  # there is nothing to mend
    for each in state.parent.glob("state.sqlite*"):
        each.unlink()
    shell.run("log", "recover", "--size", "2", "--yes", code=2)
    assert not state.exists()
    assert "size 3" in shell.run("log", "recover", stdin=b"3\ny\n")
    state.write_bytes(b"no database" * 1000)
    assert shell.json("log", "recover", "--size", "3", "--yes")["size"] == 3
    assert [path.name for path in state.parent.glob("*.broken-*")]
    (tmp_path / "b.csv").write_text("a,b\n3,4\n")
    shell.run("publish", "--dataset", "parks", str(tmp_path / "b.csv"))
    assert shell.json("log", "check", "--statements")["size"] == 4


def test_a_closed_log_takes_nothing_more_and_proves_as_before(own: Shell) -> None:
    shell = own
    shell.run("log", "shutdown", "--reason", "merged", stdin=b"another.example/log\n", code=2)
    assert log_of(shell).checkpoint().size == 3
    sealed = shell.json(
        "log", "shutdown", "--reason", "merged into new.example", "--successor", "new.example/log", "--yes"
    )
    assert (sealed["index"], sealed["size"]) == (3, 4)
    last = read_statement(log_of(shell).entry(3))
    assert (last.type, last.agency) == ("seal", f"{HOST}/node")
    assert last.body == {"size": 3, "reason": "merged into new.example", "successor": "new.example/log"}
    again = shell.json("log", "shutdown", "--reason", "again", "--yes")
    assert again["index"] == 3
    assert shell.json("log", "check", "--statements")["size"] == 4
    parse_proof(shell.run("log", "prove", "2").encode()).check_inclusion(log_of(shell).entry(2))
