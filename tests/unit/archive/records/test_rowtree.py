"""The row tree: records are the file, one row proves alone, an erased row is noise (attack 40)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import merkle
from archive.records import rowtree
from archive.records.errors import BadManifest
from archive.records.rowtree import Rows

SEED = bytes(32)
TABLE = b'name,note\r\n"a ""x""","two\nlines"\r\nb,\n' + "避難所,給水".encode("cp932") + b"\rlast"


def test_the_vector_of_the_design() -> None:
    vector = json.loads((Path(__file__).parents[3] / "vectors" / "ledger.json").read_text())
    assert rowtree.seeds(SEED, 8)[5].hex() == "96de1c02ca4aa88d17e7067b4e4cc021cd46187dcf374b91da3b097df7299b72"
    assert isinstance(vector, dict)


def test_records_follow_quotes_and_every_kind_of_line_end() -> None:
    assert list(rowtree.split(TABLE)) == [
        b"name,note\r\n",
        b'"a ""x""","two\nlines"\r\n',
        b"b,\n",
        "避難所,給水".encode("cp932") + b"\r",
        b"last",
    ]
    assert list(rowtree.split(b"")) == []
    assert list(rowtree.split(b'a\n"never closed\nb\n')) == [b"a\n", b'"never closed\nb\n']


@given(st.lists(st.sampled_from([b'"', b"\r", b"\n", b",", b"a", b"\x83\x5c"]), max_size=40).map(b"".join))
def test_records_joined_are_the_file(raw: bytes) -> None:
    assert b"".join(rowtree.split(raw)) == raw


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=70), st.data())
def test_any_row_proves_alone_and_none_other_in_its_place(records: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    rows, _ = rowtree.build(records, SEED)
    proof = rowtree.prove(records, SEED, index)
    proof.check(rows)
    with pytest.raises(merkle.MerkleError):
        rowtree.RowProof(index, proof.raw + b"x", proof.seed, proof.path).check(rows)
    with pytest.raises(merkle.MerkleError):
        rowtree.RowProof(index + 1, proof.raw, proof.seed, proof.path).check(rows)


@given(st.integers(1, 70), st.data())
def test_an_erased_row_has_no_seed_and_the_others_keep_theirs(n: int, data: st.DataObject) -> None:
    erased = data.draw(st.sets(st.integers(0, n - 1), max_size=3))
    kept = rowtree.seeds_without(SEED, n, sorted(erased))
    want = rowtree.seeds(SEED, n)
    for index in range(n):
        assert rowtree.seed_at(kept, n, index) == (None if index in erased else want[index])
    assert len(kept) <= max(1, len(erased) * rowtree.depth_of(n))


def test_what_a_leaf_says_of_rows_is_read_strictly() -> None:
    rows, _ = rowtree.build([b"a", b"b", b"c"], SEED)
    assert Rows.from_json(rows.to_json()) == rows
    for wrong in ({"n": 0}, {"n": True}, {"depth": 1}, {"root": 5}, {"more": 1}):
        with pytest.raises(BadManifest):
            Rows.from_json({**rows.to_json(), **wrong})
    with pytest.raises(BadManifest):
        rowtree.build([], SEED)
