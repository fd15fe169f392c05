"""What an attacker tries at the door: large bodies from strangers, odd texts, stale pages, somebody else's session."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize
from sqlmodel import select

from app.config import Settings
from app.db.accounts import SignIn, SignInAttempt
from app.db.catalogue import Change, Dataset
from app.db.engine import make_engine, transaction
from app.factory import create_app
from app.security import tokens
from app.security.secrets import Secrets
from app.services import accounts
from app.services.errors import TooManyTries
from app.web import previews
from app.wiring import Portal as Node
from app.wiring import SystemClock
from archive.store.errors import StoreFull
from tests.journeys.test_pages import Portal, actor, csrf, portal, sign_in, stocked
from tests.town import HOST, PASSWORD, Town

__all__ = ["portal", "stocked"]  # fixtures

JSON = "application/json"


@pytest.fixture
def client(portal: Portal) -> Iterator[FlaskClient]:
    with portal.client() as made:
        yield made


def bearer(town: Town) -> dict[str, str]:
    with transaction(town.portal.engine) as session:
        _, text = tokens.create(
            session,
            Secrets(town.portal.node_secret),
            actor(town, "ann"),
            accounts.by_email(session, f"ann@{HOST}"),
            agency="solo",
            name="test",
            scopes=["draft"],
            days=1,
            issuer=HOST,
            now=town.portal.clock.now(),
        )
    return {"Authorization": f"Bearer {text}"}


class Unread(io.RawIOBase):
    """A body of any length that tells how much of it was read."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the wider type is the stub's
        buffer[:] = b"0" * len(buffer)
        self.taken += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("place", ["/workspace/sign-out", "/workspace/sign-in", "/workspace/releases/x/files"])
def test_nothing_large_is_read_from_a_stranger(client: FlaskClient, place: str) -> None:
    body = Unread()
    answer = client.post(
        place,
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(1 << 30)},
    )
    assert (answer.status_code, body.taken) == (413, 0)


def test_nothing_is_read_of_a_form_from_another_site(portal: Portal, client: FlaskClient) -> None:
    sign_in(client, "ann")
    body = Unread()
    answer = client.post(
        "/workspace/releases/x/files",
        content_type="multipart/form-data; boundary=b",
        headers={"Sec-Fetch-Site": "cross-site"},
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(1 << 30)},
    )
    assert (answer.status_code, body.taken) == (403, 0)


def test_a_form_that_does_not_fit_on_the_disk_is_refused_before_it_is_kept(
    portal: Portal, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_length: int, _reserved: int = 0) -> None:
        raise StoreFull

    sign_in(client, "ann")
    token = csrf(client.get("/workspace/datasets/new"))
    monkeypatch.setattr(portal.town.portal.staging, "require_space", full)
    form = {"csrf": token, "files": (io.BytesIO(b"a,b\n"), "a.csv")}
    assert client.post("/workspace/releases/x/files", data=form).status_code == 507


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"title": {"\\ud800": "x"}}',
        '{"agency": "\\ud800", "title": {"ja": "x"}}',
        '{"agency": "\\u0000", "title": {"ja": "x"}}',
        '{"title": ' + "9" * 6000 + "}",
    ],
)
def test_odd_json_is_a_mistake_of_the_sender(portal: Portal, client: FlaskClient, body: str) -> None:
    answer = client.post("/api/v1/datasets/new-one/releases", data=body, headers=bearer(portal.town), content_type=JSON)
    assert answer.status_code == 422
    with transaction(portal.town.portal.engine) as session:
        assert session.get(Dataset, "new-one") is None


def test_a_body_that_broke_off_is_no_file(portal: Portal, client: FlaskClient) -> None:
    headers = bearer(portal.town)
    begun = client.post("/api/v1/datasets/shelters/releases", json={}, headers=headers).json
    place = f"/api/v1/releases/{begun['id']}"
    # As gunicorn gives it: the stream ends by itself, so that its end and a broken connection look alike.
    broken = {"wsgi.input": io.BytesIO(b"a,b\n"), "CONTENT_LENGTH": "1000", "wsgi.input_terminated": True}
    answer = client.put(f"{place}/files/a.csv", headers=headers, environ_overrides=broken)
    assert (answer.status_code, answer.json["code"]) == (400, "ARC-030")
    assert client.get(place, headers=headers).json["files"] == []
    whole = {**broken, "wsgi.input": io.BytesIO(b"a" * 1000)}
    assert client.put(f"{place}/files/a.csv", headers=headers, environ_overrides=whole).status_code == 201


def test_chunks_that_are_none_are_a_mistake_of_the_sender(portal: Portal, client: FlaskClient) -> None:
    class Garbled(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise InvalidChunkSize(b"zz")

    headers = bearer(portal.town)
    begun = client.post("/api/v1/datasets/shelters/releases", json={}, headers=headers).json
    given = {"wsgi.input": Garbled(), "wsgi.input_terminated": True, "CONTENT_LENGTH": "10"}
    place = f"/api/v1/releases/{begun['id']}/files/a.csv"
    assert client.put(place, headers=headers, environ_overrides=given).status_code == 400


@pytest.mark.parametrize(
    "following",
    ["//evil.example", "https://evil.example", "/workspace//evil", "/workspace/\\evil", "/workspace/\r\nX: 1"],
)
def test_sign_in_leads_to_no_other_place(client: FlaskClient, following: str) -> None:
    form = {"csrf": csrf(client.get("/workspace/sign-in")), "email": f"ann@{HOST}", "password": PASSWORD}
    answer = client.post("/workspace/sign-in", data={**form, "next": following})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/workspace/")


def test_a_text_that_no_database_holds_names_nothing(portal: Portal, client: FlaskClient) -> None:
    assert client.get("/datasets/a%00b").status_code == 404
    assert client.get("/api/v1/datasets/a%00b").status_code == 404
    token = csrf(client.get("/workspace/sign-in"))
    form = {"csrf": token, "email": "a\x00@town.example", "password": PASSWORD}
    assert client.post("/workspace/sign-in", data=form).status_code == 422


def test_an_error_page_with_a_form_token_is_kept_by_no_cache(client: FlaskClient) -> None:
    sign_in(client, "ann")
    for place, status in (("/datasets/nothing", 404), ("/about/", 404), ("/datasets/gone/v1/files/list.csv", 410)):
        answer = client.get(place)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")


def test_signing_in_again_ends_the_session_before(portal: Portal, client: FlaskClient) -> None:
    sign_in(client, "ann")
    client.post(
        "/workspace/sign-in",
        data={
            "csrf": csrf(client.get("/workspace/sign-in")),
            "email": f"approver@{HOST}",
            "password": PASSWORD,
        },
    )
    with transaction(portal.town.portal.engine) as session:
        (left,) = session.exec(select(SignIn)).all()
        assert left.account_id == accounts.by_email(session, f"approver@{HOST}").id


def test_a_change_is_approved_with_the_password(portal: Portal) -> None:
    town = portal.town
    uploader, approver = portal.client(), portal.client()
    release = town.submit(
        actor(town, "uploader"), town.draft(actor(town, "uploader"), "bus", {"a.csv": b"a\n1\n"}, agency="duo")
    )
    sign_in(uploader, "uploader")
    sign_in(approver, "approver")
    place = f"/workspace/releases/{release.id}"
    form = {"csrf": csrf(approver.get(place)), "digest": release.body_sha256, "password": PASSWORD}
    assert approver.post(f"{place}/approve", data=form).status_code == 303
    town.work_off()
    asked = {"csrf": csrf(uploader.get("/workspace/")), "ground": "error", "law": "Act 1", "reason": "wrong"}
    assert uploader.post("/workspace/datasets/bus/v1/withdraw", data=asked).status_code == 303

    def state() -> tuple[str, str]:
        with transaction(town.portal.engine) as session:
            change = session.exec(select(Change).where(Change.release_id == release.id)).one()
            return change.id, change.state

    change_id, _ = state()
    form = {"csrf": csrf(approver.get("/workspace/"))}
    for wrong in ({}, {"password": "somebody at an open screen"}):
        assert approver.post(f"/workspace/changes/{change_id}/approve", data={**form, **wrong}).status_code == 401
        assert state() == (change_id, "requested")
    assert (
        approver.post(f"/workspace/changes/{change_id}/approve", data={**form, "password": PASSWORD}).status_code == 303
    )
    assert state() == (change_id, "approved")


def test_many_tries_at_once_are_not_free_of_the_wait(town: Town) -> None:
    guess_at_once(town)


def guess_at_once(town: Town) -> None:
    town.set_password("ann")
    many = accounts.FREE_TRIES + 4
    together, now = Barrier(many), town.portal.clock.now()
    tell = accounts._matches

    def guess(_number: int) -> str:
        try:
            with transaction(town.portal.engine) as session:
                accounts.authenticate(session, email=f"ann@{HOST}", password="wrong", network="203.0.113.7", now=now)
        except TooManyTries:
            return "waits"
        return "counted"

    def matches(known_hash: str, password: str) -> bool:
        together.wait(30)  # everybody has looked at the count, nobody has raised it
        return tell(known_hash, password)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(many) as pool:
        patch.setattr(accounts, "_matches", matches)
        answers = list(pool.map(guess, range(many)))
    assert answers.count("counted") == accounts.FREE_TRIES
    with transaction(town.portal.engine) as session:
        assert session.get_one(SignInAttempt, f"account:ann@{HOST}").failures == accounts.FREE_TRIES


def metrics(town: Town, **settings: object) -> Callable[..., int]:
    changed = Settings(data_dir=town.data, **settings)  # type: ignore[arg-type]  # as given
    node = Node(**{**town.portal.__dict__, "settings": changed})
    client = create_app(changed, node).test_client()
    return lambda **headers: (
        client.get("/metrics", headers={name.replace("_", "-"): text for name, text in headers.items()}).status_code
    )


def test_metrics_do_not_take_the_proxy_for_this_machine(town: Town) -> None:
    public = "https://data.town.example"
    assert metrics(town)() == 200
    assert metrics(town)(X_Forwarded_For="203.0.113.7") == 403
    assert metrics(town, public_url=public)() == 403
    assert metrics(town, public_url=public, metrics_token="seen")(Authorization="Bearer seen") == 200
    behind = metrics(town, public_url=public, proxies=1)
    assert behind(X_Forwarded_For="203.0.113.7") == 403
    assert behind(X_Forwarded_For="127.0.0.1, 203.0.113.7") == 403
    assert behind() == 200


def test_errors_of_the_database_do_not_say_what_was_written(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with pytest.raises(Exception, match="no such table") as wrong, transaction(engine) as session:
        session.add(SignInAttempt(key="account:ann@town.example", last_at=SystemClock().now()))
        session.flush()
    assert "ann@town.example" not in str(wrong.value)
    engine.dispose()


def test_only_some_files_are_read_for_pages_at_once(
    portal: Portal, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "PATIENCE_SECONDS", 0.0)
    page = "/datasets/shelters/v2/table/list.csv?member="
    assert client.get(page + "a").status_code == 200
    turns = portal.app.extensions["ishibumi.previews"]
    for _ in range(previews.AT_ONCE):
        assert turns.acquire(blocking=False)
    answer = client.get(page + "b&lang=en")
    assert (answer.status_code, "took too long" in answer.text) == (200, True)
    turns.release()
    assert "took too long" not in client.get(page + "b&lang=en").text


def test_nobody_else_on_the_machine_reads_secrets_and_accounts(town: Town) -> None:
    for place in (".", "keys", "log-state"):
        assert (town.data / place).stat().st_mode & 0o077 == 0
    for place in ("node.secret", "ishibumi.sqlite", "ishibumi.sqlite-wal", "recovery-key.txt", "next-log-key.txt"):
        assert (town.data / place).stat().st_mode & 0o077 == 0
