"""The line, the saga's faults and the worker on a real PostgreSQL."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from app.db.catalogue import Dataset, Release
from app.db.engine import make_engine, migrate, transaction
from app.factory import create_app
from app.policy import Role
from app.services import changes, drafts
from app.services.errors import AnotherWaits
from app.services.rebuilding import Rebuilder
from app.services.searching import is_current
from app.services.words import Words
from app.wiring import Disks, open_portal
from tests.fakes.disks import Died
from tests.faults.test_publish_saga import FILES, DyingDatabase, assert_whole
from tests.journeys.test_attacks import guess_at_once
from tests.postgres import database
from tests.town import Town, reopened
from tests.unit.app.services.test_line import CSV, actor

pytestmark = pytest.mark.engines


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with database() as url:
        made = Town(tmp_path / "data", database_url=url)
        made.add_agency("solo", 1)
        made.add_person("ann", "solo", Role.UPLOADER, Role.ADMIN)
        yield made
        made.portal.close()


def test_up_down_up() -> None:
    with database() as url:
        engine = make_engine(url)
        migrate(engine)
        migrate(engine, "base")
        assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
        migrate(engine)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
        engine.dispose()


def test_publish_amend_withdraw_rebuild(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    town.publish(ann, "shelters", {"避難所.csv": CSV})
    town.publish(ann, "shelters", {"避難所.csv": CSV + b"x,1\n"})
    with transaction(town.portal.engine) as session:
        changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            words=Words(title={"en": "New"}),
            reason="r",
            now=now,
        )
    town.work_off()
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=1,
            ground="error",
            law="条例",
            reason="誤り",
            now=now,
        )
    town.work_off()
    found = Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
    assert (found.problems, found.releases) == ((), 2)
    with transaction(town.portal.engine) as session:
        dataset = session.get_one(Dataset, "shelters")
        assert (dataset.title["en"], dataset.latest_version, dataset.updated_at.tzinfo is not None) == ("New", 2, True)


def test_two_drafts_submitted_at_once_get_one_number_each_or_a_clear_no(town: Town) -> None:
    ann = actor(town, "ann")
    first, second = (town.draft(ann, "shelters", {"a.csv": CSV}) for _ in range(2))
    town.submit(ann, first)
    with pytest.raises(AnotherWaits), transaction(town.portal.engine) as session:
        drafts.submit(session, town.portal.jobs, ann, second.id, origin="x", now=town.portal.clock.now())


# What dies leaves its connection open, as a killed process does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_saga_dies_at_each_commit_of_the_database(town: Town, tmp_path: Path) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"shelters.csv": b"first\n"})
    town.submit(ann, town.draft(ann, "shelters", FILES))
    town.portal.close()
    base, url = town.data, town.database_url
    commits = _cut(base, url, tmp_path / "count", -1, "before")
    assert commits > 5
    for moment in ("before", "after"):
        for at in range(commits):
            _cut(base, url, tmp_path / f"{moment}{at}", at, moment)
    town.open()


def _cut(base: Path, url: str, data: Path, at: int, moment: str) -> int:
    shutil.copytree(base, data, symlinks=True)
    with database(url) as copy:
        made = reopened(data, Disks(), copy)
        with DyingDatabase(made.portal.engine, at, moment) as dying:
            if at < 0:
                made.work_off()
            else:
                with pytest.raises(Died):
                    made.work_off()
        made.restart()
        made.work_off()
        assert_whole(made)
        made.portal.close()
    shutil.rmtree(data)
    return dying.commits


def test_a_killed_worker_is_taken_over(town: Town) -> None:
    ann, fake = actor(town, "ann"), town.portal
    town.portal = open_portal(town.settings)
    keys = [town.submit(ann, town.draft(ann, f"set-{n}", {"a.csv": CSV})).id for n in range(3)]
    town.portal.close()
    environment = {
        **os.environ,
        "ISHIBUMI_DATA_DIR": str(town.data),
        "ISHIBUMI_DATABASE_URL": town.database_url,
        "ISHIBUMI_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "app.cli", "worker"]
    for patience in (1.5, 2.5, 3.5):
        process = subprocess.Popen(command, env=environment)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
    process = subprocess.Popen(command, env=environment)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with transaction(fake.engine) as session:
            if all(session.get_one(Release, key).state == "published" for key in keys) and is_current(session):
                break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)  # it may not have been up yet
    with transaction(fake.engine) as session:
        assert [session.get_one(Release, key).state for key in keys] == ["published"] * 3
    town.portal = fake


def test_many_tries_to_sign_in_at_once_are_not_free_of_the_wait(town: Town) -> None:
    guess_at_once(town)


def test_a_text_with_nul_names_nothing(town: Town) -> None:
    client = create_app(town.settings, town.portal).test_client()
    for place in ("/datasets/a%00b", "/api/v1/datasets/a%00b", "/api/v1/datasets/a/releases/1%00"):
        assert client.get(place).status_code == 404
    for place in ("/api/v1/datasets?agency=%00", "/api/v1/datasets?cursor=%00", "/api/v1/statements?dataset=%00"):
        assert client.get(place).status_code == 422
    assert client.get("/search?agency=%00").status_code == 200
