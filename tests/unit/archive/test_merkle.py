"""Trees and proofs: the vectors, and what each wrong shape is told."""

import json
from pathlib import Path

import pytest

from archive import merkle
from archive.errors import ArchiveError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "ledger.json").read_text("utf-8"))
LEAVES = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["leaves"]]


def refused(call, *args) -> str:
    with pytest.raises(ArchiveError) as error:
        call(*args)
    return error.value.code


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_vectors(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == VECTORS["roots"][size]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda p: p[:-1], "LED-021", id="one step short: an inner node offered as a leaf"),
        pytest.param(lambda p: [*p, p[0]], "LED-021", id="one step long"),
        pytest.param(lambda p: p[::-1], "LED-022", id="steps in another order"),
        pytest.param(lambda p: [p[0], p[0], p[2]], "LED-022", id="a step twice"),
        pytest.param(lambda p: [p[0][:31], *p[1:]], "LED-023", id="a short hash"),
    ],
)
def test_a_wrong_inclusion_proof_has_its_own_code(change, code: str) -> None:
    proof = merkle.inclusion_proof(LEAVES[:7], 5)
    root = merkle.root(LEAVES[:7])
    merkle.check_inclusion(LEAVES[5], 5, 7, proof, root)
    assert refused(merkle.check_inclusion, LEAVES[5], 5, 7, change(proof), root) == code


def test_an_inner_node_is_no_leaf() -> None:
    inner = merkle.node_hash(LEAVES[0], LEAVES[1])
    proof = merkle.inclusion_proof(LEAVES[:4], 0)[1:]
    assert refused(merkle.check_inclusion, inner, 0, 4, proof, merkle.root(LEAVES[:4])) == "LED-021"
    assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != inner


@pytest.mark.parametrize(
    ("index", "size"),
    [(7, 7), (8, 7), (-1, 7), (0, 0), (0, 2**63), (0, 2**64), (10**4999, 7), (0, 10**4999)],
    ids=["size", "beyond", "negative", "empty", "2**63", "2**64", "index of 5,000 digits", "size of 5,000 digits"],
)
def test_a_place_outside_the_tree(index: int, size: int) -> None:
    assert refused(merkle.check_inclusion, LEAVES[0], index, size, [], LEAVES[0]) == "LED-020"
    assert refused(merkle.inclusion_ranges, index, size) == "LED-020"


def test_the_largest_tree_has_a_path_of_63_steps() -> None:
    assert len(merkle.inclusion_ranges(2**62, merkle.MAX_SIZE)) == 63


def test_an_odd_leaf_is_carried_up_and_not_doubled() -> None:
    assert merkle.root([*LEAVES[:3], LEAVES[2]]) != merkle.root(LEAVES[:3])


@pytest.mark.parametrize(
    ("old", "new", "change", "code"),
    [
        pytest.param(0, 7, lambda p: [LEAVES[0]], "LED-021", id="from nothing, with a proof"),
        pytest.param(7, 7, lambda p: [LEAVES[0]], "LED-021", id="to itself, with a proof"),
        pytest.param(7, 6, lambda p: p, "LED-020", id="shrinking"),
        pytest.param(-1, 6, lambda p: p, "LED-020", id="negative"),
        pytest.param(3, 7, lambda p: p[:-1], "LED-021", id="short"),
        pytest.param(3, 7, lambda p: [*p, p[0]], "LED-021", id="long"),
        pytest.param(3, 7, lambda p: p[::-1], "LED-024", id="reversed"),
        pytest.param(4, 7, lambda p: [bytes(32)], "LED-024", id="old size a power of two"),
        pytest.param(3, 7, lambda p: [p[0], p[1], p[2][:-1], p[3]], "LED-023", id="a short hash"),
    ],
)
def test_a_wrong_consistency_proof_has_its_own_code(old: int, new: int, change, code: str) -> None:
    proof = merkle.consistency_proof(LEAVES[:new], min(max(old, 0), new))
    old_root, new_root = merkle.root(LEAVES[: max(old, 0)]), merkle.root(LEAVES[:new])
    assert refused(merkle.check_consistency, old, new, change(proof), old_root, new_root) == code


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root"),
    [
        pytest.param(0, 7, LEAVES[0], merkle.root(LEAVES[:7]), id="the empty tree has one root"),
        pytest.param(0, 0, LEAVES[0], LEAVES[0], id="both empty, both wrong"),
        pytest.param(0, 0, merkle.EMPTY_ROOT, LEAVES[0], id="the new empty tree is wrong"),
        pytest.param(7, 7, merkle.root(LEAVES[:7]), LEAVES[0], id="same size, other root"),
        pytest.param(4, 7, LEAVES[0], merkle.root(LEAVES[:7]), id="the old root is implied by the proof"),
    ],
)
def test_roots_that_do_not_fit(old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    proof = merkle.consistency_proof(LEAVES[:new], old)
    assert refused(merkle.check_consistency, old, new, proof, old_root, new_root) == "LED-024"


def test_the_consistency_vector() -> None:
    from base64 import b64encode

    proof = merkle.consistency_proof(LEAVES[:7], 3)
    assert [b64encode(step).decode() for step in proof] == VECTORS["consistency_3_to_7"]
    merkle.check_consistency(3, 7, proof, merkle.root(LEAVES[:3]), merkle.root(LEAVES[:7]))
