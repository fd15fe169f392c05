"""The line through the house: draft, submit, approve, publish, amend, withdraw; and what each step refuses."""

import json

import pytest

from app.db.catalogue import Change, Dataset, StatementRow
from app.db.engine import transaction
from app.policy import NotAllowed, OwnWork, Role
from app.services import accounts, catalogue, changes, drafts
from app.services.errors import (
    AnotherWaits,
    BadWords,
    DraftChanged,
    NameTaken,
    NoSuchThing,
    NothingToPublish,
    NotPublished,
    TitleNeeded,
    TooManyFiles,
)
from app.services.searching import Question
from app.services.words import Words
from archive.errors import ArchiveError
from archive.ledger.statement_check import read_statement
from archive.objects import layout
from archive.records.manifest import Manifest
from archive.records.metadata import ReleaseRecord
from tests.town import Town

CSV = "名称,番号\n中央小学校,001007\n".encode()


def actor(town: Town, name: str):
    with transaction(town.portal.engine) as session:
        return accounts.actor_of(session, accounts.by_email(session, f"{name}@town.example"))


def test_a_release_goes_from_draft_to_log_archive_and_index(town: Town) -> None:
    release = town.publish(actor(town, "ann"), "shelters", {"避難所 一覧.csv": CSV, "notes/readme.txt": b"hello"})

    assert (release.state, release.version, release.single_person) == ("published", 1, True)
    statement = read_statement(town.portal.log.entry(release.log_index))
    assert statement.type == "publish"
    assert statement.agency == "town.example/agency/solo"
    assert statement.body["files"] == 2
    stored = catalogue.stored(town.portal.root, release, "避難所 一覧.csv")
    assert stored.path.read_bytes() == CSV
    with transaction(town.portal.engine) as session:
        answer = town.portal.searcher.ask(session, Question("中央小学校"), cursor_key=b"k" * 32, lang="ja")
        assert [found.dataset.name for found in answer.found] == ["shelters"]
        assert answer.found[0].places[0].loc["row"] == 2
        assert session.get(StatementRow, release.log_index).dataset == "shelters"
    assert not list(town.portal.staging.uploads())


def test_the_second_version_supersedes_the_first_and_shares_its_bytes(town: Town) -> None:
    ann = actor(town, "ann")
    first = town.publish(ann, "shelters", {"a.csv": CSV, "b.csv": b"x\n1\n"})
    second = town.publish(ann, "shelters", {"a.csv": CSV + b"z,2\n", "b.csv": b"x\n1\n"})

    assert second.version == 2
    assert read_statement(town.portal.log.entry(second.log_index)).body["supersedes"] == first.log_index
    inventory = town.portal.root.inventory(layout.object_id("shelters", 1))
    contents = list(inventory.manifest.values())
    assert sum("v2/content" in place for place in contents) < len(contents)
    assert catalogue.stored(town.portal.root, first, "a.csv").path.read_bytes() == CSV


def test_two_people_are_needed_where_the_agency_asks_for_two(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    assert release.state == "submitted"
    assert town.work_off() == 0

    with transaction(town.portal.engine) as session, pytest.raises(NotAllowed):
        drafts.approve(
            session, town.portal.jobs, uploader, release.id, release.body_sha256, now=town.portal.clock.now()
        )
    with transaction(town.portal.engine) as session, pytest.raises(DraftChanged):
        drafts.approve(session, town.portal.jobs, approver, release.id, "0" * 64, now=town.portal.clock.now())
    with transaction(town.portal.engine) as session:
        drafts.approve(
            session, town.portal.jobs, approver, release.id, release.body_sha256, now=town.portal.clock.now()
        )
    town.work_off()

    done = town.release(release.id)
    assert (done.state, done.single_person) == ("published", False)
    state = town.portal.root.state(layout.object_id("water", 1), 1)
    decided = json.loads(state["meta/release.json"].path.read_bytes())
    assert [approval["role"] for approval in decided["approvals"]] == ["approver"]
    assert "approver@" not in json.dumps(decided)


def test_an_approver_who_edited_it_cannot_approve_it(town: Town) -> None:
    uploader = actor(town, "uploader")
    both = town.add_person("both", "duo", Role.UPLOADER, Role.APPROVER)
    release = town.submit(both, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    with transaction(town.portal.engine) as session, pytest.raises(OwnWork):
        drafts.approve(session, town.portal.jobs, both, release.id, release.body_sha256, now=town.portal.clock.now())


def test_taking_it_back_voids_what_was_approved_of_it(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    old = release.body_sha256
    with transaction(town.portal.engine) as session:
        drafts.take_back(session, uploader, release.id, because="列が違う", now=town.portal.clock.now())
    again = town.submit(uploader, town.release(release.id))
    assert again.version == 1
    assert again.body_sha256 != old
    with transaction(town.portal.engine) as session, pytest.raises(DraftChanged):
        drafts.approve(session, town.portal.jobs, approver, release.id, old, now=town.portal.clock.now())


def test_only_one_release_of_a_dataset_is_on_its_way(town: Town) -> None:
    uploader = actor(town, "uploader")
    town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    second = town.draft(uploader, "water", {"a.csv": CSV}, agency="duo")
    with pytest.raises(AnotherWaits):
        town.submit(uploader, second)
    assert town.release(second.id).state == "draft"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../x", "ARC-001"),
        ("/x", "ARC-001"),
        ("a\x00b", "ARC-002"),
        ("CON", "ARC-005"),
        ("あ" * 84 + ".csv", "ARC-003"),
    ],
)
def test_a_name_that_cannot_be_a_path_is_refused(town: Town, name: str, code: str) -> None:
    with pytest.raises(ArchiveError) as refused:
        town.draft(actor(town, "ann"), "shelters", {name: CSV})
    assert refused.value.code == code
    assert not list(town.portal.staging.uploads())


def test_names_that_differ_only_in_case_collide(town: Town) -> None:
    with pytest.raises(ArchiveError) as refused:
        town.draft(actor(town, "ann"), "shelters", {"A.csv": CSV, "a.csv": CSV})
    assert refused.value.code == "ARC-006"


def test_a_decomposed_name_is_composed_and_the_original_kept(town: Town) -> None:
    decomposed = "か\u3099.csv"
    release = town.publish(actor(town, "ann"), "shelters", {decomposed: CSV})
    record = ReleaseRecord.parse(release.record.encode())
    assert record.files[0].path == "が.csv"
    assert record.files[0].original_base64
    with transaction(town.portal.engine) as session:
        assert drafts.files_of(session, release.id)[0].original == decomposed


def test_refusals_have_their_own_errors(town: Town) -> None:
    ann, stranger, now = actor(town, "ann"), actor(town, "uploader"), town.portal.clock.now()
    words = Words(title={"ja": "題"})
    release = town.draft(ann, "shelters", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        with pytest.raises(NameTaken):
            drafts.create_dataset(session, ann, name="shelters", agency="solo", words=words, now=now)
        with pytest.raises(TitleNeeded):
            drafts.create_dataset(session, ann, name="other", agency="solo", words=Words(), now=now)
        with pytest.raises(NotAllowed):
            drafts.create_dataset(session, stranger, name="other", agency="solo", words=words, now=now)
        with pytest.raises(NoSuchThing):
            drafts.open_draft(session, stranger, release.id)
        with pytest.raises(NoSuchThing):
            drafts.start_release(session, ann, dataset="nothing", kind="update", note={}, now=now)
        drafts.remove_file(session, ann, release.id, "a.csv")
        with pytest.raises(NoSuchThing):
            drafts.remove_file(session, ann, release.id, "a.csv")
    with pytest.raises(NothingToPublish):
        town.submit(ann, release)
    with pytest.raises(TooManyFiles), transaction(town.portal.engine) as session:
        full = drafts.Staged("x.csv", "", 0, bytes(32), 0, bytes(32), "text/csv", None)
        drafts.add_file(session, ann, release.id, full, most=0)
    with pytest.raises(BadWords), transaction(town.portal.engine) as session:
        drafts.reword(session, ann, release.id, Words(title={"ja": "隠れ\u202eた"}))


def test_words_of_a_draft_are_not_seen_before_it_is_published(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})
    release = town.draft(ann, "shelters", {"a.csv": CSV + b"x"})
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, release.id, Words(title={"ja": "新しい題"}, themes=["disaster"]))
    with transaction(town.portal.engine) as session:
        assert session.get_one(Dataset, "shelters").title["ja"] == "避難所一覧"
    town.submit(ann, release)
    town.work_off()
    with transaction(town.portal.engine) as session:
        found = session.get_one(Dataset, "shelters")
        assert (found.title["ja"], found.themes) == ("新しい題", ["disaster"])


def test_an_amendment_changes_words_and_keeps_number_and_files(town: Town) -> None:
    ann = actor(town, "ann")
    release = town.publish(ann, "shelters", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=1,
            words=Words(title={"en": "Designated shelters"}),
            reason="英語の題を直した",
            now=town.portal.clock.now(),
        )
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert session.get_one(Dataset, "shelters").title["en"] == "Designated shelters"
        rows = catalogue.statements(session, dataset_name="shelters")
    assert [row.type for row in rows] == ["amend", "publish"]
    assert read_statement(town.portal.log.entry(rows[0].log_index)).body["of"] == release.log_index
    assert town.portal.root.head(layout.object_id("shelters", 1)) == 2


def test_a_withdrawal_keeps_the_bytes_and_the_older_release_stands_again(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"a.csv": CSV})
    second = town.publish(ann, "shelters", {"a.csv": CSV + b"x,1\n"})
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            ground="error",
            law="見本市公文書管理条例 第9条",
            reason="別の町の表だった",
            now=town.portal.clock.now(),
        )
    town.work_off()
    gone = town.release(second.id)
    assert gone.state == "withdrawn"
    assert gone.tombstone["reason"] == "別の町の表だった"
    with transaction(town.portal.engine) as session:
        dataset = session.get_one(Dataset, "shelters")
        assert (dataset.state, dataset.latest_version, dataset.releases) == ("published", 1, 2)
    assert catalogue.stored(town.portal.root, gone, "a.csv").path.read_bytes() == CSV + b"x,1\n"
    with pytest.raises(NotPublished), transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            ground="error",
            law="x",
            reason="y",
            now=town.portal.clock.now(),
        )


def test_a_withdrawn_dataset_is_found_by_title_and_not_by_content(town: Town) -> None:
    ann = actor(town, "ann")
    town.publish(ann, "secret", {"a.csv": "氏名\n山田花子\n".encode()}, title="職員名簿")
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="secret",
            version=1,
            ground="personal-data",
            law="個人情報保護法",
            reason="氏名が入っていた",
            now=town.portal.clock.now(),
        )
    town.work_off()
    with transaction(town.portal.engine) as session:
        ask = lambda text: town.portal.searcher.ask(session, Question(text), cursor_key=b"k" * 32, lang="ja").total  # noqa: E731
        assert ask("職員名簿") == 1
        assert ask("山田花子") == 0


def test_a_second_person_approves_a_withdrawal(town: Town) -> None:
    uploader, approver = actor(town, "uploader"), actor(town, "approver")
    release = town.submit(uploader, town.draft(uploader, "water", {"a.csv": CSV}, agency="duo"))
    with transaction(town.portal.engine) as session:
        drafts.approve(
            session, town.portal.jobs, approver, release.id, release.body_sha256, now=town.portal.clock.now()
        )
    town.work_off()
    with transaction(town.portal.engine) as session:
        change = changes.request_withdrawal(
            session,
            town.portal.jobs,
            approver,
            dataset="water",
            version=1,
            ground="rights",
            law="著作権法",
            reason="権利者の申し出",
            now=town.portal.clock.now(),
        )
    assert change.state == "requested"
    with pytest.raises(OwnWork), transaction(town.portal.engine) as session:
        changes.approve_change(session, town.portal.jobs, approver, change.id, now=town.portal.clock.now())
    other = town.add_person("third", "duo", Role.APPROVER)
    with transaction(town.portal.engine) as session:
        changes.approve_change(session, town.portal.jobs, other, change.id, now=town.portal.clock.now())
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert session.get_one(Change, change.id).state == "inscribed"
        assert session.get_one(Dataset, "water").state == "withdrawn"


def test_what_lies_in_the_archive_opens_what_the_log_committed_to(town: Town) -> None:
    release = town.publish(actor(town, "ann"), "shelters", {"a.csv": CSV})
    state = town.portal.root.state(layout.object_id("shelters", 1), 1)
    openings = json.loads(state["meta/openings.json"].path.read_bytes())
    tree = Manifest.from_json(openings["manifest"])
    import base64

    body = read_statement(town.portal.log.entry(release.log_index)).body
    assert base64.b64encode(tree.commitment).decode() == body["manifest"]
    assert tree.leaves[0].digest().path == "a.csv"
