"""The pages without a browser: every one in every language, what strangers see, what a forged form gets."""

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db.engine import transaction
from app.factory import create_app
from app.policy import Actor
from app.services import accounts, catalogue, changes
from app.services.drafts import files_of
from tests.town import HOST, PASSWORD, Town, reopened

CSV = "名称,電話番号\n大井川公民館,054-000-0100\n".encode("cp932")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
LANGUAGES = ("ja", "en", "zh-Hant")
INLINE = re.compile(
    r'<script(?! type="module" src="/(?:static|verify/script)/| type="application/json" id=)|<style| style=|\son\w+='
)
"""What the content security policy would not run; JSON in a script element is data."""
PAGES = (
    "/",
    "/search",
    "/search?q=公民館",
    "/search?q=zzzz&agency=nobody",
    "/agencies",
    "/agencies/solo",
    "/datasets/shelters",
    "/datasets/shelters/v1",
    "/datasets/shelters/v2",
    "/datasets/shelters/v2/table/list.csv",
    "/datasets/shelters/v2/table/evil.html",
    "/log",
    "/log?below=3",
    "/log/statements/0",
    "/log/statements/5",
    "/verify",
    "/verify?hash=" + "0" * 64,
    "/verify?hash=no",
    "/about",
    "/help",
    "/problems/APP-020",
    "/workspace/sign-in",
)


@dataclass
class Portal:
    town: Town
    app: Flask

    def client(self) -> FlaskClient:
        return self.app.test_client()


@pytest.fixture(scope="session")
def stocked(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with a dataset of two releases and a withdrawn one, made once and copied for each test."""
    data = tmp_path_factory.mktemp("stocked") / "data"
    shutil.copytree(founded, data, symlinks=True)
    town = reopened(data)
    ann = actor(town, "ann")
    town.publish(ann, "shelters", {"list.csv": b"a,b\n01100,1\n"})
    town.publish(ann, "shelters", {"list.csv": CSV, "evil.html": b"<script>alert(1)</script>", "evil.svg": SVG})
    town.publish(ann, "gone", {"list.csv": b"a\n1\n"})
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            ann,
            dataset="gone",
            version=1,
            ground="personal-data",
            law="個人情報の保護に関する法律 第69条",
            reason="個人が分かる列があったため。",
            now=town.portal.clock.now(),
        )
    town.work_off()
    for name in ("uploader", "approver", "ann"):
        town.set_password(name)
    town.portal.close()
    return data


@pytest.fixture
def portal(stocked: Path, tmp_path: Path) -> Iterator[Portal]:
    """A copy of the stocked node with its application."""
    data = tmp_path / "data"
    shutil.copytree(stocked, data, symlinks=True)
    town = reopened(data)
    yield Portal(town, create_app(town.settings, town.portal))
    town.portal.close()


def actor(town: Town, name: str) -> Actor:
    with transaction(town.portal.engine) as session:
        return accounts.actor_of(session, accounts.by_email(session, f"{name}@{HOST}"))


def csrf(answer: TestResponse) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
    assert found, answer.text[:500]
    return unescape(found[1])


def sign_in(client: FlaskClient, name: str) -> TestResponse:
    token = csrf(client.get("/workspace/sign-in"))
    return client.post(
        "/workspace/sign-in", data={"csrf": token, "email": f"{name}@{HOST}", "password": PASSWORD, "next": ""}
    )


def test_every_page_in_every_language(portal: Portal) -> None:
    client = portal.client()
    for lang in LANGUAGES:
        for address in PAGES:
            answer = client.get(address, headers={"Accept-Language": lang, "Accept": "text/html"})
            assert answer.status_code == 200, (address, answer.text[:300])
            assert f'<html lang="{lang}">' in answer.text
            assert answer.headers["Content-Language"] == lang
            assert answer.text.count("<h1") == 1, address
            assert not INLINE.search(answer.text), address


def test_an_address_can_choose_the_language_and_keeps_its_other_arguments(portal: Portal) -> None:
    answer = portal.client().get("/search?q=公民館&lang=en")
    assert '<html lang="en">' in answer.text
    assert "/search?q=%E5%85%AC%E6%B0%91%E9%A4%A8&amp;lang=zh-Hant" in answer.text
    assert any("lang=en" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_result_names_the_file_and_the_row(portal: Portal) -> None:
    text = portal.client().get("/search?q=大井川公民館&lang=en").text
    assert "list.csv · row 2" in text
    assert "<mark>" in text
    assert '<span class="tag">CSV</span>' in text


def test_leading_zeros_and_old_encodings_are_shown_as_written(portal: Portal) -> None:
    client = portal.client()
    assert "<td>01100</td>" in client.get("/datasets/shelters/v1").text
    page = client.get("/datasets/shelters/v2/table/list.csv?lang=en").text
    assert "<td>大井川公民館</td>" in page
    assert "cp932" in page


def test_a_withdrawn_release_answers_410_with_who_when_why_and_law(portal: Portal) -> None:
    for lang in LANGUAGES:
        answer = portal.client().get("/datasets/gone/v1", headers={"Accept-Language": lang})
        assert answer.status_code == 410
        for told in ("solo課" if lang == "ja" else "solo", "第69条", "個人が分かる列があったため。", 'datetime="20'):
            assert told in answer.text
    assert portal.client().get("/datasets/gone").status_code == 410
    assert re.search(r"[0-9a-f]{8}<wbr>", answer.text), "the hashes stay"


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ja", "ページが見つかりません"), ("en", "There is no such page"), ("zh-Hant", "找不到此頁面")],
)
def test_a_missing_page_says_so_in_the_readers_language_and_offers_its_words(
    portal: Portal, lang: str, words: str
) -> None:
    answer = portal.client().get("/datasets/hinanjo-list", headers={"Accept-Language": lang, "Accept": "text/html"})
    assert answer.status_code == 404
    assert words in answer.text
    assert 'value="hinanjo list"' in answer.text


def test_verify_tells_which_release_the_bytes_are(portal: Portal) -> None:
    client = portal.client()

    def answer(dataset: str, version: int) -> str:
        with transaction(portal.town.portal.engine) as session:
            release = catalogue.release(session, dataset, version)
            digest = next(file.sha256 for file in files_of(session, release.id) if file.path == "list.csv")
        return client.get(f"/verify?lang=en&hash={digest}").text

    assert "Matches release 2, the latest" in answer("shelters", 2)
    assert "Matches release 1; release 2 is newer" in answer("shelters", 1)
    assert "Matches release 1, since withdrawn" in answer("gone", 1)


@pytest.mark.parametrize("name", ["evil.html", "evil.svg"])
def test_published_script_is_only_ever_saved(portal: Portal, name: str) -> None:
    answer = portal.client().get(f"/datasets/shelters/v2/files/{name}")
    answer.close()
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "application/octet-stream"


def test_a_form_without_our_token_or_from_another_site_is_refused(portal: Portal) -> None:
    client = portal.client()
    given = {"email": f"ann@{HOST}", "password": PASSWORD}
    assert client.post("/workspace/sign-in", data=given).status_code == 403
    token = csrf(client.get("/workspace/sign-in"))
    answer = client.post("/workspace/sign-in", data={**given, "csrf": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    sign_in(client, "ann")
    assert client.post("/workspace/datasets/new", data={"name": "x-y"}).status_code == 403


def test_sign_in_gives_another_cookie(portal: Portal) -> None:
    client = portal.client()
    client.get("/workspace/sign-in")
    before = client.get_cookie("ishibumi")
    assert sign_in(client, "ann").status_code == 303
    after = client.get_cookie("ishibumi")
    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_a_wrong_password_is_told_in_the_form(portal: Portal) -> None:
    client = portal.client()
    token = csrf(client.get("/workspace/sign-in"))
    answer = client.post("/workspace/sign-in?lang=en", data={"csrf": token, "email": f"ann@{HOST}", "password": "no"})
    assert answer.status_code == 401
    assert "The address or the password is wrong." in answer.text


def test_a_draft_is_not_there_for_strangers(portal: Portal) -> None:
    draft = portal.town.draft(actor(portal.town, "uploader"), "secret-plan", {"a.csv": b"a\n1\n"}, agency="duo")
    client = portal.client()
    assert client.get("/datasets/secret-plan").status_code == 404
    assert client.get(f"/workspace/releases/{draft.id}").status_code == 302
    sign_in(client, "ann")
    assert client.get(f"/workspace/releases/{draft.id}").status_code == 404
    mine = portal.client()
    sign_in(mine, "uploader")
    assert mine.get(f"/workspace/releases/{draft.id}").status_code == 200
    for place in ("table", "files"):
        address = f"/workspace/releases/{draft.id}/{place}/a.csv"
        assert portal.client().get(address).status_code == 302
        assert client.get(address).status_code == 404
        answer = mine.get(address)
        answer.close()
        assert answer.status_code == 200
        assert mine.get(f"{address}x").status_code == 404
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_dataset_is_made_submitted_returned_and_approved_by_forms(portal: Portal) -> None:
    uploader, approver = portal.client(), portal.client()
    sign_in(uploader, "uploader")
    sign_in(approver, "approver")
    form = uploader.get("/workspace/datasets/new")
    made = uploader.post(
        "/workspace/datasets/new",
        data={
            "csrf": csrf(form),
            "name": "wells",
            "agency": "duo",
            "title.ja": "災害時協力井戸",
            "themes": ["", "disaster"],
        },
    )
    assert made.status_code == 303
    place = made.headers["Location"]
    sent = uploader.post(f"{place}/files", data={"csrf": csrf(form), "files": [(io.BytesIO(CSV), "井戸.csv")]})
    assert sent.status_code == 303
    assert "井戸.csv" in uploader.get(place).text
    assert uploader.post(f"{place}/submit", data={"csrf": csrf(form), "then": "submit"}).status_code == 303
    refused = uploader.post(f"{place}/approve", data={"csrf": csrf(form), "password": PASSWORD, "digest": "0" * 64})
    assert refused.status_code == 422
    assert f'href="{place}?lang=en"' in refused.text, "the language links lead to a page that can be opened"
    page = approver.get(place)
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page.text)
    assert digest
    approved = approver.post(f"{place}/approve", data={"csrf": csrf(page), "password": PASSWORD, "digest": digest[1]})
    assert approved.status_code == 303, approved.text
    portal.town.work_off()
    assert portal.client().get("/datasets/wells/v1").status_code == 200
    assert "wells" in uploader.get("/workspace/").text


def test_a_withdrawal_is_asked_for_in_a_form(portal: Portal) -> None:
    client = portal.client()
    sign_in(client, "ann")
    place = "/workspace/datasets/shelters/v1/withdraw"
    form = client.get(place)
    assert form.status_code == 200
    assert client.post(place, data={"csrf": csrf(form), "ground": "error", "law": "", "reason": ""}).status_code == 422
    done = client.post(place, data={"csrf": csrf(form), "ground": "error", "law": "要綱 第8条", "reason": "誤り"})
    assert done.status_code == 303
    portal.town.work_off()
    assert client.get("/datasets/shelters/v1").status_code == 410
    assert client.get("/datasets/shelters/v2").status_code == 200
