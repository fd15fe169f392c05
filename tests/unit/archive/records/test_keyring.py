"""Who may sign what: by the log's own order, never by anything outside."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from archive.records import base64_strict
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


def revoking(by: SigningKey, gone: SigningKey, **changes: Any) -> Statement:
    body = {"name": gone.public.name, "keyid": keyid(gone), "reason": "compromised", "invalid_from_index": 3}
    return said(by, "revoke-key", {**body, **changes})


def test_a_revoked_key_keeps_what_it_said_before() -> None:
    gone = RING.admit(revoking(NODE, BOSAI), 5)
    assert refused(gone.signer, said(BOSAI, "publish", PUBLISH), keyid(BOSAI)) == "REC-032"
    known = gone.registered(BOSAI.public.name, keyid(BOSAI))
    assert (known.revoked_at, known.void_from, known.reason) == (5, 3, "compromised")
    assert [known.is_doubtful(index) for index in (2, 3, 4)] == [False, True, True]
    assert not RING.registered(BOSAI.public.name, keyid(BOSAI)).is_doubtful(9)


def test_an_agency_revokes_its_own_keys_and_no_others() -> None:
    ring = RING.admit(adding(NODE, ZEIMU), 2)
    assert ring.signer(revoking(BOSAI, BOSAI), keyid(BOSAI)) == BOSAI.public
    assert refused(ring.signer, revoking(BOSAI, ZEIMU), keyid(BOSAI)) == "REC-031"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param(revoking(NODE, ZEIMU), "REC-030", id="a key that nobody added"),
        pytest.param(revoking(NODE, BOSAI, invalid_from_index=1), "REC-020", id="from before the key came"),
        pytest.param(revoking(NODE, BOSAI, invalid_from_index=6), "REC-020", id="from an index to come"),
        pytest.param(revoking(NODE, NODE), "REC-020", id="the node's last key"),
        pytest.param(adding(NODE, BOSAI), "REC-020", id="the same key again"),
        pytest.param(said(NODE, "seal", {"size": 4, "reason": "r"}), "REC-020", id="a seal of another size"),
    ],
)
def test_what_cannot_be(statement: Statement, code: str) -> None:
    assert refused(RING.admit, statement, 5) == code


def test_a_key_is_revoked_once_and_never_comes_back() -> None:
    gone = RING.admit(revoking(NODE, BOSAI), 5)
    assert refused(gone.admit, revoking(NODE, BOSAI), 6) == "REC-020"
    assert refused(gone.admit, adding(NODE, BOSAI), 6) == "REC-020"


def test_a_key_before_its_first_day() -> None:
    late = FIRST.admit(adding(NODE, BOSAI, not_before="2026-01-02T00:00:00Z"), 1)
    assert refused(late.signer, said(BOSAI, "publish", PUBLISH), keyid(BOSAI)) == "REC-033"


def test_only_the_key_chosen_before_becomes_the_next_log_key() -> None:
    first, second, third, stolen = (SigningKey.from_seed("a/log", KeyKind.LOG, bytes([n]) * 32) for n in range(4))
    genesis = {**GOOD["genesis"], "node": [NODE.public.vkey], "log": [first.public.vkey], "next": hashed(second)}
    ring = KeyRing.from_genesis(said(NODE, "genesis", genesis))
    assert ring.log_keys == (first.public,)
    assert refused(ring.admit, adding(NODE, stolen, role="log", next=hashed(third)), 1) == "REC-020"
    assert refused(ring.admit, adding(NODE, second, role="log"), 1) == "REC-020"
    rotated = ring.admit(adding(NODE, second, role="log", next=hashed(third)), 1)
    assert rotated.log_keys == (first.public, second.public)
    assert rotated.admit(adding(NODE, third, role="log", next=hashed(stolen)), 2).log_keys[-1] == third.public
    alone = rotated.admit(revoking(NODE, first, reason="superseded", invalid_from_index=2), 3)
    assert refused(alone.admit, revoking(NODE, second), 4) == "REC-020"


def hashed(key: SigningKey) -> str:
    return base64_strict.encode(sha256(key.public.raw).digest())
