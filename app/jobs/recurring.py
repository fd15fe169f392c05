"""Work that comes round again: looking at peers, asking witnesses, stamping the time. One thread of the worker runs it.

Nothing here may be lost by being late or by a crash: each task looks at what there is to do and does it, so that the
next round finishes what this one left. What must follow a commit is a job (app.jobs.queue), never this.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from archive.errors import IshibumiError

_FIRST_PAUSE = 5.0
_MAX_PROBLEM = 300
_LOG = structlog.get_logger()


@dataclass(frozen=True)
class Recurring:
    """A task that is run every `seconds`, by name; it raises what went wrong, and is run again all the same."""

    name: str
    seconds: float
    run: Callable[[], None]


@dataclass(frozen=True)
class LastRun:
    """How a task's last round went: when it ended (UTC, ISO 8601), and what went wrong ('' when nothing did)."""

    ended_at: str
    problem: str


@contextmanager
def running(tasks: Sequence[Recurring], state: Path, pause: float = _FIRST_PAUSE) -> Iterator[None]:
    """Run `tasks` in turn while the block lasts, after `pause` seconds for the first time; `state` has how it went."""
    stop = threading.Event()
    thread = threading.Thread(target=_rounds, args=(tasks, state, pause, stop), name="recurring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)


def last_runs(state: Path) -> dict[str, LastRun]:
    """Return how each task's last round went; empty before the first, or when the file cannot be read."""
    try:
        return {str(name): LastRun(**run) for name, run in json.loads(state.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _rounds(tasks: Sequence[Recurring], state: Path, pause: float, stop: threading.Event) -> None:
    begun = time.monotonic()
    due = {task.name: begun + pause for task in tasks}
    done = last_runs(state)
    while due and not stop.wait(max(0.0, min(due.values()) - time.monotonic())):
        for task in tasks:
            if due[task.name] <= time.monotonic() and not stop.is_set():
                done[task.name] = _once(task)
                due[task.name] = time.monotonic() + task.seconds
                _keep(done, state)


def _once(task: Recurring) -> LastRun:
    problem = ""
    try:
        task.run()
    except IshibumiError as error:
        problem = f"{error.code}: {error.sentence('en')}"
    except Exception as error:  # noqa: BLE001 - one task's fault must not end the others
        problem = f"{type(error).__name__}: {error}"
    if problem:
        _LOG.warning("recurring task failed", task=task.name, problem=problem[:_MAX_PROBLEM])
    return LastRun(datetime.now(UTC).isoformat(timespec="seconds"), problem[:_MAX_PROBLEM])


def _keep(done: dict[str, LastRun], state: Path) -> None:
    part = state.with_suffix(".part")
    try:
        part.write_text(json.dumps({name: asdict(run) for name, run in done.items()}))
        part.replace(state)
    except OSError as trouble:
        _LOG.warning("cannot keep how the recurring tasks went", problem=str(trouble))
