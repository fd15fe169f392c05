"""Access classes: what a draft inherits, what the dataset says meanwhile, what cannot be taken back, what is erased."""

import hmac

import pytest

from app.db.catalogue import Change, Dataset, Release
from app.db.engine import transaction
from app.policy import Role
from app.services import access, auditing, catalogue, changes, desk, drafts
from app.services.errors import BadWords, NotADraft, TitleNeeded
from app.services.rebuilding import Rebuilder
from app.services.words import Words
from archive.objects import layout
from archive.records.metadata import ReleaseRecord
from tests.town import Town
from tests.unit.app.services.test_erasing import approve, request
from tests.unit.app.services.test_line import CSV, actor

SECRET = "氏名,電話\n青葉太郎,090-1234-5678\n".encode()


def dataset(town: Town, name: str = "roster") -> Dataset:
    with transaction(town.portal.engine) as session:
        return session.get_one(Dataset, name)


def begin(town: Town, klass: str | None = None, name: str = "roster") -> Release:
    with transaction(town.portal.engine) as session:
        return drafts.start_release(
            session,
            actor(town, "ann"),
            dataset=name,
            kind="update",
            note={},
            now=town.portal.clock.now(),
            access=klass,
        )


def test_a_draft_has_the_class_and_the_words_of_the_release_before(town: Town) -> None:
    ann = actor(town, "ann")
    first = town.publish(ann, "roster", {"a.csv": SECRET}, title="台帳", access="restricted")
    assert ReleaseRecord.parse(first.record.encode()).access == "restricted"
    assert dataset(town).title == {"und": "roster"}
    second = town.publish(ann, "roster", {"a.csv": SECRET + b"x"})
    assert second.access == "restricted"
    assert ReleaseRecord.parse(second.record.encode()).title["ja"] == "台帳"
    assert begin(town).access == "restricted"


def test_an_open_release_needs_a_title_of_its_own(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "roster", {"a.csv": SECRET}, title="台帳", access="restricted")
    draft = town.draft(ann, "roster", {"b.csv": CSV}, access="open")
    with pytest.raises(TitleNeeded):
        town.submit(ann, draft)
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, draft.id, Words(title={"ja": "公開の一覧"}))
    town.submit(ann, draft)
    town.work_off()
    assert dataset(town).title == {"ja": "公開の一覧"}


def test_the_dataset_keeps_the_words_of_its_newest_open_release(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "roster", {"a.csv": CSV}, title="一覧")
    draft = town.draft(ann, "roster", {"a.csv": SECRET}, access="restricted")
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, draft.id, Words(title={"ja": "秘密"}))
    town.submit(ann, draft)
    town.work_off()
    found = dataset(town)
    assert (found.title["ja"], found.latest_version, found.releases) == ("一覧", 2, 2)
    assert begin(town).words["title"]["ja"] == "秘密"
    with transaction(town.portal.engine) as session:
        assert catalogue.formats(session, ["roster"]) == {}


def test_a_class_that_does_not_exist_is_refused(town: Town) -> None:
    town.publish(actor(town, "ann"), "roster", {"a.csv": CSV})
    with pytest.raises(BadWords):
        begin(town, "secret")


def test_the_form_changes_the_class_of_a_draft_and_nobody_changes_it_afterwards(town: Town) -> None:
    ann = actor(town, "ann")
    draft = town.draft(ann, "roster", {"a.csv": SECRET})
    with transaction(town.portal.engine) as session:
        drafts.describe(session, ann, draft.id, kind="update", note={}, words=Words(), access="restricted")
    release = town.submit(ann, draft)
    assert '"access":"restricted"' in release.record
    with transaction(town.portal.engine) as session, pytest.raises(NotADraft):
        drafts.describe(session, ann, draft.id, kind="update", note={}, words=Words(), access="open")


def test_content_paths_are_keyed_by_the_node(town: Town) -> None:
    release = town.publish(actor(town, "ann"), "roster", {"a.csv": SECRET}, access="restricted")
    inventory = town.portal.root.inventory(layout.object_id("roster", 1))
    key = access.path_key(town.portal.node_secret, release.access)
    assert key is not None
    assert access.path_key(town.portal.node_secret, "open") is None
    for digest, place in inventory.manifest.items():
        assert digest not in place
        assert place.endswith(hmac.digest(key, bytes.fromhex(digest), "sha256").hex())
    assert [finding for step in auditing.steps(town.portal.root, town.portal.log) for finding in step.findings] == []


def test_where_two_decide_the_second_sees_what_opens(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    draft = town.draft(uploader, "water", {"a.csv": SECRET}, agency="duo", access="restricted")
    release = town.submit(uploader, draft)
    now = town.portal.clock.now()
    with transaction(town.portal.engine) as session:
        drafts.approve(session, town.portal.jobs, approver, release.id, release.body_sha256, now=now)
    town.work_off()
    with transaction(town.portal.engine) as session:
        change = changes.request_amendment(
            session,
            town.portal.jobs,
            uploader,
            dataset="water",
            version=1,
            words=Words(),
            reason="期限が過ぎた",
            now=now,
            access="open",
        )
    with transaction(town.portal.engine) as session:
        assert desk.tasks(session, ["duo"]).opening == {change.id}
        assert session.get_one(Release, release.id).access == "restricted"
        changes.approve_change(session, town.portal.jobs, approver, change.id, now=now)
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert session.get_one(Release, release.id).access == "open"
        assert session.get_one(Change, change.id).log_index is not None


def test_a_restricted_release_is_erased_like_any_other(town: Town) -> None:
    ann = actor(town, "ann")
    bea = town.add_person("bea", "solo", Role.UPLOADER, Role.APPROVER)
    town.publish(ann, "shelters", {"a.csv": SECRET, "b.csv": CSV}, title="台帳", access="restricted")
    town.publish(ann, "shelters", {"a.csv": SECRET, "b.csv": CSV + b"z,1\n"})
    approve(town, bea, request(town, ann, 1, "a.csv"))
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert access.is_restricted(catalogue.release(session, "shelters", 1))
    approve(town, bea, request(town, ann, 1))
    town.work_off()
    inventory = town.portal.root.inventory(layout.object_id("shelters", 1))
    stored = [
        town.portal.root.path_of(layout.object_id("shelters", 1)) / place for place in inventory.manifest.values()
    ]
    assert not any(SECRET in path.read_bytes() for path in stored)
    with transaction(town.portal.engine) as session:
        first = catalogue.release(session, "shelters", 1)
        assert (first.state, access.is_restricted(first)) == ("erased", False)
    assert [finding for step in auditing.steps(town.portal.root, town.portal.log) for finding in step.findings] == []
    assert Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run().problems == ()
    assert catalogue_of(town, 1) == ("erased", "restricted")
    assert catalogue_of(town, 2) == ("published", "restricted")


def catalogue_of(town: Town, version: int) -> tuple[str, str]:
    with transaction(town.portal.engine) as session:
        found = catalogue.release(session, "shelters", version)
        return found.state, found.access


def test_words_of_an_erased_release_do_not_stay_with_the_dataset(town: Town) -> None:
    ann = actor(town, "ann")
    bea = town.add_person("bea", "solo", Role.UPLOADER, Role.APPROVER)
    town.publish(ann, "shelters", {"a.csv": CSV}, title="青葉太郎の一覧")
    town.publish(ann, "shelters", {"a.csv": SECRET}, access="restricted")
    approve(town, bea, request(town, ann, 1))
    town.work_off()
    found = dataset(town, "shelters")
    assert (found.title, found.state, found.latest_version) == ({"und": "shelters"}, "published", 2)
    before = found.model_dump(exclude={"created_at"})
    Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
    assert dataset(town, "shelters").model_dump(exclude={"created_at"}) == before
