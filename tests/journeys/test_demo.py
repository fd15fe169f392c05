"""`ishibumi demo`: killed in the middle and run again, it is the whole sample city; a third run adds nothing."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli.demo import NotTheSampleCity, fill
from app.config import Settings
from app.db.engine import make_engine
from app.services import auditing, node
from app.services.folders import Folders
from app.services.sample_city import content
from app.wiring import SystemClock, open_portal
from archive.ledger.reader import LogReader

STATEMENTS_BEFORE_THE_CUT = 12


def _killed_in_the_middle(data: Path) -> None:
    """Run the command until some statements are in the log, then take the power away from all of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ISHIBUMI_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo"],
        env={**environment, "ISHIBUMI_DATA_DIR": str(data)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    checkpoint, end = data / "archive" / "log" / "checkpoint", time.monotonic() + 120
    while time.monotonic() < end:
        if checkpoint.exists() and LogReader(checkpoint.parent).checkpoint().size >= STATEMENTS_BEFORE_THE_CUT:
            break
        try:
            running.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    assert running.poll() is None, "it ended before it could be cut"
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_cut_and_run_again_it_is_complete_and_sound(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _killed_in_the_middle(data)
    settings = Settings(data_dir=data)

    found = fill(settings)

    wanted = sum(content.releases(dataset) for dataset in content.datasets())
    assert (found["datasets"], found["releases"]) == (len(content.datasets()), wanted)
    assert found["datasets"] >= 12
    assert found["releases"] >= 40
    passwords = Path(found["accounts"])
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    size = LogReader(data / "archive" / "log").checkpoint().size

    assert fill(settings) == found
    assert LogReader(data / "archive" / "log").checkpoint().size == size

    portal = open_portal(settings)
    try:
        steps = list(auditing.steps(portal.root, portal.log))
    finally:
        portal.close()
    assert [step for step in steps if step.findings] == []
    assert steps[0].files == size


def test_it_leaves_somebodys_own_node_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    engine = make_engine(settings.sqlalchemy_url)
    node.create(Folders(tmp_path), engine, "data.example.jp", SystemClock())
    engine.dispose()
    with pytest.raises(NotTheSampleCity):
        fill(settings)
    assert not Folders(tmp_path).demo_accounts.exists()
