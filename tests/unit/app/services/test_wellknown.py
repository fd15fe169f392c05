"""The keys that an office calls its own: what a node serves, what is read of others, and what is refused."""

import json
from dataclasses import dataclass

import pytest

from app.factory import create_app
from app.services import wellknown
from app.services.errors import BadWellKnown
from archive.ledger.transport import Answer
from tests.town import Town
from tests.unit.app.services.test_keychanges import SOLO, keys, rotate
from tests.unit.app.services.test_line import actor


@dataclass
class Office:
    """A transport to an office that gives one answer."""

    status: int
    body: bytes
    asked: str = ""

    def get(self, url: str, *, limit: int) -> Answer:
        self.asked = url
        assert limit == wellknown.MAX_BYTES
        return Answer(self.status, "application/json", self.body)

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        raise AssertionError(url)


def test_a_node_serves_its_keys_in_force_and_reads_those_of_others(town: Town) -> None:
    rotate(town, actor(town, "ann"))
    old, new = keys(town, SOLO)
    answer = create_app(town.settings, town.portal).test_client().get("/.well-known/ishibumi.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    office = Office(200, answer.data)
    named = [key.vkey for key in wellknown.keys_at(office, "city.example")]
    assert office.asked == "https://city.example/.well-known/ishibumi.json"
    assert new.vkey in named
    assert old.vkey not in named
    assert town.portal.log_key.vkey in named
    wellknown.keys_at(office, "http://127.0.0.1:8000/")
    assert office.asked == "http://127.0.0.1:8000/.well-known/ishibumi.json"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"{}"),
        (200, b""),
        (200, b"[]"),
        (200, b'{"keys":[1]}'),
        (200, b'{"keys":[{"vkey":"no"}]}'),
        (200, b'{"keys":5}'),
        (200, b"[" * 60_000),
        (200, json.dumps({"keys": [{"vkey": "x"}] * 513}).encode()),
    ],
)
def test_what_is_no_such_file_is_refused(status: int, body: bytes) -> None:
    with pytest.raises(BadWellKnown):
        wellknown.keys_at(Office(status, body), "city.example")
