"""A restricted release against an attacker who holds all that the node ever gave out, and tries every candidate."""

import hashlib
import io
import json
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from app.db.engine import transaction
from app.factory import create_app
from app.security import tokens
from app.security.secrets import Secrets
from app.services import access, accounts, auditing, changes, drafts
from app.services.intake import take
from app.services.rebuilding import Rebuilder
from app.services.words import Words
from archive.ledger.policy import Policy
from archive.verify.steps import check
from tests.attacker import Hoard, addresses, crawl, derived
from tests.journeys.test_pages import csrf, sign_in
from tests.town import HOST, Town
from tests.unit.app.services.test_line import actor
from tests.unit.archive.verify.material import digests

PATH = "名簿.csv"
TITLE = "要支援者の受給台帳"
PERSON = "青葉太郎"
RIGHT = "090-1234-5678"
CANDIDATES = [f"090-1234-{number:04}" for number in range(10_000)]
SECRETS = (PATH, TITLE, PERSON, RIGHT, "配布先は福祉課", "訂正の註")


def content(telephone: str) -> bytes:
    return f"氏名,電話\r\n{PERSON},{telephone}\r\n".encode()


def publish(town: Town, klass: str) -> str:
    """Publish the register through the whole line and return its release's id."""
    ann, now = actor(town, "ann"), town.portal.clock.now()
    staged = take(town.portal.staging, io.BytesIO(content(RIGHT)), PATH)
    words = Words(title={"ja": TITLE}, description={"ja": "配布先は福祉課"}, keywords=[PERSON])
    with transaction(town.portal.engine) as session:
        drafts.create_dataset(session, ann, name="roster", agency="solo", words=words, now=now)
        release = drafts.start_release(
            session, ann, dataset="roster", kind="update", note={"ja": "訂正の註"}, now=now, access=klass
        )
        drafts.add_file(session, ann, release.id, staged, most=100)
        drafts.submit(session, town.portal.jobs, ann, release.id, origin=HOST, now=now)
    town.work_off()
    return release.id


def amend(town: Town, **given: str) -> None:
    with transaction(town.portal.engine) as session:
        changes.request_amendment(
            session,
            town.portal.jobs,
            actor(town, "ann"),
            dataset="roster",
            version=1,
            words=Words(area="" if given else "青葉区"),
            reason="直した",
            now=town.portal.clock.now(),
            **given,
        )
    town.work_off()


def withdraw(town: Town) -> None:
    with transaction(town.portal.engine) as session:
        changes.request_withdrawal(
            session,
            town.portal.jobs,
            actor(town, "ann"),
            dataset="roster",
            version=1,
            ground="personal-data",
            law="法 第1条",
            reason="誤り",
            now=town.portal.clock.now(),
        )
    town.work_off()


def given_out(town: Town, release_id: str) -> Iterator[Hoard]:
    """Give what a stranger can take: everything that is served, and the folder of the log."""
    app = create_app(town.settings, town.portal)
    log = town.portal.folders.log
    known = {
        "slug": ["solo", "duo"],
        "name": ["roster", "shelters", "x"],
        "version": ["1", "2"],
        "path": ["a.csv"],
        "sha256": ["0" * 64],
        "release_id": [release_id],
        "size": ["1"],
        "fork_id": ["0" * 64],
        "index": [str(index) for index in range(town.portal.log.checkpoint().size)],
        "place": [str(path.relative_to(log / "tile")) for path in (log / "tile").rglob("*") if path.is_file()],
        "origin_hash": [hashlib.sha256(f"{HOST}/log".encode()).hexdigest()],
        "code": ["APP-260"],
    }
    more = [f"/datasets/roster/v1/evidence{what}" for what in ("?erased=0", "?format=zip", "/a.csv?row=1")]
    more += ["/api/v1/search?q=roster", "/search?q=roster", "/search?q=format:CSV", "/search?sort=newest", "/nowhere"]
    yield crawl(app, [*addresses(app, known), *more])
    mirror = Hoard()
    mirror.keep_folder(log)
    yield mirror


def confirmed(hoards: list[Hoard]) -> set[str]:
    """Return the telephone numbers that something in what was given out confirms."""
    found = set().union(*(hoard.digests() for hoard in hoards))
    return {each for each in CANDIDATES if not found.isdisjoint(derived(content(each), PATH, each))}


def answers(client: FlaskClient, telephone: str, strangers: dict[str, str]) -> dict[str, object]:
    """Return what the node answers to questions about one guess, without the guess itself and what is random."""
    guess = hashlib.sha256(content(telephone)).hexdigest()
    file = "/datasets/roster/v1/files/"
    asked = {
        "by-hash": client.get(f"/api/v1/by-hash/{guess}"),
        "verify": client.get(f"/verify?hash={guess}"),
        "search": client.get(f"/api/v1/search?q=hash:{guess}"),
        "search page": client.get(f"/search?q=hash:{guess}"),
        "if-none-match": client.get(file + PATH, headers={"If-None-Match": f'"{guess}"'}),
        "if-match": client.get(file + PATH, headers={"If-Match": f'"{guess}"'}),
        "range": client.get(file + PATH, headers={"If-Range": f'"{guess}"', "Range": "bytes=0-3"}),
        "head": client.head(file + PATH, headers={"If-None-Match": f'"{guess}"'}),
        "page": client.get("/datasets/roster/v1", headers={"If-None-Match": f'"{guess}"'}),
    }
    draft = client.post("/api/v1/datasets/theirs/releases", json={"title": {"ja": "x"}}, headers=strangers).get_json()
    put = client.put(f"/api/v1/releases/{draft['id']}/files/a.csv", data=content(telephone), headers=strangers)
    asked["upload"] = put
    told: dict[str, object] = {}
    for name, reply in asked.items():
        text = reply.get_data().decode(errors="replace").replace("<wbr>", "").replace(guess, "GUESS")
        body = [line for line in text.splitlines() if "csrf" not in line and "instance" not in line]
        kept = {key: value for key, value in reply.headers.items() if key not in ("X-Request-Id", "Set-Cookie", "Date")}
        told[name] = (reply.status_code, kept, [re.sub(r"[0-9a-f]{16}\b", "ID", line) for line in body])
        reply.close()
    return told


def strangers_token(town: Town) -> dict[str, str]:
    with transaction(town.portal.engine) as session:
        _, text = tokens.create(
            session,
            Secrets(town.portal.node_secret),
            actor(town, "uploader"),
            accounts.by_email(session, f"uploader@{HOST}"),
            agency="duo",
            name="test",
            scopes=["draft"],
            days=1,
            issuer=HOST,
            now=town.portal.clock.now(),
        )
    return {"Authorization": f"Bearer {text}"}


def client_of(town: Town, *, cookies: bool = False) -> FlaskClient:
    return create_app(town.settings, town.portal).test_client(use_cookies=cookies)


def test_nothing_that_the_node_ever_gave_out_confirms_a_guess(town: Town) -> None:
    town.publish(actor(town, "ann"), "shelters", {"b.csv": "名称,定員\n青葉小学校,400\n".encode()})
    release_id = publish(town, "restricted")
    hoards = [*given_out(town, release_id)]
    amend(town)
    hoards += given_out(town, release_id)
    assert Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run().problems == ()
    hoards += given_out(town, release_id)
    withdraw(town)
    hoards += given_out(town, release_id)

    assert [said for hoard in hoards for said in hoard.says(*SECRETS)] == []
    assert confirmed(hoards) == set()
    objects = Hoard()
    objects.keep(*(str(path).encode() for path in town.portal.folders.objects.rglob("*")))
    assert confirmed([objects]) == set()  # content paths are keyed


def test_of_an_open_release_the_same_attacker_learns_all(town: Town) -> None:
    release_id = publish(town, "open")
    hoards = [*given_out(town, release_id)]
    assert set(hoards[0].says(*SECRETS)) == set(SECRETS)
    assert confirmed(hoards) == {RIGHT}
    objects = Hoard()
    objects.keep(*(str(path).encode() for path in town.portal.folders.objects.rglob("*")))
    assert confirmed([objects]) == {RIGHT}


@pytest.mark.parametrize("withdrawn", [False, True])
def test_right_and_wrong_guesses_get_the_same_answers(town: Town, *, withdrawn: bool) -> None:
    publish(town, "restricted")
    if withdrawn:
        withdraw(town)
    client, strangers = client_of(town), strangers_token(town)
    client.get("/about")
    wrong = answers(client, "090-1234-0000", strangers)
    assert answers(client, RIGHT, strangers) == wrong
    for there, elsewhere in ((PATH, "別名.csv"), ("a.csv", PATH)):
        for place in ("files", "table", "evidence"):
            replies = [
                client.get(f"/datasets/roster/v1/{place}/{name}", headers={"Accept": "application/json"})
                for name in (there, elsewhere)
            ]
            assert [reply.status_code for reply in replies] == [403, 403]
            assert [reply.get_json()["code"] for reply in replies] == ["APP-260", "APP-260"]


def test_the_same_questions_tell_an_open_release(town: Town) -> None:
    publish(town, "open")
    client, strangers = client_of(town), strangers_token(town)
    right, wrong = answers(client, RIGHT, strangers), answers(client, "090-1234-0000", strangers)
    telling = {"by-hash", "verify", "search", "search page", "if-none-match", "if-match", "range", "head", "page"}
    assert {name for name in right if right[name] != wrong[name]} == telling


def test_words_of_a_restricted_release_find_nothing(town: Town) -> None:
    publish(town, "restricted")
    client = client_of(town)
    for words in (TITLE, PERSON, RIGHT, "名簿", "配布先", "氏名", "青葉"):
        assert client.get("/api/v1/search", query_string={"q": words}).get_json()["total"] == 0
    found = client.get("/api/v1/search?q=roster").get_json()
    assert [item["title"] for item in found["items"]] == [{"und": "roster"}]
    assert all(place["path"] is None for item in found["items"] for place in item["hits"])


def test_everybody_sees_that_it_is_there(town: Town) -> None:
    publish(town, "restricted")
    client = client_of(town)
    item = client.get("/api/v1/datasets/roster/releases/1").get_json()
    assert (item["access"], item["state"], item["files"], item["kind"], item["note"]) == (
        "restricted",
        "published",
        [],
        None,
        {},
    )
    assert len(item["leaf_hash"]) == 64
    page = client.get("/datasets/roster/v1", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Only the agency’s people can open it" in page
    assert f"/log/statements/{item['log_index']}" in page
    assert client.get("/datasets/roster").status_code == 200


def test_people_of_the_agency_open_it_after_signing_in(town: Town) -> None:
    publish(town, "restricted")
    town.set_password("ann")
    town.set_password("uploader")
    with client_of(town, cookies=True) as ann:
        sign_in(ann, "ann")
        right = hashlib.sha256(content(RIGHT)).hexdigest()
        for place in ("", f"/table/{PATH}", f"/files/{PATH}", f"/evidence/{PATH}", "/evidence"):
            reply = ann.get(f"/datasets/roster/v1{place}", headers={"If-None-Match": f'"{right}"'})
            assert reply.status_code == 200, place
            assert reply.headers["Cache-Control"] == "private, no-store"
            assert not {"ETag", "Repr-Digest", "Last-Modified", "Access-Control-Allow-Origin"} & set(
                reply.headers.keys()
            )
            if place.startswith("/files"):
                assert reply.get_data() == content(RIGHT)
            reply.close()
        assert TITLE in ann.get("/datasets/roster/v1").get_data(as_text=True)
        bundle = ann.get(f"/datasets/roster/v1/evidence/{PATH}").get_data()
        result = check(digests(content(RIGHT)), bundle, Policy.parse(town.portal.policy.encode()), 2**31)
        assert result.exit_code == 0
    with client_of(town, cookies=True) as other:
        sign_in(other, "uploader")
        assert other.get(f"/datasets/roster/v1/files/{PATH}").status_code == 403
        assert TITLE not in other.get("/datasets/roster/v1").get_data(as_text=True)


def test_it_is_opened_later_with_the_same_commitments_and_never_closed_again(town: Town) -> None:
    publish(town, "restricted")
    client = client_of(town)
    entry = town.portal.log.entry(town.portal.log.checkpoint().size - 1)
    amend(town, access="open")
    right = hashlib.sha256(content(RIGHT)).hexdigest()
    assert client.get(f"/api/v1/by-hash/{right}").get_json()["total"] == 1
    file = client.get(f"/datasets/roster/v1/files/{PATH}")
    assert file.headers["ETag"] == f'"{right}"'
    assert file.get_data() == content(RIGHT)
    file.close()
    assert client.get("/api/v1/datasets/roster").get_json()["title"] == {"ja": TITLE}
    assert client.get("/api/v1/search", query_string={"q": PERSON}).get_json()["total"] == 1
    bundle = client.get(f"/datasets/roster/v1/evidence/{PATH}").get_data()
    assert check(digests(content(RIGHT)), bundle, Policy.parse(town.portal.policy.encode()), 2**31).exit_code == 0
    assert json.loads(bundle)["statement"]["entry"] == entry.decode()
    with pytest.raises(access.HashesAreOut):
        amend(town, access="restricted")
    with pytest.raises(access.AlreadyThatClass):
        amend(town, access="open")
    assert [finding for step in auditing.steps(town.portal.root, town.portal.log) for finding in step.findings] == []


def test_rebuilding_from_the_archive_keeps_it_closed_and_opened_ones_open(town: Town) -> None:
    publish(town, "restricted")

    def seen() -> list[object]:
        client = client_of(town)
        paths = ("/datasets/roster", "/datasets/roster/releases", "/search?q=roster", "/statements")
        return [client.get(f"/api/v1{path}").get_json() for path in paths]

    before = seen()
    Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run()
    assert seen() == before
    amend(town, access="open")
    before = seen()
    assert Rebuilder(town.portal.engine, town.portal.root, town.portal.log).run().problems == ()
    assert seen() == before


def test_the_draft_says_it_before_publication_and_the_forms_restrict_and_open(town: Town) -> None:
    town.set_password("ann")
    draft = town.draft(actor(town, "ann"), "roster", {PATH: content(RIGHT)}, title=TITLE)
    with client_of(town, cookies=True) as ann:
        sign_in(ann, "ann")
        place = f"/workspace/releases/{draft.id}"
        page = ann.get(place, headers={"Accept-Language": "ja"})
        assert "取り消せません" in page.text
        assert 'value="open" checked' in page.text
        form = {"csrf": csrf(page), "title.ja": TITLE, "kind": "update", "then": "save", "access": "restricted"}
        assert ann.post(f"{place}/submit", data={**form, "access": "secret"}).status_code == 422
        assert ann.post(f"{place}/submit", data=form).status_code == 303
        assert 'value="restricted" checked' in ann.get(place).text
        assert ann.post(f"{place}/submit", data={**form, "then": "submit"}).status_code == 303
        town.work_off()
        assert TITLE not in client_of(town).get("/datasets/roster/v1").get_data(as_text=True)

        opening = "/workspace/datasets/roster/v1/open"
        assert opening in ann.get("/datasets/roster/v1").text
        page = ann.get(opening)
        assert PATH in page.text
        assert ann.post(opening, data={"csrf": csrf(page), "reason": ""}).status_code == 422
        assert ann.post(opening, data={"csrf": csrf(page), "reason": "期限"}).status_code == 303
        town.work_off()
        assert TITLE in client_of(town).get("/datasets/roster/v1").get_data(as_text=True)
        assert ann.post(opening, data={"csrf": csrf(page), "reason": "もう一度"}).status_code == 422
