"""The worker's rounds: one task's fault hides no other, and the operator can see how each went."""

import threading
from pathlib import Path

from app.jobs.recurring import Recurring, last_runs, running
from archive.ledger.transport import Unreachable


def test_every_task_runs_again_and_its_problem_is_kept(tmp_path: Path) -> None:
    twice, runs = threading.Event(), []

    def good() -> None:
        runs.append("good")
        if runs.count("good") == 2 and "named" in runs and "bare" in runs:
            twice.set()

    def named() -> None:
        runs.append("named")
        raise Unreachable({"host": "peer.example", "why": "refused"})

    def bare() -> None:
        runs.append("bare")
        raise RuntimeError("boom")

    tasks = [Recurring("named", 60, named), Recurring("bare", 60, bare), Recurring("good", 0.01, good)]
    with running(tasks, tmp_path / "state.json", pause=0.0):
        assert twice.wait(10)
    found = last_runs(tmp_path / "state.json")
    assert found["good"].problem == ""
    assert found["named"].problem.startswith("LED-100: peer.example")
    assert found["bare"].problem == "RuntimeError: boom"
    assert (runs.count("named"), runs.count("bare")) == (1, 1)


def test_no_state_or_a_broken_one_is_no_run(tmp_path: Path) -> None:
    assert last_runs(tmp_path / "none") == {}
    (tmp_path / "broken").write_text("{]")
    assert last_runs(tmp_path / "broken") == {}
