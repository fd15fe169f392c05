"""Who may sign what: by the log's own order, never by anything outside."""

from datetime import UTC, datetime
from typing import Any

import pytest

from archive.records.keyring import KeyRing
from archive.records.keys import KeyKind, SigningKey
from archive.records.statements import Statement
from tests.unit.archive.records.test_jcs import refused
from tests.unit.archive.records.test_statements import GOOD

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def key(name: str, seed: int = 1) -> SigningKey:
    return SigningKey.from_seed(name, KeyKind.STATEMENT, bytes([seed]) * 32)


NODE, BOSAI, ZEIMU = key("a/node"), key("a/agency/bosai"), key("a/agency/zeimu")


def said(by: SigningKey, kind: str, body: dict[str, Any], log: str = "a/log") -> Statement:
    return Statement(kind, log, by.public.name, 0, None, WHEN, body)


def adding(by: SigningKey, added: SigningKey, **changes: Any) -> Statement:
    body = {**GOOD["add-key"], "name": added.public.name, "vkey": added.public.vkey, **changes}
    return said(by, "add-key", body)


def keyid(of: SigningKey) -> str:
    return of.public.key_id.hex()


GENESIS = said(NODE, "genesis", {**GOOD["genesis"], "node": [NODE.public.vkey]})
FIRST = KeyRing.from_genesis(GENESIS)
RING = FIRST.admit(adding(NODE, BOSAI), 1)
PUBLISH = GOOD["publish"]


def test_genesis_names_the_node_and_the_node_the_agency() -> None:
    assert FIRST.signer(GENESIS, keyid(NODE)) == NODE.public
    assert FIRST.signer(adding(NODE, BOSAI), keyid(NODE)) == NODE.public
    assert RING.signer(said(BOSAI, "publish", PUBLISH), keyid(BOSAI)) == BOSAI.public
    assert RING.added_at(BOSAI.public.name, keyid(BOSAI)) == 1
    assert refused(RING.added_at, ZEIMU.public.name, keyid(ZEIMU)) == "REC-030"
    assert RING.admit(said(BOSAI, "publish", PUBLISH), 2) is RING
    assert refused(KeyRing.from_genesis, said(NODE, "publish", PUBLISH)) == "REC-020"


@pytest.mark.parametrize(
    ("ring", "statement", "by", "code"),
    [
        pytest.param(FIRST, said(BOSAI, "publish", PUBLISH), BOSAI, "REC-030", id="not yet added"),
        pytest.param(RING, said(BOSAI, "publish", PUBLISH), ZEIMU, "REC-030", id="another agency's key"),
        pytest.param(RING, said(BOSAI, "publish", PUBLISH), NODE, "REC-030", id="the node's key in its name"),
        pytest.param(RING, said(ZEIMU, "publish", PUBLISH), BOSAI, "REC-030", id="in another agency's name"),
        pytest.param(RING, said(NODE, "publish", PUBLISH), NODE, "REC-031", id="the node publishes"),
        pytest.param(RING, said(BOSAI, "genesis", GOOD["genesis"]), BOSAI, "REC-031", id="an agency begins a log"),
        pytest.param(RING, said(BOSAI, "publish", PUBLISH, "b/log"), BOSAI, "REC-031", id="on another log"),
        pytest.param(RING, adding(BOSAI, ZEIMU), BOSAI, "REC-031", id="an agency adds another's key"),
        pytest.param(
            RING, adding(BOSAI, key(BOSAI.public.name, 9), role="node"), BOSAI, "REC-031", id="for another role"
        ),
        pytest.param(RING, adding(NODE, key("a/bosai")), NODE, "REC-020", id="an agency's key without /agency/"),
    ],
)
def test_who_may_not_sign(ring: KeyRing, statement: Statement, by: SigningKey, code: str) -> None:
    assert refused(ring.signer, statement, keyid(by)) == code


def test_an_agency_may_add_a_key_of_its_own() -> None:
    younger = key(BOSAI.public.name, 9)
    statement = adding(BOSAI, younger)
    assert RING.signer(statement, keyid(BOSAI)) == BOSAI.public
    after = RING.admit(statement, 7)
    assert after.added_at(BOSAI.public.name, keyid(younger)) == 7
    assert refused(RING.added_at, BOSAI.public.name, keyid(younger)) == "REC-030"  # the old ring is as it was


def test_an_impossible_key_is_not_admitted() -> None:
    assert refused(RING.admit, adding(NODE, ZEIMU, name="a/agency/other"), 2) == "REC-020"
    assert refused(RING.admit, adding(NODE, ZEIMU, vkey="nonsense"), 2) == "REC-101"
