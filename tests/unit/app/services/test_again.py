"""Each step of the line done again after its effect happened and its answer was lost."""

import pytest
import sqlalchemy as sa

from app.db.catalogue import Inscription, Release
from app.db.engine import transaction
from app.services import auditing, drafts
from app.workshop import open_workshop
from archive.ledger.state import SqliteState
from archive.ledger.statement_check import read_statement
from tests.fakes.disks import Died
from tests.town import Town
from tests.unit.app.services.test_line import CSV, actor


def said(town: Town, kind: str) -> list[tuple[str, int]]:
    log = town.portal.log
    found = [read_statement(entry) for entry in log.entries(0, log.checkpoint().size)]
    return [(one.body["dataset"], one.body["version"]) for one in found if one.type == kind]


def test_a_release_approved_by_a_second_person_is_committed_again_to_the_same(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    with transaction(town.portal.engine) as session:
        drafts.approve(
            session, town.portal.jobs, approver, release.id, release.body_sha256, now=town.portal.clock.now()
        )
    with open_workshop(town.portal) as workshop:
        workshop.publisher.commit(release.id)
        with transaction(town.portal.engine) as session:
            row = session.get_one(Release, release.id)
            row.volume = row.ocfl_version = None
            session.add(row)
        workshop.publisher.commit(release.id)
    town.work_off()
    assert town.release(release.id).state == "published"
    assert [finding for step in auditing.steps(town.portal.root, town.portal.log) for finding in step.findings] == []


@pytest.mark.parametrize("another_first", [True, False])
def test_a_statement_left_in_the_logs_queue_is_inscribed_once(
    town: Town, monkeypatch: pytest.MonkeyPatch, another_first: bool
) -> None:
    ann = actor(town, "ann")
    first = town.submit(ann, town.draft(ann, "first-set", {"a.csv": CSV}))
    second = town.submit(ann, town.draft(ann, "second-set", {"a.csv": CSV}))

    def die(*_: object) -> None:
        raise Died

    with open_workshop(town.portal) as workshop:
        workshop.publisher.commit(first.id)
        with monkeypatch.context() as patch, pytest.raises(Died):
            patch.setattr(SqliteState, "commit", die)
            workshop.publisher.inscribe(first.id)
    with transaction(town.portal.engine) as session:
        envelope = session.get_one(Inscription, first.id).envelope
    later = town.portal.clock.now().replace(year=town.portal.clock.now().year + 1)
    with open_workshop(town.portal) as workshop:
        monkeypatch.setattr(type(town.portal.clock), "now", lambda _: later)
        for release in (second, first) if another_first else (first, second):
            workshop.publisher.commit(release.id)
            workshop.publisher.inscribe(release.id)
    town.work_off()

    assert sorted(said(town, "publish")) == [("first-set", 1), ("second-set", 1)]
    assert town.portal.log.entry(town.release(first.id).log_index or 0) == envelope
    with town.portal.engine.connect() as connection:
        waiting = connection.execute(sa.text("SELECT COUNT(*) FROM fake_job WHERE state != 'done'")).scalar_one()
    assert waiting == 0
