"""One row of a published table is proved without the rest; what has no row tree says so."""

import json

import pytest

from app.factory import create_app
from archive.ledger.policy import Policy
from archive.records import rowtree
from archive.verify.result import Verdict
from archive.verify.steps import check
from tests.town import Town
from tests.unit.app.services.test_line import actor
from tests.unit.archive.verify.material import digests

TABLE = '名称,定員\r\n青葉小学校,400\r\n"若葉,公民館",120\r\n'
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_row_of_a_published_table_is_proved_alone(town: Town, encoding: str) -> None:
    raw = TABLE.encode(encoding)
    town.publish(actor(town, "ann"), "shelters", {"a.csv": raw, "b.txt": b"no table\n"})
    client = create_app(town.settings, town.portal).test_client()
    policy = Policy.parse(f"log {town.portal.log_key.vkey}\nquorum none\n".encode())
    row = list(rowtree.split(raw))[2]
    bundle = client.get("/datasets/shelters/v1/evidence/a.csv?row=2").data
    result = check(digests(row), bundle, policy)
    assert (result.verdict, result.error) == (Verdict.MATCHES, None)
    assert list(rowtree.split(raw))[1] not in bundle
    assert client.get("/datasets/shelters/v1/evidence/a.csv?row=4", headers=JSON).json["code"] == "VER-043"
    assert client.get("/datasets/shelters/v1/evidence/b.txt?row=0", headers=JSON).json["code"] == "VER-042"
    whole = client.get("/datasets/shelters/v1/evidence")
    assert check(digests(raw), whole.data, policy).verdict is Verdict.MATCHES
    assert check(digests(b"no table\n"), whole.data, policy).verdict is Verdict.MATCHES
    assert "row_seed" not in json.dumps(whole.json)


def test_utf_16_has_no_row_tree(town: Town) -> None:
    town.publish(actor(town, "ann"), "shelters", {"a.csv": TABLE.encode("utf-16")})
    client = create_app(town.settings, town.portal).test_client()
    assert client.get("/datasets/shelters/v1/evidence/a.csv?row=1", headers=JSON).json["code"] == "VER-042"
