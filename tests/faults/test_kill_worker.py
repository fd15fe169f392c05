"""kill -9 of a real worker process (DBOS, log, index) while releases are under way; the next one finishes the work."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import ocfl
import pytest

from app.db.catalogue import Release
from app.db.engine import make_engine, transaction
from app.services import auditing, catalogue
from app.services.searching import is_current
from app.wiring import open_portal
from archive.ledger.statement_check import read_statement
from tests.town import reopened
from tests.unit.app.services.test_line import actor

ROUNDS = 5
DATASETS = 3
DEADLINE = 90


def worker(data: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "ISHIBUMI_DATA_DIR": str(data), "ISHIBUMI_LOG_LEVEL": "ERROR"}
    return subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], env=environment)


@pytest.fixture
def waiting(founded: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """A node with releases approved whose jobs stand in DBOS's own tables."""
    data = tmp_path / "data"
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    ann, fake = actor(made, "ann"), made.portal
    real = open_portal(made.settings)
    made.portal = real
    keys = []
    for number in range(DATASETS):
        release = made.submit(ann, made.draft(ann, f"set-{number}", {"a.csv": b"x\n%d\n" % number, "b.txt": b"same"}))
        keys.append(release.id)
    real.close()
    fake.close()
    return data, keys


def test_killed_again_and_again_every_release_is_published_once(waiting: tuple[Path, list[str]]) -> None:
    data, keys = waiting
    dice = random.Random(20261123)
    for _ in range(ROUNDS):
        process = worker(data)
        try:
            process.wait(dice.uniform(1.2, 4.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
    process = worker(data)
    engine = make_engine(f"sqlite:///{data / 'ishibumi.sqlite'}")
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with transaction(engine) as session:
            if all(session.get_one(Release, key).state == "published" for key in keys) and is_current(session):
                break
        time.sleep(0.1)
    engine.dispose()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)  # it may not have been up yet

    town = reopened(data)
    with transaction(town.portal.engine) as session:
        assert [session.get_one(Release, key).state for key in keys] == ["published"] * DATASETS
        assert catalogue.numbers(session).releases == DATASETS
    said = [read_statement(entry) for entry in town.portal.log.entries(0, town.portal.log.checkpoint().size)]
    assert sorted(s.body["dataset"] for s in said if s.type == "publish") == [f"set-{n}" for n in range(DATASETS)]
    assert [finding for step in auditing.steps(town.portal.root, town.portal.log) for finding in step.findings] == []
    for object_id in town.portal.root.objects():
        assert ocfl.Object(identifier=object_id).validate(objdir=str(town.portal.root.path_of(object_id)))[0]
    town.portal.close()
