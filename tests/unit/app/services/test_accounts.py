"""Passwords, equal answers for the known and the unknown, and the slow-down after failures."""

from datetime import UTC, datetime, timedelta

import pytest

from app.db.engine import transaction
from app.services import accounts
from app.services.errors import BadWords, NameTaken, TooManyTries, WeakPassword
from tests.town import PASSWORD, Town

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def attempt(town: Town, email: str, password: str, after: int = 0, network: str = "203.0.113.7"):
    now = NOW + timedelta(seconds=after)
    with transaction(town.portal.engine) as session:
        return accounts.authenticate(session, email=email, password=password, network=network, now=now)


def test_right_wrong_and_unknown(town: Town) -> None:
    town.set_password("ann")
    assert attempt(town, "Ann@town.example ", PASSWORD).name == "ann"
    assert attempt(town, "ann@town.example", PASSWORD + "x") is None
    assert attempt(town, "nobody@town.example", PASSWORD) is None
    assert attempt(town, "uploader@town.example", "") is None


def test_after_five_failures_one_waits_and_waits_longer(town: Town) -> None:
    town.set_password("ann")
    for _ in range(accounts.FREE_TRIES):
        assert attempt(town, "ann@town.example", "wrong wrong wrong") is None
    with pytest.raises(TooManyTries) as refused:
        attempt(town, "ann@town.example", PASSWORD)
    assert int(refused.value.params["seconds"]) >= 1
    assert attempt(town, "ann@town.example", "wrong wrong wrong", after=5) is None
    with pytest.raises(TooManyTries):
        attempt(town, "ann@town.example", PASSWORD, after=7)
    assert attempt(town, "ann@town.example", PASSWORD, after=60).name == "ann"
    assert attempt(town, "ann@town.example", "wrong wrong wrong", after=61) is None


def test_one_network_cannot_try_many_accounts(town: Town) -> None:
    for number in range(accounts.FREE_TRIES * 4):
        assert attempt(town, f"a{number}@town.example", "wrong wrong wrong") is None
    with pytest.raises(TooManyTries):
        attempt(town, "ann@town.example", PASSWORD)
    assert attempt(town, "ann@town.example", PASSWORD, network="198.51.100.9") is None


@pytest.mark.parametrize("password", ["short", "password12345", "ann@town.example!", "12345678901234"])
def test_easy_passwords_are_refused(town: Town, password: str) -> None:
    with pytest.raises(WeakPassword):
        accounts.set_password(town.account("ann"), password)


def test_an_address_has_one_account(town: Town) -> None:
    now = town.portal.clock.now()
    with transaction(town.portal.engine) as session:
        with pytest.raises(NameTaken):
            accounts.add_account(session, email="ANN@town.example", name="", now=now)
        with pytest.raises(BadWords):
            accounts.add_account(session, email="not an address", name="", now=now)
