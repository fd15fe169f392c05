"""Statements: what may be said, and nothing besides."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from archive.records import base64_strict, jcs
from archive.records.statements import BODIES, Statement, check_body, format_time, parse, parse_time
from tests.unit.archive.records.test_jcs import refused

HASH = base64_strict.encode(bytes(32))
VKEY = "log.example.jp/aoba+2cbe53ae+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
WHEN = "2026-01-01T00:00:00Z"
WIDE = "A" * 86 + "=="
GOOD: dict[str, dict[str, Any]] = {
    "genesis": {
        "origin": "a/log",
        "log": [VKEY],
        "node": [],
        "witness": [],
        "mirror": [],
        "recovery": HASH,
        "next": HASH,
        "heirs": {"k": 0, "vkeys": []},
        "policy": "quorum none\n",
        "specs": ["c2sp.org/tlog-tiles"],
    },
    "add-key": {"name": "a/agency/b", "vkey": VKEY, "role": "agency", "custody": "own", "not_before": WHEN},
    "publish": {
        "dataset": "hinanjo",
        "version": 1,
        "manifest": HASH,
        "metadata": HASH,
        "files": 1,
        "bytes": 0,
        "licence": "CC-BY-4.0",
        "supersedes": 4,
    },
    "amend": {"dataset": "hinanjo", "version": 1, "of": 4, "metadata": HASH, "reason": HASH},
    "withdraw": {
        "dataset": "hinanjo",
        "version": 2,
        "of": 4,
        "ground": {"code": "error", "law": "条例"},
        "visible_from": WHEN,
    },
    "revoke-key": {"name": "a/agency/b", "keyid": "00ff00ff", "reason": "compromised", "invalid_from_index": 4},
    "erase": {
        "dataset": "hinanjo",
        "version": 2,
        "of": [4],
        "scope": "bytes",
        "ground": {"code": "court", "law": "条例"},
        "order": HASH,
        "completed": WHEN,
    },
    "peer": {"origin": "b/log", "vkeys": [VKEY], "role": "witness"},
    "renew": {"from": 0, "to": 4, "hash": "sha-512", "entries": WIDE, "anchors": WIDE},
    "seal": {"size": 5, "reason": "合併"},
}


def payload(kind: str = "publish", **members: object) -> bytes:
    whole = {
        "v": 1,
        "type": kind,
        "log": "a/log",
        "agency": "a/agency/b",
        "seq": 0,
        "prev": None,
        "time": WHEN,
        "body": GOOD.get(kind, {}),
    }
    return jcs.canonical({name: value for name, value in {**whole, **members}.items() if value != "gone"})


def test_every_type_is_tried_here() -> None:
    assert set(GOOD) == set(BODIES)


@pytest.mark.parametrize("kind", list(GOOD))
def test_parse_undoes_payload(kind: str) -> None:
    said = parse(payload(kind))
    assert said.payload() == payload(kind)
    assert said == Statement(kind, "a/log", "a/agency/b", 0, None, datetime(2026, 1, 1, tzinfo=UTC), GOOD[kind])


@pytest.mark.parametrize("kind", list(GOOD))
def test_a_member_less_or_more_is_refused_except_under_x(kind: str) -> None:
    check_body(kind, {**GOOD[kind], "x": {"anything": [1]}})
    assert refused(check_body, kind, {**GOOD[kind], "y": 1}) == "REC-020"
    for member in GOOD[kind]:
        less = {name: value for name, value in GOOD[kind].items() if name != member}
        if f"{member}?" in BODIES[kind]:
            check_body(kind, less)
        else:
            assert refused(check_body, kind, less) == "REC-020"
        assert refused(check_body, kind, {**GOOD[kind], member: None}) == "REC-020"
        assert refused(check_body, kind, {**GOOD[kind], member: ""}) == "REC-020"


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("publish", "dataset", "Hinanjo"),
        ("publish", "dataset", "hinanj\u014d"),
        ("publish", "dataset", "hinanj\uff4f"),
        ("publish", "dataset", "a--b"),
        ("publish", "dataset", "a"),
        ("publish", "dataset", "a" * 81),
        ("publish", "dataset", "ab\n"),
        ("publish", "dataset", 1),
        ("publish", "version", 0),
        ("publish", "version", True),
        ("publish", "version", "1"),
        ("publish", "files", -1),
        ("publish", "manifest", "YQ=="),
        ("publish", "manifest", HASH[:-2] + "B="),
        ("publish", "manifest", 1),
        ("publish", "licence", "x" * 201),
        ("add-key", "role", "king"),
        ("add-key", "role", ["agency"]),
        ("add-key", "not_before", "2026-01-01 00:00:00Z"),
        ("add-key", "vkey", "x" * 3_001),
        ("genesis", "heirs", {"k": 0}),
        ("genesis", "heirs", {"k": -1, "vkeys": []}),
        ("genesis", "log", [VKEY] * 5),
        ("genesis", "log", VKEY),
        ("genesis", "log", [1]),
        ("withdraw", "ground", {"code": "error", "law": "x", "more": 1}),
        ("withdraw", "ground", "error"),
    ],
)
def test_a_member_of_another_shape(kind: str, member: str, value: object) -> None:
    assert refused(check_body, kind, {**GOOD[kind], member: value}) == "REC-020"
    assert (
        refused(
            Statement(
                kind, "a/log", "b", 0, None, datetime(2026, 1, 1, tzinfo=UTC), {**GOOD[kind], member: value}
            ).payload
        )
        == "REC-020"
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (payload(v=2), "REC-021"),
        (payload(v=True), "REC-021"),
        (payload(v="1"), "REC-021"),
        (payload("abolish"), "REC-021"),
        (payload("x" * 300), "REC-021"),
        (payload(critical=1), "REC-020"),
        (payload(log="gone"), "REC-020"),
        (payload(type="gone"), "REC-020"),
        (payload(type=1), "REC-020"),
        (b"[]", "REC-020"),
        (payload(log=""), "REC-020"),
        (payload(agency=1), "REC-020"),
        (payload(seq=-1), "REC-020"),
        (payload(seq=True), "REC-020"),
        (payload(seq=1), "REC-020"),
        (payload(prev=HASH), "REC-020"),
        (payload(seq=1, prev="YQ=="), "REC-020"),
        (payload(seq=1, prev=1), "REC-020"),
        (payload(body=[]), "REC-020"),
        (payload(time="2026-02-30T00:00:00Z"), "REC-020"),
        (payload(time="2026-01-01T24:00:00Z"), "REC-020"),
        (payload(time="2026-01-01T00:00:00+00:00"), "REC-020"),
        (payload(time="2026-01-01T00:00:00Z\n"), "REC-020"),
        (payload(time="２026-01-01T00:00:00Z"), "REC-020"),
        (payload(time=1), "REC-020"),
        (payload() + b" ", "REC-003"),
        (
            json.dumps(json.loads(payload()), separators=(",", ":")).encode().replace(b'"v":1', b'"v":1,"v":1'),
            "REC-002",
        ),
    ],
)
def test_what_is_no_statement(raw: bytes, code: str) -> None:
    assert refused(parse, raw) == code


def test_a_type_nobody_knows_has_no_body() -> None:
    assert refused(check_body, "abolish", {}) == "REC-021"
    assert refused(check_body, "publish", []) == "REC-020"


def test_times_are_utc_to_the_second() -> None:
    moment = parse_time("time", "2026-11-23T05:00:00Z")
    assert moment == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert format_time(moment) == "2026-11-23T05:00:00Z"
