"""Keys at rest: sealed, never replaced, useless without the node secret."""

import json
import stat
from pathlib import Path

import pytest

from archive.records.keys import KeyKind, SigningKey
from archive.records.keystore import KeyStore, read_or_make_secret
from tests.unit.archive.records.test_jcs import refused

SECRET = b"s" * 32
KEY = SigningKey.from_seed("a/agency/bosai", KeyKind.STATEMENT, b"k" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyStore(tmp_path / "keys", SECRET).add(KEY)
    return tmp_path / "keys"


def test_a_key_comes_back_as_it_was(folder: Path) -> None:
    store = KeyStore(folder, SECRET)
    assert store.names() == [KEY.public.name]
    assert store.load(KEY.public.name).public == KEY.public
    assert store.load(KEY.public.name).sign(b"m") == KEY.sign(b"m")


def test_nothing_but_the_owner_reads_and_no_seed_is_seen(folder: Path) -> None:
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY.seed not in file.read_bytes()
    assert KEY.seed.hex() not in file.read_text()
    assert "seed" not in repr(KEY)


def test_a_key_is_never_replaced(folder: Path) -> None:
    before = next(folder.iterdir()).read_bytes()
    other = SigningKey.from_seed(KEY.public.name, KeyKind.STATEMENT, b"o" * 32)
    assert refused(KeyStore(folder, SECRET).add, other) == "REC-052"
    assert [file.read_bytes() for file in folder.iterdir()] == [before]


def test_another_secret_or_another_name_does_not_open_it(folder: Path) -> None:
    assert refused(KeyStore(folder, b"t" * 32).load, KEY.public.name) == "REC-051"
    next(folder.iterdir()).rename(folder / "a~agency~zeimu.key")
    assert refused(KeyStore(folder, SECRET).load, "a/agency/zeimu") == "REC-051"
    assert refused(KeyStore(folder, SECRET).load, KEY.public.name) == "REC-050"


@pytest.mark.parametrize("change", [{"sealed": "AAAA"}, {"kind": "LOG"}])
def test_a_changed_file_does_not_open(folder: Path, change: dict[str, str]) -> None:
    (file,) = folder.iterdir()
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert refused(KeyStore(folder, SECRET).load, KEY.public.name) == "REC-051"


@pytest.mark.parametrize("text", ["", "{}", "[]x", '{"kind":"KING"}', '{"kind":"LOG","nonce":"?","sealed":""}'])
def test_an_unreadable_file_is_no_key(folder: Path, text: str) -> None:
    next(folder.iterdir()).write_text(text)
    assert refused(KeyStore(folder, SECRET).load, KEY.public.name) == "REC-050"


def test_the_node_secret_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "node.secret"
    assert refused(read_or_make_secret, path, make=False) == "REC-050"
    made = read_or_make_secret(path, make=True)
    assert len(made) == 32
    assert read_or_make_secret(path, make=True) == made == read_or_make_secret(path, make=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_a_secret_of_another_shape(tmp_path: Path, text: str) -> None:
    (tmp_path / "node.secret").write_text(text)
    assert refused(read_or_make_secret, tmp_path / "node.secret", make=False) == "REC-050"


def test_following_keys_lie_beside_the_first_and_are_found_by_their_id(folder: Path) -> None:
    store = KeyStore(folder, SECRET)
    second = SigningKey.from_seed(KEY.public.name, KeyKind.STATEMENT, b"l" * 32)
    other = SigningKey.from_seed("a/agency/bosai2", KeyKind.STATEMENT, b"m" * 32)
    store.add(second, follows=True)
    store.add(other)
    assert store.held(KEY.public.name) == [KEY.public, second.public]
    assert store.held("a/agency/nobody") == []
    assert store.names() == [KEY.public.name, other.public.name]
    for key in (KEY, second):
        assert store.load(key.public.name, key.public.key_id.hex()).public == key.public
    assert store.load(KEY.public.name).public == KEY.public
    assert refused(store.load, KEY.public.name, "00000000") == "REC-050"
    assert refused(store.add, second, follows=True) == "REC-052"
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
