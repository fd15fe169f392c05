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

from app.jobs.queue import QUEUES, SERIALIZER
from app.ports import Job

if TYPE_CHECKING:
    from dbos import DBOSConfig

Step = Callable[[str], None]
APPLICATION_VERSION = "1"
EXECUTOR = "worker-0"
"""Fixed: work that a killed worker left is picked up by the next one only under the same name."""


@contextmanager
def running(engine: sa.Engine, steps: Mapping[Job, Sequence[tuple[str, Step]]]) -> Iterator[None]:
    """Run the durable workflows while the block lasts; the caller holds the worker slot.

    Each step is retried with growing pauses (1 s doubling, about 8 minutes in all); then the job counts as failed and
    the operator sees it and can let it go on.
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
        _register(job, named_steps)
    DBOS.launch()
    for queue, at_once in QUEUES.items():
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=0.1)
    try:
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=20, destroy_registry=True)


def _register(job: Job, named_steps: Sequence[tuple[str, Step]]) -> None:
    def workflow(key: str) -> None:
        for name, step in named_steps:
            options: StepOptions = {
                "name": f"{job.value}.{name}",
                "retries_allowed": True,
                "max_attempts": 10,
                "interval_seconds": 1.0,
                "backoff_rate": 2.0,
            }
            DBOS.run_step(options, step, key)

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
