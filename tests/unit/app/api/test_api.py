"""API v1 over HTTP: reading, publishing with a token, problem documents, files with Range and ETag."""

import base64
import hashlib

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from archive.ledger.checkpoint import parse_checkpoint
from tests.town import Town
from tests.unit.app.security.test_tokens import make
from tests.unit.app.services.test_line import CSV, actor


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return create_app(town.settings, town.portal).test_client()


def bearer(town: Town, *scopes: str, name: str = "ann", agency: str = "solo") -> dict[str, str]:
    return {"Authorization": f"Bearer {make(town, name, agency, scopes or ('draft',))[1]}"}


def publish(client: FlaskClient, headers: dict[str, str], dataset: str = "shelters") -> dict:
    given = {"title": {"ja": "避難所"}, "kind": "update"}
    draft = client.post(f"/api/v1/datasets/{dataset}/releases", json=given, headers=headers)
    assert draft.status_code == 201, draft.get_json()
    release_id = draft.get_json()["id"]
    put = client.put(f"/api/v1/releases/{release_id}/files/一覧/a.csv", data=CSV, headers=headers)
    assert put.status_code == 201
    assert put.get_json()["sha256"] == hashlib.sha256(CSV).hexdigest()
    submitted = client.post(f"/api/v1/releases/{release_id}/submit", headers=headers)
    assert submitted.status_code == 202
    return submitted.get_json()


def test_publish_and_read_back(town: Town, client: FlaskClient) -> None:
    headers = bearer(town)
    item = publish(client, headers)
    assert item["state"] == "approved"
    assert client.get("/api/v1/datasets/shelters").status_code == 404
    assert client.get("/api/v1/datasets/shelters/releases/1").status_code == 404
    town.work_off()
    release = client.get("/api/v1/datasets/shelters/releases/1").get_json()
    assert (release["state"], release["log_index"], release["files"][0]["path"]) == ("published", 3, "一覧/a.csv")
    assert client.get("/api/v1/datasets").get_json()["total"] == 1
    found = client.get("/api/v1/search?q=中央小学校").get_json()
    assert found["items"][0]["hits"][0]["loc"]["row"] == 2
    by_hash = client.get(f"/api/v1/by-hash/{hashlib.sha256(CSV).hexdigest()}").get_json()
    assert by_hash["items"][0]["dataset"] == "shelters"
    assert client.get(f"/api/v1/by-hash/{'0' * 64}").get_json()["items"] == []


def test_a_draft_scope_waits_for_approval_where_two_are_needed(town: Town, client: FlaskClient) -> None:
    assert publish(client, bearer(town, name="uploader", agency="duo"), "water")["state"] == "submitted"


def test_a_publish_scope_is_a_standing_approval_and_marked_so(town: Town, client: FlaskClient) -> None:
    item = publish(client, bearer(town, "draft", "publish", name="admin", agency="duo"), "water")
    assert (item["state"], item["single_person"]) == ("approved", True)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/datasets/nothing", 404, "APP-020"),
        ("get", "/api/v1/datasets?limit=0", 422, "APP-029"),
        ("get", "/api/v1/datasets?limit=٣", 422, "APP-029"),
        ("get", "/api/v1/statements?cursor=x", 422, "APP-029"),
        ("get", "/api/v1/by-hash/xyz", 422, "APP-029"),
        ("get", "/api/v1/search?sort=worst", 422, "APP-029"),
        ("get", "/api/v1/nowhere", 404, "HTTP-404"),
        ("post", "/api/v1/datasets", 405, "HTTP-405"),
        ("post", "/api/v1/datasets/x1/releases", 401, "APP-033"),
        ("get", "/api/v1/releases/" + "0" * 32, 401, "APP-033"),
    ],
)
def test_errors_are_problem_documents(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    reply = getattr(client, method)(path)
    assert (reply.status_code, reply.mimetype) == (status, "application/problem+json")
    problem = reply.get_json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert client.get(f"/problems/{code}").status_code == (404 if code.startswith("HTTP") else 200)


def test_malformed_bodies_are_told_apart(town: Town, client: FlaskClient) -> None:
    headers = bearer(town)
    path = "/api/v1/datasets/shelters/releases"
    for given in (b"[]", b"{", b'{"title": 3}', b'{"title": {"ja": 3}}', b'{"keywords": "x"}'):
        reply = client.post(path, data=given, content_type="application/json", headers=headers)
        assert reply.status_code == 422, given
    assert client.post(path, json={"title": {}}, headers=headers).get_json()["code"] == "APP-022"
    assert (
        client.post("/api/v1/datasets/Bad_Name/releases", json={"title": {"ja": "x"}}, headers=headers).status_code
        == 422
    )


def test_a_draft_of_another_agency_is_not_there(town: Town, client: FlaskClient) -> None:
    release = town.draft(actor(town, "ann"), "shelters", {"a.csv": CSV})
    strangers = bearer(town, name="uploader", agency="duo")
    for method, path in (
        ("get", f"/api/v1/releases/{release.id}"),
        ("delete", f"/api/v1/releases/{release.id}"),
        ("put", f"/api/v1/releases/{release.id}/files/x.csv"),
        ("delete", f"/api/v1/releases/{release.id}/files/a.csv"),
        ("post", f"/api/v1/releases/{release.id}/submit"),
    ):
        assert getattr(client, method)(path, headers=strangers).status_code == 404


def test_files_come_with_range_etag_and_digest_and_never_run(town: Town, client: FlaskClient) -> None:
    page = b"<script>alert(1)</script>"
    town.publish(actor(town, "ann"), "shelters", {"避難所.csv": CSV, "evil.html": page})
    with client.get("/datasets/shelters/v1/files/避難所.csv") as reply:
        assert reply.get_data() == CSV
        digest = hashlib.sha256(CSV)
        assert reply.headers["ETag"] == f'"{digest.hexdigest()}"'
        assert reply.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert "filename*=UTF-8''%E9%81%BF" in reply.headers["Content-Disposition"]
    with client.get("/datasets/shelters/v1/files/避難所.csv", headers={"Range": "bytes=3-7"}) as part:
        assert (part.status_code, part.get_data()) == (206, CSV[3:8])
    with client.get(
        "/datasets/shelters/v1/files/避難所.csv", headers={"If-None-Match": f'"{digest.hexdigest()}"'}
    ) as kept:
        assert kept.status_code == 304
    with client.get("/datasets/shelters/v1/files/evil.html") as evil:
        assert evil.mimetype == "application/octet-stream"
        assert evil.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert evil.headers["Content-Disposition"].startswith("attachment")
        assert evil.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("../../../node.secret", "..%2f..%2fnode.secret", "nothing.csv"):
        assert client.get(f"/datasets/shelters/v1/files/{path}").status_code == 404


def test_the_log_is_served_as_files(town: Town, client: FlaskClient) -> None:
    town.publish(actor(town, "ann"), "shelters", {"a.csv": CSV})
    reply = client.get("/log/checkpoint")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=5"
    head = parse_checkpoint(reply.get_data())
    with client.get(f"/log/tile/0/000.p/{head.size}") as tile:
        assert len(tile.get_data()) == 32 * head.size
        assert "immutable" in tile.headers["Cache-Control"]
    for path in ("0/000.p/0", "0/000.p/256", "64/000", "0/x001", "0/../checkpoint", "7/008.p/08", "entries/..%2f000"):
        assert client.get(f"/log/tile/{path}").status_code == 404, path


def test_health(town: Town, client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    town.publish(actor(town, "ann"), "shelters", {"a.csv": CSV})
    assert client.get("/readyz").get_json()["parts"] == {"database": "ok", "archive": "ok", "log": "ok", "index": "ok"}
    assert "ishibumi_releases 1" in client.get("/metrics").get_data(as_text=True)
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "203.0.113.5"}).status_code == 403


def test_paging_walks_every_item_once(town: Town, client: FlaskClient) -> None:
    ann = actor(town, "ann")
    for number in range(3):
        town.publish(ann, f"set-{number}", {"a.csv": CSV})
    for path, key in (
        ("/api/v1/datasets?limit=1", "name"),
        ("/api/v1/statements?limit=2", "index"),
        ("/api/v1/search?q=避難所&limit=1", "name"),
    ):
        seen, following = [], path
        while following:
            page = client.get(following.replace("http://127.0.0.1:8000", "")).get_json()
            seen += [item[key] for item in page["items"]]
            following = page["next"]
        assert len(seen) == len(set(seen)) == (3 if key == "name" else 6), path
