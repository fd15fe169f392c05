"""What the archive or the record cannot hold is refused before anything is fixed, never by the job that follows."""

import pytest

from app.db.catalogue import Dataset, ReleaseFile
from app.db.engine import transaction
from app.services import agencies, changes, drafts
from app.services.drafts import Staged
from app.services.errors import BadWords, TooManyFiles
from app.services.words import Words
from archive.errors import ArchiveError
from archive.objects.commit import MAX_FILES
from archive.records.errors import BadRecord
from tests.town import SHELL, Town
from tests.unit.app.services.test_line import CSV, actor

LONGEST = "/".join(["a" * 200] * 5)


def test_a_path_with_room_for_ours_is_published_and_a_longer_one_refused(town: Town) -> None:
    ann = actor(town, "ann")
    assert town.publish(ann, "shelters", {LONGEST + "b" * 14: CSV}).state == "published"
    with pytest.raises(ArchiveError) as refused:
        town.draft(ann, "shelters", {LONGEST + "b" * 15: CSV})
    assert refused.value.code == "ARC-003"


def test_the_ten_thousandth_file_is_the_last(town: Town) -> None:
    ann = actor(town, "ann")
    release = town.draft(ann, "shelters", {"first.csv": CSV})
    with transaction(town.portal.engine) as session:
        session.add_all(
            ReleaseFile(
                release_id=release.id,
                path=f"{number}.csv",
                original=f"{number}.csv",
                media_type="text/csv",
                bytes=0,
                sha256="0" * 64,
                chunks=0,
                chunk_root="0" * 64,
            )
            for number in range(MAX_FILES - 1)
        )
    late = Staged("late.csv", "x", 0, bytes(32), 0, bytes(32), "text/csv", None)
    with transaction(town.portal.engine) as session, pytest.raises(TooManyFiles):
        drafts.add_file(session, ann, release.id, late, most=10_000)


def test_a_title_made_empty_is_told_and_nothing_is_submitted(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    empty = Words(title={"ja": " ", "en": ""})
    release = town.draft(ann, "shelters", {"a.csv": CSV})
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, release.id, empty)
    with pytest.raises(BadRecord):
        town.submit(ann, release)
    assert town.release(release.id).state == "draft"
    with transaction(town.portal.engine) as session:
        drafts.reword(session, ann, release.id, Words(title={"ja": "題"}))
    town.submit(ann, release)
    town.work_off()
    with transaction(town.portal.engine) as session, pytest.raises(BadRecord):
        changes.request_amendment(
            session, town.portal.jobs, ann, dataset="shelters", version=1, words=empty, reason="r", now=now
        )
    with transaction(town.portal.engine) as session:
        assert session.get_one(Dataset, "shelters").title == {"ja": "題"}


@pytest.mark.parametrize("title", [{"ja": "隠れ\u202eた課"}, {"fr": "Bureau"}, {"ja": "課" * 301}])
def test_an_agency_is_not_named_what_its_records_cannot_say(town: Town, title: dict[str, str]) -> None:
    with transaction(town.portal.engine) as session, pytest.raises(BadWords):
        agencies.add_agency(
            session, town.portal.jobs, SHELL, slug="third", title=title, approvals=1, now=town.portal.clock.now()
        )


def test_an_empty_file_is_published(town: Town) -> None:
    release = town.publish(actor(town, "ann"), "shelters", {"empty.csv": b""})
    assert (release.state, release.extraction.keys()) == ("published", {"empty.csv"})
