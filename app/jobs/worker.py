"""The worker: the one process of a node that runs workflows, writes the log and the index.

DBOS keeps one instance a process, so a process runs one node's worker; web processes of many nodes need none.
The caller holds the data folder's slot (app.jobs.slot).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from dbos import DBOS
from dbos._core import StepOptions
from dbos._error import DBOSMaxStepRetriesExceeded

from app.jobs.queue import QUEUES, SERIALIZER
from app.ports import Job

if TYPE_CHECKING:
    from dbos import DBOSConfig

Step = Callable[[str], None]


class StepFailed(Exception):
    """A job's step failed as often as it is tried: names the step, and what went wrong the last time."""


APPLICATION_VERSION = "1"
ATTEMPTS = 10
EXECUTOR = "worker-0"
"""Fixed: work that a killed worker left is picked up by the next one only under the same name."""


@contextmanager
def running(
    engine: sa.Engine, steps: Mapping[Job, Sequence[tuple[str, Step]]], attempts: int = ATTEMPTS
) -> Iterator[None]:
    """Run the durable workflows while the block lasts; the caller holds the worker slot.

    Each step is tried `attempts` times with growing pauses (1 s doubling, about 8 minutes in all); then the job counts
    as failed, and `JobQueue.retry` lets it go on.
    """
    config: DBOSConfig = {
        "name": "ishibumi",
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "system_database_engine": engine,
        "serializer": SERIALIZER(),
        "application_version": APPLICATION_VERSION,
        "executor_id": EXECUTOR,
        "log_level": "ERROR",
        "scheduler_polling_interval_sec": 3600.0,
    }
    DBOS(config=config)
    for job, named_steps in steps.items():
        _register(job, named_steps, attempts)
    DBOS.launch()
    for queue, at_once in QUEUES.items():
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=0.1)
    try:
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=20, destroy_registry=True)


def _register(job: Job, named_steps: Sequence[tuple[str, Step]], attempts: int) -> None:
    def workflow(key: str) -> None:
        for name, step in named_steps:
            options: StepOptions = {
                "name": f"{job.value}.{name}",
                "retries_allowed": True,
                "max_attempts": attempts,
                "interval_seconds": 1.0,
                "backoff_rate": 2.0,
            }
            try:
                DBOS.run_step(options, step, key)
            except DBOSMaxStepRetriesExceeded as exceeded:  # it says how often, not why: the operator needs the reason
                raise StepFailed(f"{job.value}.{name}: {exceeded.errors[-1]}") from exceeded

    DBOS.workflow(name=job.value)(workflow)


def prepare(engine: sa.Engine) -> None:
    """Make or migrate DBOS's own tables, so that jobs can be enqueued before a worker ever ran."""
    inspector = sa.inspect(engine)
    if engine.dialect.name == "sqlite":
        if inspector.has_table("workflow_status"):
            return
    elif inspector.has_table("workflow_status", schema="dbos"):
        return
    DBOS.migrate(engine.url.render_as_string(hide_password=False))
