"""One row of a published table is proved without the rest; what has no row tree says so."""

import io
import json

import pytest

from app.factory import create_app
from app.services import evidence
from app.services.intake import MAX_TREE_ROWS, take
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


def test_tables_are_hashed_one_at_a_time_however_many_ask(town: Town) -> None:
    town.publish(actor(town, "ann"), "shelters", {"a.csv": TABLE.encode()})
    client = create_app(town.settings, town.portal).test_client()
    at = "/datasets/shelters/v1/evidence/a.csv"
    with evidence.ONE_TABLE:  # somebody asked for a row of a large one
        busy = client.get(f"{at}?row=1", headers=JSON)
        assert (busy.status_code, busy.json["code"]) == (503, "APP-280")
        assert client.get(at).status_code == 200
    for row in (1, 99, 1):  # what is refused lets go as well
        assert client.get(f"{at}?row={row}", headers=JSON).status_code == (200 if row == 1 else 422)


def test_a_table_of_too_many_rows_has_no_row_tree(town: Town) -> None:
    staged = take(town.portal.staging, io.BytesIO(b"a\n" * (MAX_TREE_ROWS + 1)), "a.csv")
    assert (staged.media_type.partition(";")[0], staged.row_tree) == ("text/csv", None)
