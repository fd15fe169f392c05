"""While one key of a log follows another, heads carry both signatures; afterwards the newer one's."""

from pathlib import Path

import pytest

from archive.ledger.checkpoint import open_checkpoint
from archive.ledger.errors import NotSigned, WrongKeyRole, WrongOrigin
from archive.ledger.reader import LogReader
from archive.ledger.writer import create_log, open_log
from archive.records.keys import KeyKind, SigningKey

OLD = SigningKey.from_seed("town.example/log", KeyKind.LOG, b"o" * 32)
NEW = SigningKey.from_seed("town.example/log", KeyKind.LOG, b"n" * 32)
NODE = SigningKey.from_seed("town.example/log", KeyKind.STATEMENT, b"n" * 32)
OTHER = SigningKey.from_seed("other.example/log", KeyKind.LOG, b"n" * 32)


def clock() -> float:
    return 1_767_225_600.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_log(tmp_path / "log", tmp_path / "state", OLD, clock)
    with open_log(tmp_path / "log", tmp_path / "state", OLD, clock) as log:
        log.append([b"one"])
    return tmp_path


def signed_by(home: Path, key: SigningKey) -> bool:
    raw = (home / "log/checkpoint").read_bytes()
    try:
        return open_checkpoint(raw, [key.public]).size > 0
    except NotSigned:
        return False


def test_a_new_key_signs_the_published_head_at_once_and_each_later_one(home: Path) -> None:
    with open_log(home / "log", home / "state", OLD, clock) as log:
        log.sign_with([OLD, NEW])
        assert (signed_by(home, OLD), signed_by(home, NEW)) == (True, True)
        log.sign_with([OLD, NEW])
        log.append([b"two"])
        assert (signed_by(home, OLD), signed_by(home, NEW)) == (True, True)
        log.sign_with([NEW])
        log.append([b"three"])
        assert (signed_by(home, OLD), signed_by(home, NEW)) == (False, True)
        assert log.origin == "town.example/log"
    with open_log(home / "log", home / "state", NEW, clock) as log:
        assert log.append([b"two"])[0].index == 1
    assert LogReader(home / "log", lambda: [NEW.public]).check_log().size == 3


def test_a_log_is_opened_with_both_keys(home: Path) -> None:
    with open_log(home / "log", home / "state", NEW, clock, following=[OLD]) as log:
        log.append([b"two"])
    assert (signed_by(home, OLD), signed_by(home, NEW)) == (True, True)


def test_keys_of_others_and_a_jump_to_an_unknown_key_are_refused(home: Path) -> None:
    with open_log(home / "log", home / "state", OLD, clock) as log:
        before = (home / "log/checkpoint").read_bytes()
        for error, keys in ((WrongKeyRole, [OLD, NODE]), (WrongOrigin, [OLD, OTHER]), (NotSigned, [NEW])):
            with pytest.raises(error):
                log.sign_with(keys)
        assert (home / "log/checkpoint").read_bytes() == before
        log.append([b"two"])
    assert signed_by(home, OLD)
