"""JobQueue in one plain table of the caller's database; `work_off` runs the jobs here and now, in their order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session

from app.ports import Job, JobView

Steps = Mapping[Job, Sequence[tuple[str, Callable[[str], None]]]]


class TableQueue:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "CREATE TABLE IF NOT EXISTS fake_job "
                    "(id VARCHAR(200) PRIMARY KEY, job VARCHAR(20), key VARCHAR(100), state VARCHAR(10), at INTEGER)"
                )
            )

    def enqueue(self, session: Session, job: Job, key: str) -> None:
        session.connection().execute(
            sa.text(
                "INSERT INTO fake_job VALUES (:id, :job, :key, 'waiting', (SELECT COUNT(*) FROM fake_job)) "
                "ON CONFLICT (id) DO NOTHING"
            ),
            {"id": f"{job.value}:{key}", "job": job.value, "key": key},
        )

    def work_off(self, steps: Steps) -> int:
        """Run what waits until nothing does, and return how many jobs ran; a step that raises leaves its job waiting."""
        done = 0
        while waiting := [view for view in self._all() if view.state == "waiting"]:
            view = waiting[0]
            for _, step in steps[Job(view.job)]:
                step(view.key)
            with self._engine.begin() as connection:
                connection.execute(sa.text("UPDATE fake_job SET state = 'done' WHERE id = :id"), {"id": view.id})
            done += 1
        return done

    def recent(self, limit: int) -> list[JobView]:
        return self._all()[::-1][:limit]

    def counts(self) -> Mapping[str, int]:
        return Counter(view.state for view in self._all() if view.state != "done")

    def failed(self) -> list[JobView]:
        return []  # a step that raises leaves its job waiting

    def retry(self, job_id: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.text("UPDATE fake_job SET state = 'waiting' WHERE id = :id"), {"id": job_id})

    def close(self) -> None:
        self._engine.dispose()

    def _all(self) -> list[JobView]:
        with self._engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT id, job, key, state FROM fake_job ORDER BY at")).all()
        return [JobView(row[0], row[1], row[2], row[3], datetime.now(UTC), "") for row in rows]
