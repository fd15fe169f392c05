"""A log with witnesses: quorum, silence, lies, and the question before the first signature (LEDGER D7)."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.ledger.checkpoint import cosignatures, parse_checkpoint
from archive.ledger.cosign import cosign
from archive.ledger.note import NoteSignature
from archive.ledger.reader import LogReader
from archive.ledger.transport import Answer
from archive.ledger.witness import SIZE_TYPE, Witness
from archive.ledger.witness_client import STALE_SECONDS, WitnessAt, WitnessClient, merged
from archive.ledger.witness_state import SqliteWitnessState
from archive.ledger.writer import Log, create_log, open_log
from archive.records.keys import KeyKind, SigningKey
from tests.fakes.town_of_witnesses import WitnessTown
from tests.unit.archive.ledger.logs import LOG_KEY, NOW, clock, refused

KEYS = {name: SigningKey.generate(f"{name}.example/witness", KeyKind.WITNESS) for name in ("a", "b", "c")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_log(tmp_path / "log", tmp_path / "state", LOG_KEY, clock)
    return tmp_path


@pytest.fixture
def town(home: Path) -> WitnessTown:
    made = {}
    for name, key in KEYS.items():
        (home / name).mkdir()
        SqliteWitnessState.create(home / name)
        state = SqliteWitnessState(home / name)
        made[name] = Witness(key, state, lambda _: [LOG_KEY.public], lambda _: None, clock)
    return WitnessTown(made)


@contextmanager
def opened(
    home: Path, town: WitnessTown, quorum: int = 2, confirmed: int | None = None, now=clock
) -> Iterator[tuple[Log, WitnessClient]]:
    peers = [WitnessAt(key.public, f"http://{name}") for name, key in KEYS.items()]
    client = WitnessClient(town, lambda: peers, quorum, now, lambda size: size == confirmed, seconds=5.0)
    with open_log(home / "log", home / "state", LOG_KEY, clock, cosigners=client) as log:
        yield log, client


def seen_by(home: Path) -> set[str]:
    note = LogReader(home / "log", [LOG_KEY.public]).checkpoint().note
    return {each.witness.name[0] for each in cosignatures(note, [key.public for key in KEYS.values()])}


def test_each_checkpoint_is_published_with_the_lines_of_all(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, client):
        for number in range(3):
            log.append([b"%d" % number])
            assert seen_by(home) == {"a", "b", "c"}
        assert not client.problems


def test_a_silent_witness_stops_nothing_and_is_asked_again(home: Path, town: WitnessTown) -> None:
    town.silent.add("b")
    with opened(home, town) as (log, client):
        log.append([b"x"])
        assert seen_by(home) == {"a", "c"}
        body = log.checkpoint.note.text
        assert [error.code for error in client.problems.values()] == ["LED-100"]
        town.silent.clear()
        assert log.refresh_cosignatures() == 1
        assert log.checkpoint.note.text == body
        assert seen_by(home) == {"a", "b", "c"}
        assert not client.problems
        asked = len(town.asked)
        assert log.refresh_cosignatures() == 0
        assert len(town.asked) == asked  # nobody is asked twice within the hour


def test_who_failed_a_moment_ago_does_not_hold_up_publishing(home: Path, town: WitnessTown) -> None:
    town.silent.add("b")
    with opened(home, town) as (log, _):
        log.append([b"x"])
        town.asked.clear()
        log.append([b"y"])
    assert town.asked
    assert not any(url.startswith("http://b/") for url in town.asked)


def test_who_is_no_witness_any_more_is_no_problem(home: Path, town: WitnessTown) -> None:
    peers = [WitnessAt(key.public, f"http://{name}") for name, key in KEYS.items()]
    client = WitnessClient(town, lambda: peers, 0, clock, lambda _: False, seconds=5.0)
    town.silent.add("b")
    with open_log(home / "log", home / "state", LOG_KEY, clock, cosigners=client) as log:
        log.append([b"x"])
        assert list(client.problems) == [KEYS["b"].public]
        del peers[1]
        log.refresh_cosignatures()
        assert not client.problems


def test_an_old_line_is_replaced_by_a_fresh_one(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, _):
        log.append([b"x"])
    later = NOW + STALE_SECONDS + 1
    for witness in town.witnesses.values():
        object.__setattr__(witness, "clock", lambda: float(later))
    with opened(home, town, now=lambda: float(later)) as (log, _):
        assert log.refresh_cosignatures() == 3
        note = log.checkpoint.note
    assert [each.time for each in cosignatures(note, [key.public for key in KEYS.values()])] == [later] * 3
    assert len(note.signatures) == 4


def lie(name: str, log: Log) -> dict[str, Answer]:
    note, key = log.checkpoint.note, KEYS["a"]
    good = cosign(b"another body\n", key, NOW)
    foreign = cosign(note.text, SigningKey.generate("z.example/witness", KeyKind.WITNESS), NOW)
    ahead = cosign(note.text, key, NOW + 601)
    zero = NoteSignature(key.public.name, key.public.key_id, bytes(72))
    return {
        "LED-002": Answer(200, "text/plain", good.line),
        "LED-116": Answer(200, "text/plain", foreign.line),
        "LED-007": Answer(200, "text/plain", ahead.line),
        "LED-007 zero": Answer(200, "text/plain", zero.line),
        "LED-001": Answer(200, "text/plain", b""),
        "LED-116 404": Answer(404, "text/plain", b""),
        "LED-116 302": Answer(302, "text/plain", b""),
        "LED-116 type": Answer(409, "text/html", b"1\n"),
        "LED-116 size": Answer(409, SIZE_TYPE, b"01\n"),
        "LED-116 ahead": Answer(409, SIZE_TYPE, b"99\n"),
        "LED-116 same": Answer(409, SIZE_TYPE, b"0\n"),
    }


def test_no_witness_is_believed_unseen(home: Path, town: WitnessTown) -> None:
    town.silent.add("a")
    with opened(home, town) as (log, client):
        log.append([b"x"])
        town.silent.clear()
        for code, answer in lie("a", log).items():
            town.said["a"] = answer
            assert log.refresh_cosignatures() == 0
            assert [error.code for error in client.problems.values()] == [code[:7]]
        assert seen_by(home) == {"b", "c"}


def test_lines_are_merged_without_losing_a_key() -> None:
    note = parse_checkpoint(b"a\n1\n" + b"A" * 43 + b"=\n\n" + NoteSignature("k", b"1234", b"x").line).note
    old, new, other = (NoteSignature("w", b"abcd", blob) for blob in (b"old", b"new", b"oth"))
    more = merged(note, [old])
    assert merged(more, [new]).signatures == (*note.signatures, new)
    assert merged(more, [NoteSignature("v", b"abcd", b"v")]).signatures[:2] == more.signatures
    assert merged(note.with_signatures([old, other]), [new]).signatures == (note.signatures[0], new, other)


def test_a_restored_backup_signs_nothing(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, _):
        log.append([b"x"])
    shutil.copytree(home / "log", home / "backup/log")
    shutil.copytree(home / "state", home / "backup/state")
    with opened(home, town) as (log, _):
        log.append([b"y"])
    town.silent |= {"b", "c"}  # one that remembers is enough
    with opened(home / "backup", town, confirmed=1) as (log, _):
        assert refused(log.append, [b"z"]) == "LED-114"
        assert refused(log.append, [b"z"]) == "LED-067"
        assert log.size == 1


def test_a_copy_that_went_another_way_signs_nothing(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, _):
        log.append([b"x"])
    shutil.copytree(home / "log", home / "copy/log")
    shutil.copytree(home / "state", home / "copy/state")
    with opened(home, town) as (log, _):
        log.append([b"y"])
    with open_log(home / "copy/log", home / "copy/state", LOG_KEY, clock) as log:
        log.append([b"z"])
    with opened(home / "copy", town) as (log, _):
        assert refused(log.refresh_cosignatures) == "LED-065"


def test_it_waits_for_answers_or_the_operator(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, _):
        log.append([b"x"])
    town.silent |= {"a", "b"}  # of 3 with a quorum of 2, two must answer
    with opened(home, town) as (log, client):
        assert client.answers_needed == 2
        assert refused(log.append, [b"y"]) == "LED-115"
        assert log.size == 1
        town.silent.remove("a")
        assert log.append([b"y"])[0].index == 1
    town.silent |= {"a", "b", "c"}
    with opened(home, town) as (log, _):
        assert refused(log.append, [b"z"]) == "LED-115"
    with opened(home, town, confirmed=1) as (log, _):
        assert refused(log.sequence) == "LED-115"  # what was confirmed is another size
    with opened(home, town, confirmed=2) as (log, _):
        assert log.append([b"z"])[0].index == 2


def test_without_a_quorum_silence_is_no_hindrance(home: Path, town: WitnessTown) -> None:
    town.silent |= {"a", "b", "c"}
    with opened(home, town, quorum=0) as (log, _):
        assert log.append([b"x"])[0].index == 0


def test_nonsense_is_no_answer(home: Path, town: WitnessTown) -> None:
    for name in KEYS:
        town.said[name] = Answer(200, "text/plain", b"nonsense")
    with opened(home, town) as (log, _):
        assert refused(log.append, [b"x"]) == "LED-115"
        town.said["a"] = town.said["b"] = Answer(500, "text/plain", b"")
        assert refused(log.append, [b"x"]) == "LED-115"


def test_a_witness_without_end_is_left_behind(home: Path, town: WitnessTown) -> None:
    released = threading.Event()

    def slowly(ask: Callable[[], None]) -> None:
        released.wait(30)
        ask()

    town.on_post = slowly
    peer = WitnessAt(KEYS["a"].public, "http://a")
    client = WitnessClient(town, lambda: [peer], 0, clock, lambda _: False, seconds=0.05)
    with open_log(home / "log", home / "state", LOG_KEY, clock, cosigners=client) as log:
        assert log.append([b"x"])[0].index == 0
        assert [error.code for error in client.problems.values()] == ["LED-116"]
        released.set()
    assert seen_by(home) == set()


def test_a_size_that_keeps_changing_ends(home: Path, town: WitnessTown) -> None:
    with opened(home, town) as (log, _):
        log.append([b"%d" % number for number in range(9)])

    with opened(home, town, now=lambda: NOW + STALE_SECONDS + 1.0) as (log, client):
        town.said_of_posts = [Answer(409, SIZE_TYPE, b"%d\n" % (number + 1)) for number in range(9)]
        assert log.refresh_cosignatures() == 0
        assert "keeps changing" in str(next(iter(client.problems.values())))


def test_our_own_faults_are_not_taken_for_the_witness_s(home: Path, town: WitnessTown) -> None:
    def fault(_: Callable[[], None]) -> None:
        raise ZeroDivisionError

    town.on_post = fault
    with opened(home, town) as (log, _), pytest.raises(ZeroDivisionError):
        log.append([b"x"])
