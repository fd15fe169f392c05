"""Delete the database and the index, rebuild from the archive alone: every public answer is the same."""

import shutil
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.db.engine import transaction
from app.factory import create_app
from app.services import changes
from app.services.inscribing import DatabaseOlder
from app.services.rebuilding import Rebuilder
from app.services.words import Words
from app.workshop import open_workshop
from tests.town import Town
from tests.unit.app.services.test_line import CSV, actor

PATHS = [
    "/api/v1/datasets?limit=100",
    "/api/v1/datasets/shelters",
    "/api/v1/datasets/shelters/releases",
    "/api/v1/datasets/shelters/releases/1",
    "/api/v1/datasets/shelters/releases/2",
    "/api/v1/datasets/gone/releases/1",
    "/api/v1/statements?limit=100",
    "/api/v1/search?q=%E4%B8%AD%E5%A4%AE",
    "/api/v1/search?q=shelters&format=CSV",
    "/api/v1/search?q=%E8%81%B7%E5%93%A1%E5%90%8D%E7%B0%BF",
    "/datasets/shelters/v2/files/a.csv",
    "/datasets/shelters/v2/evidence/a.csv",
    "/log/checkpoint",
    "/log/tile/entries/000.p/8",
]
PAGES = [
    "/",
    "/datasets/shelters",
    "/datasets/shelters/v1",
    "/datasets/gone/v1",
    "/agencies/solo",
    "/log",
    "/search?q=中央",
]


def answers(client: FlaskClient) -> dict[str, Any]:
    found = {}
    for path in PATHS:
        reply = client.get(path)
        content: Any = reply.get_json() if reply.is_json else reply.get_data()
        if isinstance(content, dict):
            content.pop("index", None)  # the generation's name has a date
        found[path] = (reply.status_code, content)
        reply.close()
    for path in PAGES:
        reply = client.get(path, headers={"Accept-Language": "en"})
        found[path] = (
            reply.status_code,
            [line for line in reply.get_data(as_text=True).splitlines() if "csrf" not in line],
        )
    return found


def furnish(town: Town) -> None:
    ann, now = actor(town, "ann"), town.portal.clock.now()
    town.publish(ann, "shelters", {"a.csv": CSV, "か\u3099.txt": b"hello"})
    town.publish(ann, "shelters", {"a.csv": CSV + "西小学校,2\n".encode()})
    town.publish(ann, "gone", {"names.csv": b"x\n"}, title="職員名簿")
    with transaction(town.portal.engine) as session:
        changes.request_amendment(
            session,
            town.portal.jobs,
            ann,
            dataset="shelters",
            version=2,
            words=Words(title={"en": "Designated shelters"}, themes=["disaster"]),
            reason="題",
            now=now,
        )
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="gone",
            version=1,
            ground="personal-data",
            law="法 第1条",
            reason="氏名",
            now=now,
        )
    town.work_off()


def client_of(town: Town) -> FlaskClient:
    client = create_app(town.settings, town.portal).test_client()
    client.get("/about")  # the visitor's cookie comes with the first page
    return client


def test_everything_public_comes_back_from_the_archive_alone(town: Town) -> None:
    furnish(town)
    before = answers(client_of(town))
    assert before["/api/v1/datasets/gone/releases/1"][0] == 410

    town.portal.close()
    for path in town.data.glob("ishibumi.sqlite*"):
        path.unlink()
    shutil.rmtree(town.data / "index")
    shutil.rmtree(town.data / "cache")
    town.open(rebuilding=True)
    with open_workshop(town.portal) as workshop:
        found = Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
        workshop.indexer.rebuild()

    assert found.problems == ()
    assert (found.agencies, found.releases) == (2, 3)
    after = answers(client_of(town))
    different = {
        path: [(old, new) for old, new in zip(answer[1], after[path][1], strict=True) if old != new]
        if isinstance(answer[1], list)
        else (answer, after[path])
        for path, answer in before.items()
        if after[path] != answer
    }
    assert different == {}


def test_rebuilding_over_a_living_database_keeps_people_and_drafts(town: Town) -> None:
    furnish(town)
    ann = actor(town, "ann")
    draft = town.draft(ann, "shelters", {"a.csv": CSV})
    before = answers(client_of(town))
    found = Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
    assert found.problems == ()
    assert town.release(draft.id).state == "draft"
    assert actor(town, "ann") == ann
    after = answers(client_of(town))
    different = {
        path: [(old, new) for old, new in zip(answer[1], after[path][1], strict=True) if old != new]
        if isinstance(answer[1], list)
        else (answer, after[path])
        for path, answer in before.items()
        if after[path] != answer
    }
    assert different == {}


def test_a_lost_object_is_told_as_a_problem(town: Town) -> None:
    furnish(town)
    shutil.rmtree(town.portal.root.path_of("urn:ishibumi:gone:1"))
    found = Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
    assert len(found.problems) == 2
    assert all("gone v1" in problem for problem in found.problems)


def test_an_empty_database_beside_a_full_archive_is_not_shown_as_an_empty_portal(town: Town) -> None:
    furnish(town)
    town.portal.close()
    for path in town.data.glob("ishibumi.sqlite*"):
        path.unlink()
    with pytest.raises(DatabaseOlder) as refused:
        town.open()
    assert "rebuild" in refused.value.sentence("ja")
    town.open(rebuilding=True)
