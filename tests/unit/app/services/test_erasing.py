"""A lawful erasure, end to end: two people, nothing left anywhere, everything else still provable."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.db.catalogue import Change, Release, ReleaseFile
from app.db.engine import transaction
from app.factory import create_app
from app.policy import Actor, NotAllowed, OwnWork, Role
from app.services import auditing, changes
from app.services.erasing import ReleaseUnderWay, replay
from app.services.rebuilding import Rebuilder
from archive.ledger.policy import Policy
from archive.ledger.statement_check import read_statement
from archive.objects.root import StorageRoot
from archive.store.disk import LocalDisk
from archive.verify.result import Verdict
from archive.verify.steps import check
from tests.town import Town, reopened
from tests.unit.app.services.test_line import actor
from tests.unit.archive.verify.material import digests

NAME = "山田太郎"
SECRET = f"氏名,電話\r\n{NAME},090-1234-5678\r\n".encode()
OTHER = "名称,定員\r\n青葉小学校,400\r\n".encode()
REQUEST = {
    "ground": "personal-data",
    "law": "個人情報の保護に関する法律 第99条",
    "reason": "住民の氏名が誤って含まれていたため",
    "order": "令和8年(ヲ)第77号",
}


def people(town: Town) -> tuple[Actor, Actor]:
    return actor(town, "ann"), town.add_person("bea", "solo", Role.UPLOADER, Role.APPROVER)


def request(town: Town, by: Actor, version: int, *paths: str) -> str:
    with transaction(town.portal.engine) as session:
        change = changes.request_erasure(
            session,
            town.portal.jobs,
            by,
            dataset="shelters",
            version=version,
            paths=paths,
            now=town.portal.clock.now(),
            **REQUEST,
        )
        return change.id


def approve(town: Town, by: Actor, change_id: str) -> None:
    with transaction(town.portal.engine) as session:
        changes.approve_change(session, town.portal.jobs, by, change_id, now=town.portal.clock.now())


def erase(town: Town, version: int, *paths: str) -> None:
    approve(town, actor(town, "bea"), request(town, actor(town, "ann"), version, *paths))
    town.work_off()


def get(town: Town, path: str) -> Any:
    answer = create_app(town.settings, town.portal).test_client().get(path)
    answer.get_data()
    answer.close()
    return answer


def holds(folder: Path, *secrets: bytes) -> list[str]:
    """Return which files below `folder` hold one of `secrets`."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if any(secret in path.read_bytes() for secret in secrets)]


@pytest.fixture
def erased(town: Town) -> Town:
    ann, _ = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET, "a.csv": OTHER}, title=f"一覧 {NAME}さん")
    town.publish(ann, "shelters", {"copy.csv": SECRET, "b.csv": b"x,y\n1,2\n"}, title=f"一覧 {NAME}さん")
    erase(town, 1, "people.csv")
    return town


def test_one_file_goes_from_every_release_of_the_dataset_and_from_every_corner(erased: Town) -> None:
    erased.portal.close()
    assert holds(erased.data, b"090-1234-5678", "090-1234-5678".encode("utf-16-le"), SECRET[:20]) == []
    town = reopened(erased.data)
    assert [step.findings for step in auditing.steps(town.portal.root, town.portal.log) if step.findings] == []
    with transaction(town.portal.engine) as session:
        assert sorted(file.path for file in session.exec(select(ReleaseFile))) == ["a.csv", "b.csv"]
    assert get(town, "/datasets/shelters/v1/files/people.csv").status_code == 410
    assert get(town, "/datasets/shelters/v2/files/copy.csv").status_code == 410
    assert get(town, "/datasets/shelters/v1/files/a.csv").data == OTHER
    assert get(town, "/datasets/shelters/v1").status_code == 200
    assert get(town, "/search?q=090").status_code == 200
    assert get(town, f"/api/v1/by-hash/{digests(SECRET).sha256.hex()}").json["items"] == []
    town.portal.close()


def test_what_stays_still_proves_and_the_bundle_says_what_was_erased(erased: Town) -> None:
    policy = Policy.parse(f"log {erased.portal.log_key.vkey}\nquorum none\n".encode())
    bundle = get(erased, "/datasets/shelters/v1/evidence/a.csv").data
    result = check(digests(OTHER), bundle, policy)
    assert (result.verdict, result.error) == (Verdict.MATCHES, None)
    assert result.facts is not None
    assert result.facts.erased_at is not None
    assert result.facts.erased_at.law == REQUEST["law"]
    assert REQUEST["order"] not in bundle.decode()
    index = json.loads(get(erased, "/datasets/shelters/v1/evidence/a.csv").data)["manifest"]["index"]
    gone = get(erased, f"/datasets/shelters/v1/evidence?erased={1 - index}")
    result = check(None, gone.data, policy)
    assert (result.verdict, result.exit_code) == (Verdict.ERASED, 0)


def test_a_whole_release_goes_with_its_words(town: Town) -> None:
    ann, _ = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET}, title=f"一覧 {NAME}さん")
    with transaction(town.portal.engine) as session:
        from app.services.words import Words

        changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=1,
            words=Words(title={"ja": f"訂正 {NAME}"}),
            reason="typo",
            now=town.portal.clock.now(),
        )
    town.work_off()
    town.publish(ann, "shelters", {"a.csv": OTHER})
    with transaction(town.portal.engine) as session:
        changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            words=Words(title={"ja": "避難所"}),
            reason="typo",
            now=town.portal.clock.now(),
        )
    town.work_off()
    erase(town, 1)
    page = get(town, "/datasets/shelters/v1")
    assert page.status_code == 410
    assert REQUEST["law"] in page.get_data(as_text=True)
    assert NAME not in page.get_data(as_text=True)
    assert get(town, "/api/v1/datasets/shelters/releases/1").json["state"] == "erased"
    assert get(town, "/datasets/shelters").status_code == 200
    answers = {path: get(town, path).get_data(as_text=True).split(",") for path in public_paths()}
    assert Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run().problems == ()
    for path in public_paths():
        assert get(town, path).get_data(as_text=True).split(",") == answers[path], path
    town.portal.close()
    assert holds(town.data, b"090-1234-5678") == []


def public_paths() -> list[str]:
    return ["/api/v1/datasets", "/api/v1/datasets/shelters/releases", "/datasets/shelters/v1", "/datasets/shelters/v2"]


def test_nobody_erases_alone_whatever_the_agency_s_setting(town: Town) -> None:
    ann, bob = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET})
    wanted = request(town, bob, 1)
    town.work_off()
    with transaction(town.portal.engine) as session:
        assert session.get_one(Change, wanted).state == "requested"
    with pytest.raises(OwnWork):
        approve(town, bob, wanted)
    with pytest.raises(NotAllowed):
        approve(town, town.add_person("eve", "duo", Role.APPROVER), wanted)
    assert get(town, "/datasets/shelters/v1/files/people.csv").data == SECRET
    approve(town, town.add_person("cho", "solo", Role.APPROVER), wanted)
    town.work_off()
    assert get(town, "/datasets/shelters/v1/files/people.csv").status_code == 410


def test_a_restored_archive_is_erased_again_before_anything_is_served(town: Town, tmp_path: Path) -> None:
    ann, _ = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET, "a.csv": OTHER})
    shutil.copytree(town.data / "archive" / "objects", tmp_path / "backup")
    erase(town, 1, "people.csv")
    town.portal.close()
    shutil.rmtree(town.data / "archive" / "objects")
    shutil.copytree(tmp_path / "backup", town.data / "archive" / "objects")
    assert holds(town.data / "archive", b"090-1234-5678")
    town = reopened(town.data)
    assert holds(town.data / "archive", b"090-1234-5678") == []
    assert get(town, "/datasets/shelters/v1/files/a.csv").data == OTHER
    town.portal.close()


def test_what_waits_for_approval_loses_the_file_too_and_can_be_submitted_again(town: Town) -> None:
    ann, _ = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET, "a.csv": OTHER})
    waiting = town.submit(ann, town.draft(ann, "shelters", {"copy.csv": SECRET, "b.csv": b"x,y\n1,2\n"}))
    with transaction(town.portal.engine) as session:  # as in an agency of two people, before the second one looked
        row = session.get_one(Release, waiting.id)
        row.state = "submitted"
        session.add(row)
        session.connection().exec_driver_sql("DELETE FROM fake_job WHERE state = 'waiting'")
    erase(town, 1, "people.csv")
    with transaction(town.portal.engine) as session:
        held = [file.path for file in session.exec(select(ReleaseFile).where(ReleaseFile.release_id == waiting.id))]
    assert (town.release(waiting.id).state, sorted(held)) == ("draft", ["b.csv"])
    town.submit(ann, town.release(waiting.id))
    town.work_off()
    assert (town.release(waiting.id).state, town.release(waiting.id).version) == ("published", 2)


def test_an_erasure_waits_for_a_release_that_is_being_published(town: Town) -> None:
    ann, bea = people(town)
    town.publish(ann, "shelters", {"people.csv": SECRET, "a.csv": OTHER})
    change = request(town, ann, 1, "people.csv")
    approve(town, bea, change)
    second = town.submit(ann, town.draft(ann, "shelters", {"copy.csv": SECRET, "b.csv": b"x,y\n1,2\n"}))
    with pytest.raises(ReleaseUnderWay):
        town.work_off()
    with transaction(town.portal.engine) as session:  # the publication's turn
        session.connection().exec_driver_sql("UPDATE fake_job SET at = at + 100 WHERE job = 'erase'")
    town.work_off()
    assert town.release(second.id).state == "published"
    assert get(town, "/datasets/shelters/v2/files/copy.csv").status_code == 410
    assert holds(town.data / "archive" / "objects", SECRET[:20]) == []


def test_many_processes_that_start_at_once_erase_again(town: Town, tmp_path: Path) -> None:
    ann, _ = people(town)
    for number in range(4):
        town.publish(ann, "shelters", {"people.csv": SECRET, "a.csv": OTHER + b"%d" % number})
    shutil.copytree(town.data / "archive" / "objects", tmp_path / "backup")
    erase(town, 1, "people.csv")
    folders, log = town.portal.folders, town.portal.log
    indices = [index for index, entry in enumerate(log.entries(0, 99)) if read_statement(entry).type == "erase"]
    assert len(indices) == 4
    shutil.rmtree(folders.objects)
    shutil.copytree(tmp_path / "backup", folders.objects)

    def start(_number: int) -> list[str]:
        return replay(town.portal.engine, StorageRoot.open(folders.objects, folders.staging, LocalDisk()), log)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, range(4)))
    assert holds(folders.objects, SECRET[:20]) == []
