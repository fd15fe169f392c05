"""What services need from outside. Adapters: app.jobs (DBOS); fakes: tests/fakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session


class Job(StrEnum):
    """Every kind of durable work; each is a list of idempotent steps (app.services.steps)."""

    PUBLISH = "publish"
    CHANGE = "change"
    ADD_KEY = "add-key"
    ERASE = "erase"
    INDEX = "index"
    PEER = "peer"
    KEY = "key"


@dataclass(frozen=True)
class JobView:
    """How a job stands, for the operator."""

    id: str
    job: str
    key: str
    state: str
    created_at: datetime
    problem: str


class JobQueue(Protocol):
    """Durable work that follows a commit.

    A job exists exactly when the transaction it was enqueued in was committed. It runs at least once, in another
    process or thread, step by step; a step that fails is tried again with growing pauses; `kill -9` at any moment
    leads to a rerun of the step that was under way. A (job, key) pair is one job however often it is enqueued.
    """

    def enqueue(self, session: Session, job: Job, key: str) -> None:
        """Add the job in the caller's transaction."""

    def recent(self, limit: int) -> list[JobView]:
        """Return the newest jobs first."""

    def counts(self) -> Mapping[str, int]:
        """Return how many jobs are `waiting`, `running` or `failed`."""

    def failed(self) -> list[JobView]:
        """Return the jobs that failed as often as they are tried, the oldest first."""

    def retry(self, job_id: str) -> None:
        """Let a failed job go on from its failed step."""

    def close(self) -> None:
        """Let go of threads and connections."""


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
