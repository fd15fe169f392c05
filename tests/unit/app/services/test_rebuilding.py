"""Rebuild beside rows that are still there: what was on its way, what waits for a person, what an old backup says."""

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.db.catalogue import Change, Dataset, Inscription, Release, ReleaseFile, StatementRow
from app.db.engine import transaction
from app.services import changes, drafts
from app.services.inscribing import DatabaseOlder, check_database
from app.services.rebuilding import Rebuilder, Rebuilt
from app.services.words import Words
from app.workshop import open_workshop
from tests.town import Town
from tests.unit.app.services.test_line import CSV, actor


def rebuild(town: Town) -> Rebuilt:
    return Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()


def cut_before_its_row(town: Town, release: Release) -> None:
    """Bring a release into archive and log, and lose what the database learnt of it but the stored envelope."""
    with open_workshop(town.portal) as workshop:
        workshop.publisher.commit(release.id)
        workshop.publisher.inscribe(release.id)
    with transaction(town.portal.engine) as session:
        row = session.get_one(Release, release.id)
        session.delete(session.get_one(StatementRow, row.log_index))
        session.get_one(Inscription, release.id).log_index = None
        row.log_index, row.leaf_hash, row.published_at = None, "", None
        session.add(row)


def test_a_release_that_was_between_log_and_database_is_told_once(town: Town) -> None:
    ann = actor(town, "ann")
    release = town.submit(ann, town.draft(ann, "shelters", {"a.csv": CSV}))
    cut_before_its_row(town, release)
    check_database(town.portal.engine, town.portal.log)

    assert rebuild(town).problems == ()
    town.work_off()
    done = town.release(release.id)
    assert (done.state, done.version) == ("published", 1)
    assert [row.type for row in town_rows(town)].count("publish") == 1


def town_rows(town: Town) -> list[StatementRow]:
    with transaction(town.portal.engine) as session:
        return list(session.exec(select(StatementRow)))


def test_an_older_database_that_has_another_release_of_this_number_gives_way(town: Town) -> None:
    ann = actor(town, "ann")
    release = town.submit(ann, town.draft(ann, "shelters", {"a.csv": CSV}))
    cut_before_its_row(town, release)
    with transaction(town.portal.engine) as session:  # as a backup from before: the number belongs to another draft
        session.connection().execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        session.exec(sa.delete(Inscription).where(sa.column("id") == release.id))  # type: ignore[call-overload]
        session.exec(sa.update(ReleaseFile).values(release_id="other-id"))  # type: ignore[call-overload]
        session.exec(sa.update(Release).values(id="other-id", state="submitted"))  # type: ignore[call-overload]
    with pytest.raises(DatabaseOlder):
        check_database(town.portal.engine, town.portal.log)

    assert rebuild(town).problems == ()
    assert town.release(release.id).state == "published"
    other = town.release("other-id")
    assert (other.state, other.version, other.body) == ("draft", None, "")
    town.work_off()  # the job of the other, if it had one, finds nothing to do
    with transaction(town.portal.engine) as session:
        assert [file.staged != "" for file in drafts.files_of(session, "other-id")] == [True]
    again = town.submit(ann, other)
    assert again.version == 2


def test_a_change_that_waits_for_a_second_person_still_waits(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    now, jobs = town.portal.clock.now(), town.portal.jobs
    with transaction(town.portal.engine) as session:
        drafts.approve(session, jobs, approver, release.id, release.body_sha256, now=now)
    town.work_off()
    with transaction(town.portal.engine) as session:
        change = changes.request_amendment(
            session,
            jobs,
            uploader,
            dataset="water",
            version=1,
            words=Words(title={"ja": "新"}),
            reason="r",
            now=now,
        )
    rebuild(town)
    with transaction(town.portal.engine) as session:
        assert session.get_one(Change, change.id).state == "requested"
        changes.approve_change(session, jobs, approver, change.id, now=now)
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert session.get_one(Dataset, "water").title["ja"] == "新"


def test_a_damaged_release_is_a_problem_and_the_rest_is_rebuilt(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    broken = town.publish(ann, "broken", {"a.csv": CSV})
    town.publish(ann, "whole", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="broken",
            version=1,
            ground="error",
            law="l",
            reason="r",
            now=now,
        )
    town.work_off()
    place = town.portal.root.state("urn:ishibumi:broken:1", broken.ocfl_version or 0)["meta/record.json"].path
    place.unlink()
    found = rebuild(town)
    assert [problem.partition(": ")[2] for problem in found.problems] == ["publish broken v1", "withdraw broken v1"]
    with transaction(town.portal.engine) as session:
        assert session.get_one(Dataset, "whole").state == "published"
