"""Canonical JSON: what is accepted has one spelling; what two readers could read differently is refused."""

import pytest

from archive.errors import ArchiveError
from archive.records import base64_strict, jcs


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(ArchiveError) as error:
        call(*args, **kwargs)
    return error.value.code


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [True, False, None, "é"]}, '{"a":[true,false,null,"é"],"b":1}'),
        ({"\U0001f600": 1, "\uff01": 2}, '{"\U0001f600":1,"\uff01":2}'),  # UTF-16 order: the surrogate comes first
        ({"": -1}, '{"":-1}'),
        ('"\\\n', '"\\"\\\\\\n"'),
        (2**53 - 1, "9007199254740991"),
    ],
)
def test_one_value_one_spelling(value: object, written: str) -> None:
    assert jcs.canonical(value).decode() == written
    assert jcs.parse_canonical(written.encode()) == value


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {1: 2}, {"a": object()}, float("nan")])
def test_what_has_no_canonical_form(value: object) -> None:
    assert refused(jcs.canonical, value) == "REC-002"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"1.0",
        b"1e2",
        b"-0",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5_000,
        b"01",
        b"+1",
        "７".encode(),
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        '"a"'.encode("utf-16"),
        "1".encode("utf-32"),
        b"[" * 9 + b"]" * 9,
        b"[" * 30_000,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b"",
        b"1 2",
        b"{,}",
        b"'a'",
        b'"\\u0000"',
        b'"\\u001b"',
        b'"\\t"',
        b'"\\u007f"',
        b'"a\tb"',
        '"\u202e"'.encode(),
        '"\u2066"'.encode(),
        '"\u0085"'.encode(),
        '"e\u0301"'.encode(),  # the NFD twin of é
        '{"\u30ab\u3099":1}'.encode(),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes) -> None:
    assert refused(jcs.parse, raw) == "REC-002"


@pytest.mark.parametrize(
    "raw",
    [b'{"b":1,"a":2}', b" 1", b"1\n", b'{"a": 1}', b'"\\u0061"', b'"\\/"', b'{"\xef\xbc\x81":1,"\xf0\x9f\x98\x80":2}'],
)
def test_another_spelling_is_not_canonical(raw: bytes) -> None:
    jcs.parse(raw)
    assert refused(jcs.parse_canonical, raw) == "REC-003"


def test_limits() -> None:
    assert jcs.parse(b"[" * 7 + b"1" + b"]" * 7) is not None
    assert jcs.parse(b'"' + b"a" * (jcs.MAX_BYTES - 2) + b'"')
    assert refused(jcs.parse, b'"' + b"a" * (jcs.MAX_BYTES - 1) + b'"') == "REC-001"
    assert refused(jcs.parse, b"12", limit=1) == "REC-001"
    assert jcs.parse(b'"a\\nb"') == "a\nb"


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "-_-_", "é", "Y===", "=YQ="])
def test_base64_has_one_spelling(text: str) -> None:
    assert refused(base64_strict.decode, text) == "REC-002"


def test_base64_of_an_expected_length() -> None:
    assert base64_strict.decode("YQ==", 1) == b"a"
    assert base64_strict.decode("", 0) == b""
    assert refused(base64_strict.decode, "YQ==", 2) == "REC-002"
