"""The index follows what is published, whatever order the changes come in and whatever one dataset does to it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.db.catalogue import SearchChange
from app.db.engine import transaction
from app.services import changes, doctoring
from app.services.indexing import MAX_TRIES, Indexer
from app.services.searching import Question, is_current
from app.workshop import open_workshop
from tests.town import Town
from tests.unit.app.services.test_line import CSV, actor


def names_found(town: Town, text: str) -> list[str]:
    with transaction(town.portal.engine) as session:
        answer = town.portal.searcher.ask(session, Question(text), cursor_key=b"k" * 32, lang="ja")
        return [found.dataset.name for found in answer.found]


def poison(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Make every look into the file `path` fail as a defect in a parser would."""
    whole = Indexer._texts_of

    def texts_of(self: Indexer, place: Any, file: Any) -> Any:
        if file.path == path:
            raise TypeError("a defect")
        return whole(self, place, file)

    monkeypatch.setattr(Indexer, "_texts_of", texts_of)


def drain(town: Town) -> int:
    """Work as the worker does, which tries a failed step again; return how often it failed."""
    failures = 0
    while True:
        try:
            town.work_off()
        except TypeError:
            failures += 1
            continue
        return failures


def test_a_dataset_that_cannot_be_read_does_not_keep_the_others_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = actor(town, "ann")
    poison(monkeypatch, "bad.csv")
    town.submit(ann, town.draft(ann, "bad-set", {"bad.csv": CSV}, title="毒の表"))
    town.submit(ann, town.draft(ann, "good-set", {"a.csv": CSV}))
    assert drain(town) == MAX_TRIES - 1

    assert names_found(town, "中央小学校") == ["good-set"]
    assert names_found(town, "毒の表") == ["bad-set"]
    with transaction(town.portal.engine) as session:
        assert is_current(session)
    portal = town.portal
    found = {
        one.part: one
        for one in doctoring.look(
            portal.folders, portal.engine, portal.root, portal.log, portal.jobs, portal.clock.now()
        )
    }
    assert not found["index"].well
    assert "bad-set" in found["index"].said
    assert "rebuild --index" in found["index"].said


def test_a_rebuilt_index_holds_every_dataset_but_the_text_of_the_broken_one(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, portal = actor(town, "ann"), town.portal
    town.publish(ann, "bad-set", {"bad.csv": CSV}, title="毒の表")
    town.publish(ann, "good-set", {"a.csv": CSV})
    look = lambda: {  # noqa: E731
        one.part: one
        for one in doctoring.look(
            portal.folders, portal.engine, portal.root, portal.log, portal.jobs, portal.clock.now()
        )
    }
    with monkeypatch.context() as patch, open_workshop(portal) as workshop:
        poison(patch, "bad.csv")
        assert workshop.indexer.rebuild() == 2
    assert names_found(town, "中央小学校") == ["good-set"]
    assert names_found(town, "毒の表") == ["bad-set"]
    assert "bad-set" in look()["index"].said
    with open_workshop(portal) as workshop:
        workshop.indexer.rebuild()
    assert sorted(names_found(town, "中央小学校")) == ["bad-set", "good-set"]
    assert look()["index"].well


def test_a_change_that_was_committed_after_a_later_one_is_indexed_too(town: Town) -> None:
    """PostgreSQL gives out numbers before the commit, so a smaller one can appear after a larger one was done."""
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        session.add(SearchChange(seq=900, dataset="nothing", version=1, op="upsert"))
    with open_workshop(town.portal) as workshop:
        workshop.indexer.index("")
    release = town.submit(ann, town.draft(ann, "late-set", {"b.csv": "東小学校\n".encode()}))
    with open_workshop(town.portal) as workshop:
        for step in (workshop.publisher.commit, workshop.publisher.inscribe, workshop.publisher.show):
            step(release.id)
        with transaction(town.portal.engine) as session:
            last = session.get_one(SearchChange, 901)
            session.delete(last)
            session.add(SearchChange(seq=899, dataset="late-set", version=1, op="upsert"))
        workshop.indexer.index("")
    assert names_found(town, "東小学校") == ["late-set"]


def test_what_was_withdrawn_is_not_found_though_the_index_does_not_know_it_yet(town: Town) -> None:
    ann, now = actor(town, "ann"), datetime.now(UTC).replace(microsecond=0)
    town.publish(ann, "staff", {"a.csv": b"x\n1\n"}, title="職員")
    town.publish(ann, "staff", {"a.csv": "氏名\n山田花子\n".encode()}, title="職員")
    assert names_found(town, "山田花子") == ["staff"]
    with transaction(town.portal.engine) as session:
        change = changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="staff",
            version=2,
            ground="personal-data",
            law="法",
            reason="氏名",
            now=now,
        )
    with open_workshop(town.portal) as workshop:
        for step in (workshop.changer.commit, workshop.changer.inscribe, workshop.changer.show):
            step(change.id)
    assert names_found(town, "山田花子") == []
    town.work_off()
    assert names_found(town, "山田花子") == []
    assert names_found(town, "職員") == ["staff"]
