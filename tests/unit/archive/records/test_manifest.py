"""Manifests: one leaf a file, provable alone."""

import json
from typing import Any

import pytest

from archive import merkle
from archive.records import base64_strict, jcs, manifest, rowtree
from archive.records.manifest import FileDigest, Leaf, Manifest
from tests.unit.archive.records.test_jcs import refused

FILES = [
    FileDigest(path, size, bytes([size]) * 32, 1, bytes(32)) for size, path in enumerate(["避難所.csv", "b", "a/c"])
]


def test_leaves_stand_in_the_order_of_their_path_bytes_and_each_proves() -> None:
    made = manifest.build(FILES)
    assert [leaf.digest().path for leaf in made.leaves] == ["a/c", "b", "避難所.csv"]
    assert made.leaves[made.index_of("b")].digest() == FILES[1]
    for index, leaf in enumerate(made.leaves):
        merkle.check_inclusion(leaf.hash, index, 3, made.proof(index), made.root)
    assert Manifest.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_the_same_files_never_give_the_same_commitments() -> None:
    one, other = manifest.build(FILES), manifest.build(FILES)
    assert one.root != other.root
    assert one.commitment != other.commitment
    assert len({leaf.salt for leaf in (*one.leaves, *other.leaves)}) == 6


def test_what_is_no_manifest() -> None:
    assert refused(manifest.build, []) == "REC-041"
    assert refused(manifest.build(FILES).index_of, "nowhere") == "REC-041"
    assert refused(Manifest.from_json, None) == "REC-041"
    assert refused(Manifest.from_json, {"leaves": [{}], "salt": ""}) == "REC-041"
    assert refused(Manifest.from_json, {"leaves": [], "salt": "YQ=="}) == "REC-002"


LEAF = manifest.build(FILES[:1]).leaves[0]


def leaf(text: dict[str, Any] | None = None, value: dict[str, Any] | None = None) -> Leaf:
    return Leaf(
        jcs.canonical({**json.loads(LEAF.text), **(text or {})}).decode(),
        LEAF.salt,
        jcs.canonical({**json.loads(LEAF.value), **(value or {})}).decode(),
    )


CHUNKS = json.loads(LEAF.value)["chunks"]


@pytest.mark.parametrize(
    ("damaged", "code"),
    [
        (leaf({"more": 1}), "REC-041"),
        (leaf(None, {"more": 1}), "REC-041"),
        (leaf({"size": "1"}), "REC-041"),
        (leaf({"size": True}), "REC-041"),
        (leaf({"path": 1}), "REC-041"),
        (leaf(None, {"chunks": []}), "REC-041"),
        (leaf(None, {"chunks": {**CHUNKS, "size": 4096}}), "REC-041"),
        (leaf(None, {"chunks": {**CHUNKS, "more": 1}}), "REC-041"),
        (leaf(None, {"chunks": {**CHUNKS, "n": 7}}), "REC-040"),
        (leaf(None, {"sha256": base64_strict.encode(b"\1" * 32)}), "REC-040"),
        (leaf({"bytes": base64_strict.encode(bytes(32))}), "REC-040"),
        (leaf({"bytes": "YQ=="}), "REC-002"),
        (Leaf(LEAF.text, bytes(32), LEAF.value), "REC-040"),
        (Leaf(LEAF.text + " ", LEAF.salt, LEAF.value), "REC-041"),
        (Leaf("[]", LEAF.salt, LEAF.value), "REC-041"),
        (Leaf("\ud800", LEAF.salt, LEAF.value), "REC-041"),
    ],
)
def test_a_damaged_leaf_has_its_own_code(damaged: Leaf, code: str) -> None:
    assert refused(damaged.digest) == code


def test_a_leaf_names_the_row_tree_of_a_table() -> None:
    rows, _ = rowtree.build([b"a\n", b"b\n"], bytes(32))
    assert leaf({"rows": rows.to_json()}).digest().rows == rows
    assert refused(leaf({"rows": {"n": 1, "root": "", "depth": 1}}).digest) == "REC-041"
