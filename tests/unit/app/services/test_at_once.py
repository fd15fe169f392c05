"""Two processes do the same at the same moment: one wins, the other is told; nothing is half of each."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, get_ident
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from app.db.catalogue import Change, Dataset, Release, ReleaseFile
from app.db.engine import transaction
from app.services import agencies, changes, drafts, publishing
from app.services.drafts import Staged
from app.services.errors import AnotherWaits, BadWords, DraftChanged, NameTaken, NotADraft
from app.services.words import Words
from app.workshop import open_workshop
from tests.town import HOST, SHELL, Town
from tests.unit.app.services.test_line import CSV, actor

Work = Callable[[Session], Any]


@contextmanager
def another_thread_writes(engine: sa.Engine) -> Iterator[Event]:
    """Give an event that is set when another thread is about to write: it has read what it reads without a lock."""
    writes, here = Event(), get_ident()

    def watch(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if get_ident() != here and (not statement.lstrip().startswith("SELECT") or "FOR UPDATE" in statement):
            writes.set()

    sa.event.listen(engine, "before_cursor_execute", watch)
    try:
        yield writes
    finally:
        sa.event.remove(engine, "before_cursor_execute", watch)


def second_error(town: Town, first: Work, second: Work) -> BaseException | None:
    """Do `first`, let `second` begin in another thread before the first commits, and return how the second ended."""
    engine = town.portal.engine

    def other() -> None:
        with transaction(engine) as session:
            second(session)

    with another_thread_writes(engine) as writes, ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            first(session)
            session.flush()
            running = pool.submit(other)
            assert writes.wait(30)
        return running.exception(60)


def submit(town: Town, who: str, release: Release) -> Work:
    return lambda session: drafts.submit(
        session, town.portal.jobs, actor(town, who), release.id, origin=HOST, now=town.portal.clock.now()
    )


def test_one_draft_submitted_twice_is_submitted_once(town: Town) -> None:
    release = town.draft(actor(town, "ann"), "shelters", {"a.csv": CSV})
    kept: list[str] = []

    def first(session: Session) -> None:
        kept.append(submit(town, "ann", release)(session).openings)

    assert isinstance(second_error(town, first, submit(town, "ann", release)), NotADraft)
    town.work_off()
    assert town.release(release.id).openings == kept[0]


def test_two_drafts_of_one_dataset_submitted_at_once(town: Town) -> None:
    ann = actor(town, "ann")
    one, two = (town.draft(ann, "shelters", {"a.csv": CSV}) for _ in range(2))
    assert isinstance(second_error(town, submit(town, "ann", one), submit(town, "ann", two)), AnotherWaits)
    town.work_off()
    assert town.release(one.id).version == 1
    assert town.submit(ann, town.release(two.id)).version == 2


def test_a_file_added_while_it_is_submitted_is_not_smuggled_in(town: Town) -> None:
    release = town.draft(actor(town, "ann"), "shelters", {"a.csv": CSV})
    late = Staged("late.csv", "x", 1, bytes(32), 1, bytes(32), "text/csv", None)
    found = second_error(
        town,
        submit(town, "ann", release),
        lambda session: drafts.add_file(session, actor(town, "ann"), release.id, late, most=9),
    )
    assert isinstance(found, NotADraft)
    with transaction(town.portal.engine) as session:
        assert [file.path for file in drafts.files_of(session, release.id)] == ["a.csv"]


def test_approved_and_taken_back_at_once(town: Town) -> None:
    uploader, approver, now = actor(town, "uploader"), actor(town, "approver"), town.portal.clock.now()
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    jobs, digest = town.portal.jobs, release.body_sha256
    approve: Work = lambda session: drafts.approve(session, jobs, approver, release.id, digest, now=now)  # noqa: E731
    back: Work = lambda session: drafts.take_back(session, uploader, release.id, because="", now=now)  # noqa: E731

    assert isinstance(second_error(town, back, approve), DraftChanged)
    town.submit(uploader, town.release(release.id))
    digest = town.release(release.id).body_sha256
    assert isinstance(second_error(town, approve, back), NotADraft)
    town.work_off()
    assert town.release(release.id).state == "published"


def test_two_changes_of_one_release_asked_for_at_once(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})

    def amend(title: str) -> Work:
        return lambda session: changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=1,
            words=Words(title={"en": title}),
            reason="r",
            now=town.portal.clock.now(),
        )

    assert isinstance(second_error(town, amend("one"), amend("two")), BadWords)
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert len(session.exec(select(Change)).all()) == 1
        assert session.get_one(Dataset, "shelters").title["en"] == "one"


def test_a_name_taken_at_once_is_told_as_taken(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    make: Work = lambda session: drafts.create_dataset(  # noqa: E731
        session, ann, name="shelters", agency="solo", words=Words(title={"ja": "題"}), now=now
    )
    assert isinstance(second_error(town, make, make), NameTaken)
    found: Work = lambda session: agencies.add_agency(  # noqa: E731
        session, town.portal.jobs, SHELL, slug="third", title={"ja": "課"}, approvals=1, now=now
    )
    assert isinstance(second_error(town, found, found), NameTaken)


def test_a_draft_thrown_away_while_a_file_comes_in(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    release = town.draft(ann, "shelters", {"a.csv": CSV})
    late = Staged("late.csv", "x", 1, bytes(32), 1, bytes(32), "text/csv", None)
    found = second_error(
        town,
        lambda session: drafts.discard(session, ann, release.id, now=now),
        lambda session: drafts.add_file(session, ann, release.id, late, most=9),
    )
    assert getattr(found, "status", None) == 404
    with transaction(town.portal.engine) as session:
        assert session.exec(select(ReleaseFile)).all() == []


def test_words_shown_by_two_jobs_at_once_are_those_of_the_latest(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 3 is shown while the withdrawal of version 2 is: title and number must be of one release."""
    ann, now = actor(town, "ann"), town.portal.clock.now()
    for title in ("one", "two"):
        release = town.draft(ann, "shelters", {"a.csv": title.encode()})
        with transaction(town.portal.engine) as session:
            drafts.reword(session, ann, release.id, Words(title={"ja": title}))
        town.submit(ann, release)
        town.work_off()
    third = town.draft(ann, "shelters", {"a.csv": b"three"})
    town.submit(ann, third)
    with transaction(town.portal.engine) as session:
        change = changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            ground="error",
            law="l",
            reason="r",
            now=now,
        )
    with open_workshop(town.portal) as workshop:
        for step in (workshop.publisher.commit, workshop.publisher.inscribe):
            step(third.id)
        for step in (workshop.changer.commit, workshop.changer.inscribe):
            step(change.id)
        publish_row, started = publishing.publish_row, []

        def halfway(dataset: Dataset, release: Release) -> None:
            """Let the withdrawal begin when version 3 has been read and is not written yet."""
            started.append(pool.submit(workshop.changer.show, change.id))
            assert writes.wait(30)
            publish_row(dataset, release)

        monkeypatch.setattr(publishing, "publish_row", halfway)
        with another_thread_writes(town.portal.engine) as writes, ThreadPoolExecutor(1) as pool:
            workshop.publisher.show(third.id)
            started[0].result(30)
    with transaction(town.portal.engine) as session:
        dataset = session.get_one(Dataset, "shelters")
        assert (dataset.latest_version, dataset.title["ja"]) == (3, "two")
