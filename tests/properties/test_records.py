"""Laws of records and evidence: canonical JSON is a fixed point, commitments bind, one changed byte never passes unseen."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.errors import ArchiveError
from archive.records import commit, jcs, manifest
from archive.records.statements import Statement, parse
from archive.verify.bundle import parse as parse_bundle
from archive.verify.result import Result
from archive.verify.steps import check
from tests.unit.archive.verify.material import FILES, PATH, WHEN, city, digests, honest, raw

POLICY, FILE, RAW = city().policy, digests(FILES[PATH]), raw(honest())


def _is_plain(text: str) -> bool:
    try:
        jcs.check_text(text)
    except ArchiveError:
        return False
    return True


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "M"]), max_size=20).filter(_is_plain)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(item) for item in inner), default=0)


@given(values.filter(lambda value: _depth(value) <= jcs.MAX_DEPTH))
@example({"\U0001f600": 1, "\uff01": 2})
def test_canonical_json_is_a_fixed_point(value: Any) -> None:
    written = jcs.canonical(value)
    assert jcs.parse_canonical(written) == value
    assert json.loads(written) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    try:
        value = jcs.parse(data)
    except ArchiveError:
        return
    assert jcs.parse_canonical(jcs.canonical(value)) == value


@given(st.text(max_size=8), st.binary(max_size=20), st.text(max_size=8), st.binary(max_size=20))
def test_a_commitment_binds_field_and_value(field: str, value: bytes, other: str, another: bytes) -> None:
    salt = bytes(32)
    made = commit.commitment(field, salt, value)
    commit.check_opening(field, salt, value, made)
    if (field, value) != (other, another):
        with pytest.raises(ArchiveError):
            commit.check_opening(other, salt, another, made)


paths = st.lists(words.filter(bool), min_size=1, max_size=6, unique=True)


@given(paths)
@settings(deadline=None)
def test_a_manifest_survives_its_openings(names: list[str]) -> None:
    made = manifest.build([manifest.FileDigest(name, 1, bytes(32), 1, bytes(32)) for name in names])
    again = manifest.Manifest.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    assert again.commitment == made.commitment
    assert [leaf.digest().path for leaf in made.leaves] == sorted(names, key=str.encode)
    assert {made.index_of(name) for name in names} == set(range(len(names)))


@given(st.integers(0, 2**53 - 1), st.none() | st.binary(min_size=32, max_size=32), words.filter(bool))
def test_a_statement_survives_its_payload(seq: int, prev: bytes | None, law: str) -> None:
    body = {
        "dataset": "ab",
        "version": 1,
        "of": seq,
        "ground": {"code": "x", "law": law},
        "visible_from": "2026-01-01T00:00:00Z",
    }
    said = Statement("withdraw", "a/log", "a/agency/b", seq if prev else 0, prev, WHEN, body)
    if prev is not None and seq == 0:
        with pytest.raises(ArchiveError):
            parse(said.payload())
        return
    assert parse(said.payload()) == said


@given(st.integers(0, len(RAW) - 1), st.integers(0, 255))
@settings(deadline=None, max_examples=300)
def test_one_changed_byte_is_refused_or_says_nothing_else(at: int, byte: int) -> None:
    changed = RAW[:at] + bytes([byte]) + RAW[at + 1 :]
    result = check(FILE, changed, POLICY)
    assert result.exit_code == 1 or _means(result) == _means(check(FILE, RAW, POLICY))
    if result.exit_code == 0:  # only white space, or the hint that nobody believes
        one, other = parse_bundle(changed), parse_bundle(RAW)
        assert one == other or one.policy != other.policy


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_bundle_cut_anywhere_is_refused(data: st.DataObject) -> None:
    start, end = data.draw(st.integers(0, len(RAW) - 1)), data.draw(st.integers(1, 400))
    cut = check(FILE, RAW[:start] + RAW[start + end :], POLICY)
    assert cut.exit_code == 1 or _means(cut) == _means(check(FILE, RAW, POLICY))
    assert check(FILE, RAW[:start], POLICY).exit_code == 1


def _means(result: Result) -> tuple[Any, ...]:
    return result.verdict, result.file, result.facts
