"""Jobs enqueued in the caller's transaction: DBOS's tables share our database (ARCHIVE section 2.4)."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from sqlmodel import Session

from app.ports import Job, JobQueue, JobView

QUEUES = {"line": 3, "index": 1}
"""How many jobs of each queue run at once; indexing has its own, so that it never keeps a publication waiting."""

SERIALIZER = DBOSPortableJSONSerializer
"""Never DBOS's default, which is pickle: who writes the database would run code in the worker."""

_STATES = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "failed",
}


class DbosQueue:
    """JobQueue over DBOS. Any number of processes may have one; only the worker runs what is enqueued."""

    def __init__(self, engine: sa.Engine) -> None:
        self._client = DBOSClient(
            system_database_engine=engine,
            system_database_url=engine.url.render_as_string(hide_password=False),
            dbos_system_schema=None if engine.dialect.name == "sqlite" else "dbos",
            serializer=SERIALIZER(),
        )

    def enqueue(self, session: Session, job: Job, key: str) -> None:
        self._client.enqueue_in_transaction(
            session,
            {"workflow_name": job.value, "queue_name": _line_of(job), "workflow_id": f"{job.value}:{key}"},
            key,
        )

    def recent(self, limit: int) -> list[JobView]:
        found = self._client.list_workflows(limit=limit, sort_desc=True, load_input=False, load_output=True)
        return [_view(flow) for flow in found]

    def failed(self) -> list[JobView]:
        statuses = [status for status, state in _STATES.items() if state == "failed"]
        found = self._client.list_workflows(status=statuses, load_input=False, load_output=True)
        return [_view(flow) for flow in found]

    def counts(self) -> Mapping[str, int]:
        unfinished = [status for status, state in _STATES.items() if state != "done"]
        found = self._client.list_workflows(status=unfinished, load_input=False, load_output=False)
        return Counter(_STATES.get(flow.status, flow.status.lower()) for flow in found)

    def retry(self, workflow_id: str) -> None:
        """Let a failed job go on from its failed step; any other is left as it is.

        DBOS calls an error an end and never resumes it; rewound to the step that failed, the job runs under its own id.
        """
        flows = self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        if not flows or _STATES.get(flows[0].status) != "failed":
            return
        steps = self._client.list_workflow_steps(workflow_id)
        failed = [step["function_id"] for step in steps if step["error"] is not None]
        first = min(failed, default=max((step["function_id"] for step in steps), default=0) + 1)
        self._client.rewind_workflow(workflow_id, start_step=first, queue_name=_line_of(Job(flows[0].name)))

    def close(self) -> None:
        """Let go of the client's threads."""
        self._client.destroy()


def _view(flow: WorkflowStatus) -> JobView:
    return JobView(
        id=flow.workflow_id,
        job=flow.name,
        key=flow.workflow_id.partition(":")[2],
        state=_STATES.get(flow.status, flow.status.lower()),
        created_at=datetime.fromtimestamp((flow.created_at or 0) / 1000, UTC),
        problem=str(flow.error)[:300] if flow.error else "",
    )


def _line_of(job: Job) -> str:
    return "index" if job is Job.INDEX else "line"


def retry_failed(jobs: JobQueue, naming: str = "") -> list[str]:
    """Let every failed job go on whose problem has `naming` in it; return their ids."""
    found = [view.id for view in jobs.failed() if naming in view.problem]
    for job_id in found:
        jobs.retry(job_id)
    return found
