"""The writer when every effect fails once before and once after it happened, when it is killed, and when it is fooled."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.ledger.admission import Admitted, Link
from archive.ledger.checkpoint import cosignatures
from archive.ledger.disk import LocalDisk
from archive.ledger.errors import EntryTooLarge, LedgerError, QueueUnavailable
from archive.ledger.reader import LogReader
from archive.ledger.recover import recover_state
from archive.ledger.state import SqliteState
from archive.ledger.witness import Witness
from archive.ledger.witness_client import WitnessAt, WitnessClient
from archive.ledger.witness_state import SqliteWitnessState
from archive.ledger.writer import Log, create_log, open_log
from archive.merkle import leaf_hash
from archive.records.keys import KeyKind, SigningKey
from tests.fakes.town_of_witnesses import WitnessTown
from tests.unit.archive.ledger.logs import LOG_KEY, NOW, WITNESS_KEY, clock, refused

OLD = [b"old %d" % number for number in range(250)]
NEW = [b"new %d" % number for number in range(300)]  # completes tiles of two levels and leaves partial ones


class Died(BaseException):
    """The process is gone; nothing may catch it."""


class Effects:
    """Counts durable effects and lets number `fails_at` fail, `before` or `after` it happened."""

    def __init__(self, fails_at: int = -1, moment: str = "before", error: Callable[[], BaseException] = Died) -> None:
        self.fails_at, self.moment, self.error = fails_at, moment, error
        self.names: list[str] = []

    def happen(self, name: str, effect: Callable[..., object], *args: object) -> None:
        number = len(self.names)
        self.names.append(name)
        if number == self.fails_at and self.moment == "before":
            raise self.error()
        effect(*args)
        if number == self.fails_at:
            raise self.error()


class FaultyDisk(LocalDisk):
    """A local disk whose effects pass through `Effects`."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    def make_folder(self, path: Path) -> None:
        self._effects.happen("disk.make_folder", super().make_folder, path)

    def write(self, path: Path, data: bytes) -> None:
        self._effects.happen("disk.write", super().write, path, data)

    def rename(self, source: Path, target: Path) -> None:
        self._effects.happen("disk.rename", super().rename, source, target)

    def sync_folder(self, path: Path) -> None:
        self._effects.happen("disk.sync_folder", super().sync_folder, path)


class FaultyState(SqliteState):
    """A state whose effects pass through `Effects`."""

    def __init__(self, effects: Effects, folder: Path) -> None:
        super().__init__(folder)
        self._effects = effects

    def enqueue(self, items) -> None:
        self._effects.happen("state.enqueue", super().enqueue, items)

    def commit(self, decision) -> None:
        self._effects.happen("state.commit", super().commit, decision)

    def forget_decided(self, below: int) -> None:
        self._effects.happen("state.forget_decided", super().forget_decided, below)


def witness_of(home: Path) -> Witness:
    return Witness(WITNESS_KEY, SqliteWitnessState(home / "witness"), lambda _: [LOG_KEY.public], lambda _: None, clock)


def client_of(home: Path, effects: Effects) -> WitnessClient:
    """The witness that belongs to `home`; that it was asked is an effect as every other."""
    town = WitnessTown({"w": witness_of(home)}, on_post=lambda ask: effects.happen("witness.ask", ask))
    return WitnessClient(town, lambda: [WitnessAt(WITNESS_KEY.public, "http://w")], 1, clock, lambda _: False)


@contextmanager
def opened(home: Path, effects: Effects | None = None, check=None, key: SigningKey = LOG_KEY, now=clock):
    effects = effects or Effects()
    with open_log(
        home / "log",
        home / "state",
        key,
        now,
        check,
        disk=FaultyDisk(effects),
        open_state=lambda folder: FaultyState(effects, folder),
        cosigners=client_of(home, effects) if (home / "witness").is_dir() else None,
    ) as log:
        yield log


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a log of `OLD`."""
    folder = tmp_path / "home"
    create_log(folder / "log", folder / "state", LOG_KEY, clock)
    (folder / "witness").mkdir()
    SqliteWitnessState.create(folder / "witness")
    with opened(folder) as log:
        log.append(OLD)
    return folder


def copy_of(home: Path, name: str) -> Path:
    shutil.copytree(home, home.parent / name)
    return home.parent / name


def append_new(log: Log) -> list[int]:
    return [one.index for one in log.append(NEW)]


def assert_whole(home: Path, entries: Sequence[bytes]) -> None:
    reader = LogReader(home / "log", [LOG_KEY.public])
    assert list(reader.entries(0, 10**6)) == list(entries)
    assert reader.check_log().size == len(entries)


EFFECTS = {
    "state.enqueue",
    "state.commit",
    "state.forget_decided",
    "disk.make_folder",
    "disk.write",
    "disk.rename",
    "disk.sync_folder",
    "witness.ask",
}


def effects_of_a_batch(home: Path) -> list[str]:
    with opened(home, counted := Effects()) as log:
        opening = len(counted.names)
        log.append(NEW)
        return counted.names[opening:]


def append_and_die(home: Path, number: int, moment: str) -> list[str]:
    """Append `NEW` in a process that dies at effect `number`; return the effects it got to."""
    effects = Effects()
    try:
        with opened(home, effects) as log:
            effects.names.clear()
            effects.fails_at, effects.moment = number, moment
            log.append(NEW)
    except Died:
        return effects.names
    pytest.fail("it lived")


def test_every_effect_is_in_the_table(home: Path) -> None:
    assert set(effects_of_a_batch(home)) == EFFECTS


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_at_any_effect_loses_and_doubles_nothing(home: Path, moment: str) -> None:
    names = effects_of_a_batch(copy_of(home, "counted"))
    for number in range(len(names)):
        here = copy_of(home, f"died-{number}")
        assert append_and_die(here, number, moment) == names[: number + 1]
        LogReader(here / "log", [LOG_KEY.public]).check_log()
        with opened(here) as log:
            assert append_new(log) == list(range(250, 550))
            log.refresh_cosignatures()
        assert_whole(here, [*OLD, *NEW])
        (seen,) = cosignatures(LogReader(here / "log").checkpoint().note, [WITNESS_KEY.public])
        assert seen.witness == WITNESS_KEY.public
        shutil.rmtree(here)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_failing_disk_stops_the_writer_and_not_the_readers(home: Path, moment: str) -> None:
    names = effects_of_a_batch(copy_of(home, "counted"))
    for number in [number for number, name in enumerate(names) if name.startswith("disk.")]:
        here = copy_of(home, f"failed-{number}")
        with opened(here, effects := Effects(error=lambda: OSError(5, "Input/output error"))) as log:
            effects.names.clear()
            effects.fails_at, effects.moment = number, moment
            assert refused(log.append, NEW) == "LED-069"
            assert refused(log.append, [b"more"]) == "LED-067"
            assert refused(log.submit, b"more") == "LED-067"
            assert refused(log.sequence) == "LED-067"
            assert refused(log.position, bytes(32)) == "LED-067"
        LogReader(here / "log", [LOG_KEY.public]).check_log()
        with opened(here) as log:
            assert append_new(log) == list(range(250, 550))
        shutil.rmtree(here)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_while_mending_is_mended(home: Path, moment: str) -> None:
    append_and_die(home, 1, "after")  # decided, nothing written
    counted = Effects()
    with opened(copy_of(home, "counted"), counted):
        pass
    assert "disk.write" in counted.names
    for number in range(len(counted.names)):
        here = copy_of(home, f"mending-{number}")
        with pytest.raises(Died), opened(here, Effects(number, moment)):
            pass
        with opened(here) as log:
            assert log.size == 550
        assert_whole(here, [*OLD, *NEW])


def test_a_full_queue_refuses_and_goes_on(home: Path) -> None:
    with opened(home, effects := Effects(error=lambda: QueueUnavailable({"why": "full"}))) as log:
        effects.names, effects.fails_at = [], 0
        assert refused(log.append, NEW) == "LED-070"
        assert append_new(log) == list(range(250, 550))


def test_a_log_that_dies_while_it_is_made_is_opened_or_made_again(tmp_path: Path) -> None:
    counted = Effects()
    create_log(tmp_path / "log", tmp_path / "state", LOG_KEY, clock, FaultyDisk(counted))
    for number in range(len(counted.names)):
        for moment in ("before", "after"):
            here = tmp_path / f"{number}-{moment}"
            disk = FaultyDisk(Effects(number, moment))
            with pytest.raises(Died):
                create_log(here / "log", here / "state", LOG_KEY, clock, disk)
            with opened(here) as log:
                log.append(OLD)
            assert_whole(here, OLD)


KILLED = """
import sys
from pathlib import Path
from tests.unit.archive.ledger.logs import LOG_KEY, clock
from archive.ledger.writer import open_log
home = Path(sys.argv[1])
with open_log(home / "log", home / "state", LOG_KEY, clock) as log:
    batch = 0
    while True:
        done = log.append([b"killed %d %d" % (log.size, number) for number in range(40)])
        print(done[-1].index, flush=True)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(home: Path) -> None:
    size = len(OLD)
    root = Path(__file__).parents[2]
    for rounds in range(4):
        args = [sys.executable, "-c", KILLED, str(home)]
        with subprocess.Popen(args, stdout=subprocess.PIPE, text=True, cwd=root) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(2 + rounds)]
            process.send_signal(signal.SIGKILL)
            process.wait()
            lines += process.stdout.readlines()
        acknowledged = max(int(line) for line in lines if line.endswith("\n"))
        with opened(home) as log:
            assert log.size > acknowledged >= size
            size = log.size
        assert LogReader(home / "log", [LOG_KEY.public]).check_log().size == size


def test_two_writers(home: Path) -> None:
    with opened(home) as log:
        with pytest.raises(LedgerError) as busy, opened(home):
            pass
        assert busy.value.code == "LED-061"
        assert append_new(log)


def opening_refused(home: Path, **how: object) -> str:
    before = sorted((path, path.stat().st_mtime_ns) for path in (home / "log").rglob("*"))
    with pytest.raises(ArchiveError) as error, opened(home, **how):
        pass
    assert sorted((path, path.stat().st_mtime_ns) for path in (home / "log").rglob("*")) == before
    return error.value.code


def test_a_state_older_than_the_log(home: Path) -> None:
    shutil.copytree(home / "state", home / "backup")
    with opened(home) as log:
        log.append(NEW)
    shutil.rmtree(home / "state")
    (home / "backup").rename(home / "state")
    assert opening_refused(home) == "LED-064"


def test_a_log_older_than_the_state(home: Path) -> None:
    shutil.copytree(home / "log", home / "backup")
    with opened(home) as log:
        log.append(NEW)
    shutil.rmtree(home / "log")
    (home / "backup").rename(home / "log")
    assert opening_refused(home) == "LED-075"


def test_a_copy_that_went_another_way(home: Path) -> None:
    other = copy_of(home, "copy")
    for here, entries in ((home, NEW), (other, NEW[::-1])):
        with opened(here) as log:
            log.append(entries)
    shutil.rmtree(home / "state")
    shutil.copytree(other / "state", home / "state")
    assert opening_refused(home) == "LED-065"


def test_decided_entries_that_are_not_the_decided_ones(home: Path) -> None:
    append_and_die(home, 1, "after")
    with closing(SqliteState(home / "state")) as state:
        state._db.execute("UPDATE pending SET entry = CAST('x' AS BLOB) WHERE position = 260")
    assert opening_refused(home) == "LED-065"


def test_a_missing_state(home: Path) -> None:
    (home / "state/state.sqlite").unlink()
    assert opening_refused(home) == "LED-062"
    shutil.rmtree(home / "state")
    assert opening_refused(home) == "LED-062"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("checkpoint", None, "LED-075"),
        ("checkpoint", b"nonsense", "LED-075"),
        ("tile/0/000.p/250", None, "LED-075"),
        ("tile/0/000.p/250", bytes(250 * 32), "LED-065"),
        ("tile/entries/000.p/250", b"\0\0" * 250, "LED-065"),
    ],
)
def test_a_damaged_log(home: Path, name: str, data: bytes | None, code: str) -> None:
    (home / "log" / name).unlink()
    if data is not None:
        (home / "log" / name).write_bytes(data)
    assert opening_refused(home) == code


def test_another_key(home: Path) -> None:
    assert opening_refused(home, key=SigningKey.generate(LOG_KEY.public.name, KeyKind.LOG)) == "LED-072"
    assert opening_refused(home, key=SigningKey.generate("other.example", KeyKind.LOG)) == "LED-072"


def test_a_clock_that_went_back(home: Path) -> None:
    assert opening_refused(home, now=lambda: NOW - 61.0) == "LED-066"
    times = [NOW - 60.0, NOW - 60.0, NOW - 61.0]
    with opened(home, now=lambda: times.pop(0)) as log:
        log.append([b"a minute of doubt is allowed"])
        assert refused(log.append, [b"not more, and it does not add up"]) == "LED-066"


def test_a_tile_with_other_bytes_is_never_overwritten(home: Path) -> None:
    (home / "log/tile/0/000").write_bytes(b"foreign")
    with opened(home) as log:
        assert refused(log.append, NEW) == "LED-068"
    assert (home / "log/tile/0/000").read_bytes() == b"foreign"
    assert opening_refused(home) == "LED-068"


def test_making_a_log_over_something(home: Path) -> None:
    assert refused(create_log, home / "log", home / "other", LOG_KEY, clock) == "LED-060"
    assert not (home / "other").exists()
    assert refused(create_log, home / "other", home / "state", LOG_KEY, clock) == "LED-060"
    assert refused(create_log, home / "x", home / "x/state", LOG_KEY, clock) == "LED-073"
    assert refused(create_log, home / "x/y", home / "x", LOG_KEY, clock) == "LED-073"
    assert refused(create_log, home / "x", home / "x", LOG_KEY, clock) == "LED-073"


def test_a_place_where_nothing_can_be_made(home: Path) -> None:
    (home / "file").write_bytes(b"")
    assert refused(create_log, home / "file/log", home / "x", LOG_KEY, clock) == "LED-069"
    (home / "state/writer.lock").unlink()
    (home / "state/writer.lock").mkdir()
    assert opening_refused(home) == "LED-069"


def test_appending_again_finds_the_same_place(home: Path) -> None:
    with opened(home) as log:
        first = log.append([b"twice", b"twice", OLD[3]])
        assert [(one.index, one.was_new) for one in first] == [(250, True), (250, False), (3, False)]
        assert log.append([b"twice"])[0].was_new is False
        assert log.append([]) == []
        assert log.size == log.checkpoint.size == 251
        assert log.checkpoint_text == (home / "log/checkpoint").read_text()
        assert log.origin == LOG_KEY.public.name


def test_submitted_entries_wait_for_a_batch(home: Path) -> None:
    with opened(home) as log:
        leaf = log.submit(b"waiting")
        assert leaf == leaf_hash(b"waiting") == log.submit(b"waiting")
        assert log.position(leaf) is None
    with opened(home) as log:
        assert log.sequence().positions == {leaf: 250}
        assert log.sequence().positions == {}
        assert log.position(leaf) == 250


def test_the_largest_entry(home: Path) -> None:
    with opened(home) as log:
        assert log.append([bytes(65_535), b""])[1].index == 251
        with pytest.raises(EntryTooLarge):
            log.append([b"good", bytes(65_536)])
        assert log.size == 252
    assert_whole(home, [*OLD, bytes(65_535), b""])


class Refused(ArchiveError):
    code = "TST-001"
    en = "refused"


def chain_check(entry: bytes, log: Admitted, /) -> Link | None:
    """Entries `signer seq`; `stop` as an earlier entry refuses everything of `guest` after it."""
    assert log.size == log.published or log.entry(log.size - 1)
    signer, _, seq = entry.decode().partition(" ")
    if signer == "stop" or not seq.isdigit() or signer == "old":
        return None
    if signer == "guest" and b"stop" in log.entries(250, log.size):
        raise Refused
    tail = log.tail(signer)
    return Link(signer, int(seq), tail.leaf_hash if tail else None)


def test_chains_are_kept_across_batches_and_openings(home: Path) -> None:
    with opened(home, check=chain_check) as log:
        log.append([b"city 0", b"city 1", b"town 0"])
        assert refused(log.append, [b"city 3"]) == "LED-071"
        assert refused(log.append, [b"city 2", b"city 2 again", b"city 4"]) == "LED-071"
        assert log.size == 253
    with opened(home, check=chain_check) as log:
        assert log.append([b"city 2"])[0].index == 253
        tail = log.tail("city")
        assert tail is not None
        assert (tail.seq, tail.leaf_hash) == (2, leaf_hash(b"city 2"))


def test_an_entry_may_be_refused_by_one_ahead_of_it_in_the_queue(home: Path) -> None:
    with opened(home, check=chain_check) as log:
        log.append([b"guest 0"])
        log.submit(b"stop")
        assert refused(log.append, [b"guest 1"]) == "TST-001"
    with opened(home) as log:  # queued by somebody who could not know
        guest = log.submit(b"guest 1")
    with opened(home, check=chain_check) as log:
        assert refused(log.append, [b"guest 2"]) == "TST-001"
        batch = log.sequence()
        assert list(batch.refused) == [guest]
        assert list(batch.positions) == [leaf_hash(b"stop")]
    with opened(home) as log:
        late = log.submit(b"guest 1")
    with opened(home, check=chain_check) as log:
        assert log.sequence().refused.keys() == {late}
        assert log.sequence() == type(batch)()
        assert log.append([b"city 0"])[0].index == 252


def test_an_entry_queued_before_may_be_refused_by_append(home: Path) -> None:
    with opened(home) as log:
        log.submit(b"stop")
        log.submit(b"guest 0")
    with opened(home, check=chain_check) as log:
        assert refused(log.append, [b"guest 0", b"city 0"]) == "TST-001"
        assert log.append([b"city 0"])[0].was_new is False


def test_what_comes_while_another_waits_shares_its_batch(home: Path) -> None:
    with open_log(home / "log", home / "state", LOG_KEY, clock, chain_check, batch=100, gather=0.3) as log:
        answers: dict[bytes, object] = {}
        start = threading.Barrier(4)

        def append(entry: bytes) -> None:
            start.wait()
            try:
                answers[entry] = log.append([entry])[0].index
            except ArchiveError as error:
                answers[entry] = error.code

        entries = [b"city 0", b"town 0", b"port 0"]
        threads = [threading.Thread(target=append, args=(entry,)) for entry in entries]
        for thread in threads:
            thread.start()
        start.wait()
        for thread in threads:
            thread.join()
        assert sorted(answers[entry] for entry in entries) == [250, 251, 252]
        assert log.size == 253
    assert_whole(home, [*OLD, *sorted(entries, key=lambda entry: answers[entry])])


def test_a_batch_is_no_larger_than_was_asked(home: Path) -> None:
    with open_log(home / "log", home / "state", LOG_KEY, clock, batch=2) as log:
        for entry in NEW[:5]:
            log.submit(entry)
        assert [len(log.sequence().positions) for _ in range(4)] == [2, 2, 1, 0]


def test_a_refusal_reaches_the_one_who_waits_though_another_batch_had_it(home: Path) -> None:
    is_shut, is_asked = threading.Event(), threading.Event()

    def check(entry: bytes, _: Admitted, /) -> None:
        is_asked.set()
        if is_shut.is_set():
            raise Refused

    with open_log(home / "log", home / "state", LOG_KEY, clock, check, gather=0.5) as log:
        told: list[str] = []
        thread = threading.Thread(target=lambda: told.append(refused(log.append, [b"late"])))
        thread.start()
        assert is_asked.wait(60)
        is_shut.set()
        assert list(log.sequence().refused) == [leaf_hash(b"late")]  # waits for the mutex: it is queued by then
        thread.join()
        assert told == ["TST-001"]


def test_a_log_that_cannot_be_read_refuses_nobody(home: Path) -> None:
    with opened(home) as log:
        leaf = log.submit(b"guest 0")

    def reads_all(entry: bytes, log: Admitted, /) -> None:
        assert refused(log.entry, log.size) == "LED-037"
        assert list(log.entries(248, 999)) == [log.entry(index) for index in range(248, log.size)]

    with opened(home, check=reads_all) as log:
        (home / "log/tile/entries/000.p/250").rename(home / "aside")
        assert refused(log.sequence) == "LED-075"
    (home / "aside").rename(home / "log/tile/entries/000.p/250")
    with opened(home, check=reads_all) as log:
        assert log.sequence().positions == {leaf: 250}


def test_a_queue_that_forgets(home: Path) -> None:
    class Forgetful(SqliteState):
        def enqueue(self, items) -> None:
            """Promises and does nothing."""

    with open_log(home / "log", home / "state", LOG_KEY, clock, open_state=Forgetful) as log:
        assert refused(log.append, NEW) == "LED-063"
        assert refused(log.append, NEW) == "LED-067"


def test_a_lost_state_is_made_again_from_the_tiles(home: Path) -> None:
    with opened(home, check=chain_check) as log:
        log.append([b"city 0", b"city 1"])
    args = (home / "log", home / "state", [LOG_KEY.public], clock)
    assert refused(recover_state, *args, confirmed_size=252) == "LED-060"
    shutil.rmtree(home / "state")
    assert refused(recover_state, *args, confirmed_size=253) == "LED-074"
    assert not (home / "state").exists()
    assert recover_state(*args, confirmed_size=252, check=chain_check).size == 252
    with opened(home, check=chain_check) as log:
        assert log.append([OLD[3], b"city 2"])[0].index == 3
    (home / "state/state.sqlite").unlink()
    tile = home / "log/tile/0/000.p/253"
    tile.chmod(0o644)
    tile.write_bytes(bytes(253 * 32))
    assert refused(recover_state, *args, confirmed_size=253) == "LED-035"
