"""Browser sessions: begun, seen, ended; a sign-out at the moment of a look is no fault."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from app.db.accounts import SignIn
from app.db.engine import transaction
from app.security import sessions
from tests.town import Town

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
IDLE, TOTAL = timedelta(minutes=30), timedelta(hours=12)


def look(town: Town, cookie: str, after: timedelta) -> str | None:
    with transaction(town.portal.engine) as session:
        found = sessions.account_of(session, cookie, now=NOW + after, idle=IDLE, total=TOTAL)
        return found.name if found else None


def test_it_ends_when_idle_when_old_and_at_sign_out(town: Town) -> None:
    account = town.account("ann")
    with transaction(town.portal.engine) as session:
        cookies = [sessions.sign_in(session, account, NOW) for _ in range(3)]
    assert look(town, cookies[0], timedelta(minutes=29)) == "ann"
    assert look(town, cookies[0], timedelta(minutes=58)) == "ann"
    assert look(town, cookies[1], timedelta(minutes=31)) is None
    assert look(town, cookies[0], timedelta(hours=13)) is None
    with transaction(town.portal.engine) as session:
        sessions.sign_out(session, cookies[2])
    assert look(town, cookies[2], timedelta(minutes=1)) is None
    assert look(town, "never given", timedelta()) is None


def test_signing_out_while_another_request_is_looked_at(town: Town) -> None:
    with transaction(town.portal.engine) as session:
        cookie = sessions.sign_in(session, town.account("ann"), NOW)
    with Session(town.portal.engine) as looking:
        assert looking.get(SignIn, sessions._hash(cookie)) is not None  # read before …
        with transaction(town.portal.engine) as leaving:
            sessions.sign_out(leaving, cookie)  # … the other request ends it …
        sessions.account_of(looking, cookie, now=NOW + timedelta(minutes=5), idle=IDLE, total=TOTAL)
        looking.commit()  # … and the note of having been seen finds nothing
    assert look(town, cookie, timedelta(minutes=6)) is None
