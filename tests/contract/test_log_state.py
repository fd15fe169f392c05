"""The contract of LogState, for every adapter."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.ledger.errors import QueueUnavailable
from archive.ledger.state import Decision, Lock, LogState, SqliteState, Tail
from archive.merkle import leaf_hash

FIRST, SECOND = Lock(b"first", 10), Lock(b"second", 20)
ITEMS = [(leaf_hash(entry), entry) for entry in (b"a", b"b", b"c")]


@pytest.fixture(params=[SqliteState])
def state(request, tmp_path: Path) -> Iterator[LogState]:
    request.param.create(tmp_path, FIRST)
    with closing(request.param(tmp_path)) as opened:
        yield opened


def refused(call, *args) -> str:
    with pytest.raises(ArchiveError) as error:
        call(*args)
    return error.value.code


def test_a_new_state_holds_the_lock_and_nothing_else(state: LogState) -> None:
    assert state.lock() == FIRST
    assert state.queued(10) == state.decided(0) == []
    assert state.positions([ITEMS[0][0]]) == {}
    assert state.tail("agency") is None


def test_the_queue_keeps_order_and_takes_a_leaf_once(state: LogState) -> None:
    state.enqueue(ITEMS[:2])
    state.enqueue([ITEMS[1], ITEMS[2], ITEMS[2]])
    assert [(item.leaf_hash, item.entry) for item in state.queued(10)] == ITEMS
    assert [item.entry for item in state.queued(2)] == [b"a", b"b"]
    assert len(state.queued(-1)) == 3


def test_a_decision_is_all_or_nothing(state: LogState) -> None:
    state.enqueue(ITEMS)
    a, b, c = state.queued(10)
    tails = {"agency": Tail(4, a.leaf_hash)}
    wrong = Decision(7, [a], b"another lock", SECOND, tails, [b])
    assert refused(state.commit, wrong) == "LED-063"
    assert (state.lock(), state.queued(10), state.tail("agency")) == (FIRST, [a, b, c], None)

    state.commit(Decision(7, [a, c], b"first", SECOND, tails, [b]))
    assert state.lock() == SECOND
    assert state.queued(10) == []
    assert state.decided(0) == [(7, a), (8, c)]
    assert state.decided(8) == [(8, c)]
    assert state.positions([leaf for leaf, _ in ITEMS]) == {a.leaf_hash: 7, c.leaf_hash: 8}
    assert state.tail("agency") == tails["agency"]


def test_what_is_sequenced_is_never_queued_again(state: LogState) -> None:
    state.enqueue(ITEMS[:1])
    state.commit(Decision(0, state.queued(1), b"first", SECOND))
    state.forget_decided(1)
    state.enqueue(ITEMS)
    assert [item.entry for item in state.queued(10)] == [b"b", b"c"]
    assert state.decided(0) == []


def test_discarding(state: LogState) -> None:
    state.enqueue(ITEMS)
    state.discard(state.queued(2))
    assert [item.entry for item in state.queued(10)] == [b"c"]


def test_many_positions_at_once(state: LogState) -> None:
    items = [(leaf_hash(b"%d" % number), b"%d" % number) for number in range(1500)]
    state.enqueue(items)
    state.commit(Decision(5, state.queued(5000), b"first", SECOND))
    found = state.positions([leaf for leaf, _ in items])
    assert [found[leaf] for leaf, _ in items] == list(range(5, 1505))


def test_it_survives_being_closed(tmp_path: Path) -> None:
    SqliteState.create(tmp_path, FIRST, [ITEMS[2][0], ITEMS[1][0]], {"agency": Tail(1, bytes(32))})
    with closing(SqliteState(tmp_path)) as state:
        state.enqueue(ITEMS)
    with closing(SqliteState(tmp_path)) as state:
        assert [item.entry for item in state.queued(9)] == [b"a"]
        assert state.positions([ITEMS[1][0]]) == {ITEMS[1][0]: 1}
        assert state.tail("agency") == Tail(1, bytes(32))


def test_sqlite_is_made_once_and_never_by_opening(tmp_path: Path) -> None:
    assert refused(SqliteState, tmp_path) == "LED-062"
    assert list(tmp_path.iterdir()) == []
    SqliteState.create(tmp_path, FIRST)
    assert refused(SqliteState.create, tmp_path, SECOND) == "LED-060"


def test_sqlite_that_is_damaged_or_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"not a database" * 100)
    assert refused(SqliteState, tmp_path) == "LED-063"
    path.unlink()
    sqlite3.connect(path).close()
    path.touch()
    assert refused(SqliteState, tmp_path) == "LED-063"
    path.unlink()
    SqliteState.create(tmp_path, FIRST)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM lock")
        db.commit()
    with closing(SqliteState(tmp_path)) as state:
        assert refused(state.lock) == "LED-063"


def test_sqlite_that_is_busy_takes_nothing_and_one_that_is_broken_says_so(tmp_path: Path) -> None:
    SqliteState.create(tmp_path, FIRST)
    with closing(SqliteState(tmp_path)) as state, closing(sqlite3.connect(tmp_path / "state.sqlite")) as other:
        state._db.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueUnavailable):
            state.enqueue(ITEMS)
        other.execute("ROLLBACK")
        assert state.queued(9) == []
        other.execute("DROP TABLE pending")
        assert refused(state.enqueue, ITEMS) == "LED-063"
        assert refused(state.queued, 1) == "LED-063"
