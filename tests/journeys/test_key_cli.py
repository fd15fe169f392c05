"""Keys at the command line: changed, split, drilled; and no secret ever shows in what commands and servers print."""

import json
from pathlib import Path

import pytest

from archive.records.keystore import KeyStore, read_or_make_secret
from tests.serving import Shell, free_port

pytestmark = pytest.mark.engines  # real commands and servers by the dozen: minutes, not seconds


def secrets_of(data: Path) -> list[str]:
    """Return every secret of the node in hex: the node's, the seeds of all keys, the offline ones."""
    secret = read_or_make_secret(data / "node.secret", make=False)
    store = KeyStore(data / "keys", secret)
    seeds = [store.load(name, key.key_id.hex()).seed for name in store.names() for key in store.held(name)]
    offline = [json.loads(path.read_text())["seed"] for path in data.glob("*-key*.txt")]
    return [secret.hex(), *(seed.hex() for seed in seeds), *offline]


def test_keys_are_changed_split_and_drilled_and_never_printed(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "data", free_port())
    said = [shell.run("init", "--origin", "town.example")]
    slug = shell.json("agency", "list")[0]["slug"]
    said.append(shell.run("key", "rotate", "--agency", slug))
    said.append(shell.run("key", "rotate", "--node"))
    moved = (tmp_path / "data/next-log-key.txt").rename(tmp_path / "away.txt")
    said.append(shell.run("key", "rotate", "--log", "--next-key", str(moved)))
    assert shell.run("key", "revoke", "--log", "--reason", "superseded", "--yes", code=2) == ""
    said.append(shell.run("key", "revoke", "--log", "--reason", "superseded", "--yes", "--now"))
    listed = shell.json("key", "list")
    assert sorted(key["role"] for key in listed if key["reason"] == "superseded") == ["agency", "log", "node"]
    said.append(json.dumps(listed))
    (tmp_path / "a.csv").write_text("a\n1\n")
    said.append(shell.run("publish", "--dataset", "shelters", "--title", "T", str(tmp_path / "a.csv")))
    said.append(shell.run("log", "check"))

    folder = tmp_path / "shares"
    node = ("key", "split", str(tmp_path / "data/node.secret"), "--shares", "3", "--threshold", "2", "-o", str(folder))
    said.append(shell.run(*node))
    assert shell.run(*node, code=2) == ""
    shares = sorted(str(path) for path in folder.iterdir())
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600] * 3
    drilled = shell.json("key", "drill", *shares[1:])
    assert drilled["is_right"]
    said.append(json.dumps(drilled))
    assert shell.run("key", "drill", shares[0], code=2) == ""
    shell.run("key", "join", *shares[:2], "-o", str(tmp_path / "restored"))
    assert (tmp_path / "restored").read_bytes() == (tmp_path / "data/node.secret").read_bytes()
    recovery = ("--shares", "5", "--threshold", "3", "-o", str(tmp_path / "r"))
    said.append(shell.run("key", "split", str(tmp_path / "data/recovery-key.txt"), *recovery))
    assert shell.json("key", "drill", *sorted(str(path) for path in (tmp_path / "r").iterdir())[:3])["is_right"]

    (tmp_path / "other").write_text("ab" * 32 + "\n")
    shell.run("key", "split", str(tmp_path / "other"), "--shares", "2", "--threshold", "2", "-o", str(tmp_path / "o"))
    assert not shell.json("key", "drill", *(str(path) for path in (tmp_path / "o").iterdir()), code=1)["is_right"]
    for secret in [*secrets_of(tmp_path / "data"), json.loads(moved.read_text())["seed"]]:
        assert secret not in "".join(said)
