"""The contract of JobQueue, for DBOS and for the fake: on SQLite always, on PostgreSQL where there is one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db.engine import make_engine, migrate, transaction
from app.jobs import slot, worker
from app.jobs.queue import DbosQueue, retry_failed
from app.ports import Job, JobQueue, JobView
from tests.fakes.table_queue import TableQueue
from tests.postgres import database


@dataclass
class Bench:
    """A queue and a way to let its jobs run: `run(step)` works until `count` jobs are through."""

    engine: sa.Engine
    queue: JobQueue
    run: Callable[[Callable[[str], None], int], None]


def run_dbos(engine: sa.Engine) -> Callable[[Callable[[str], None], int], None]:
    def run(step: Callable[[str], None], count: int) -> None:
        through, lock, done = [], threading.Lock(), threading.Event()

        def last(key: str) -> None:
            with lock:
                through.append(key)
                if len(through) >= count:
                    done.set()

        with worker.running(engine, {Job.INDEX: [("first", step), ("last", last)]}):
            assert done.wait(60)

    return run


def run_table(queue: TableQueue) -> Callable[[Callable[[str], None], int], None]:
    def run(step: Callable[[str], None], count: int) -> None:
        left = 5
        while left:
            try:
                assert queue.work_off({Job.INDEX: [("first", step)]}) <= count
                return
            except RuntimeError:
                left -= 1

    return run


@contextmanager
def opened(url: str, kind: str) -> Iterator[Bench]:
    engine = make_engine(url)
    migrate(engine)
    if kind == "dbos":
        worker.prepare(engine)
        queue = DbosQueue(engine)
        yield Bench(engine, queue, run_dbos(engine))
        queue.close()
    else:
        table = TableQueue(engine)
        yield Bench(engine, table, run_table(table))
    engine.dispose()


@pytest.fixture(
    params=[
        "table-sqlite",
        "dbos-sqlite",
        pytest.param("table-postgresql", marks=pytest.mark.engines),
        pytest.param("dbos-postgresql", marks=pytest.mark.engines),
    ]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    kind, _, engine = request.param.partition("-")
    if engine == "sqlite":
        with opened(f"sqlite:///{tmp_path / 'jobs.sqlite'}", kind) as found:
            yield found
        return
    with database() as url, opened(url, kind) as found:
        yield found


def enqueue(bench: Bench, key: str) -> None:
    with transaction(bench.engine) as session:
        bench.queue.enqueue(session, Job.INDEX, key)


def test_a_job_exists_exactly_when_its_transaction_was_committed(bench: Bench) -> None:
    with pytest.raises(KeyError), transaction(bench.engine) as session:
        bench.queue.enqueue(session, Job.INDEX, "lost")
        raise KeyError
    assert bench.queue.recent(10) == []
    enqueue(bench, "kept")
    assert [(view.job, view.key, view.state) for view in bench.queue.recent(10)] == [("index", "kept", "waiting")]
    assert bench.queue.counts()["waiting"] == 1


def test_the_same_key_twice_is_one_job(bench: Bench) -> None:
    enqueue(bench, "one")
    enqueue(bench, "one")
    seen: list[str] = []
    bench.run(seen.append, 1)
    assert seen == ["one"]
    assert len(bench.queue.recent(10)) == 1


def test_what_fails_is_tried_again(bench: Bench) -> None:
    enqueue(bench, "stubborn")
    seen: list[str] = []

    def fails_once(key: str) -> None:
        seen.append(key)
        if len(seen) == 1:
            raise RuntimeError("not yet")

    bench.run(fails_once, 1)
    assert seen == ["stubborn", "stubborn"]


def test_many_jobs_all_run_and_the_newest_are_listed_first(bench: Bench) -> None:
    for number in range(6):
        enqueue(bench, str(number))
    seen: list[str] = []
    bench.run(seen.append, 6)
    assert sorted(seen) == ["0", "1", "2", "3", "4", "5"]
    assert [view.key for view in bench.queue.recent(2)] == ["5", "4"]


def test_no_row_of_dbos_is_a_pickle(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'jobs.sqlite'}", "dbos") as bench:
        enqueue(bench, "one")
        bench.run(lambda _key: None, 1)
        with bench.engine.connect() as connection:
            found = set(connection.exec_driver_sql("SELECT DISTINCT serialization FROM workflow_status").scalars())
    assert found == {"portable_json"}


def test_what_failed_for_good_goes_on_from_its_failed_step(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'jobs.sqlite'}", "dbos") as bench:
        enqueue(bench, "one")
        seen: list[str] = []
        is_mended, done = threading.Event(), threading.Event()

        def second(_key: str) -> None:
            seen.append("second")
            if not is_mended.is_set():
                raise RuntimeError("LED-115 and so on")
            done.set()

        steps = [("first", lambda _key: seen.append("first")), ("second", second)]
        with worker.running(bench.engine, {Job.INDEX: steps}, attempts=2):
            failed = until_failed(bench.queue)
            assert failed.problem == "index.second: LED-115 and so on"
            assert bench.queue.failed() == [failed]
            assert seen == ["first", "second", "second"]
            is_mended.set()
            assert retry_failed(bench.queue, "LED-114") == []
            assert retry_failed(bench.queue, "LED-115") == [failed.id]
            assert done.wait(60)
        assert seen == ["first", "second", "second", "second"]
        bench.queue.retry(failed.id)  # done by now: nothing begins again
        assert [view.state for view in bench.queue.recent(10)] == ["done"]
        assert bench.queue.failed() == []


def until_failed(queue: JobQueue) -> JobView:
    while True:  # pytest's own limit of time ends it
        (view,) = queue.recent(10)
        if view.state == "failed":
            return view
        time.sleep(0.1)


def test_a_second_worker_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with slot.worker_slot(tmp_path), pytest.raises(slot.WorkerRuns), slot.worker_slot(tmp_path):
        pytest.fail("two workers held one slot")
