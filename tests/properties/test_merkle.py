"""Laws of trees and proofs, against the recursive definition of RFC 6962 and against pymerkle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from archive import merkle
from archive.errors import ArchiveError

entries_lists = st.lists(st.binary(max_size=8), min_size=1, max_size=40)
trees = entries_lists.map(lambda entries: [merkle.leaf_hash(entry) for entry in entries])


def definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(definition(leaves[:split]), definition(leaves[split:]))


def honest_proof(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*honest_proof(leaves[:split], index), definition(leaves[split:])]
    return [*honest_proof(leaves[split:], index - split), definition(leaves[:split])]


def flipped(hashes: list[bytes], step: int, bit: int) -> list[bytes]:
    changed = list(hashes)
    changed[step] = (int.from_bytes(changed[step], "big") ^ 1 << bit).to_bytes(32, "big")
    return changed


def test_roots_are_the_definition_up_to_600() -> None:
    leaves = [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(600)]
    for size in (*range(70), *range(250, 262), *range(508, 516), 600):
        assert merkle.root(leaves[:size]) == definition(leaves[:size])


@given(trees, st.data())
def test_an_honest_proof_is_made_and_accepted(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(leaves, index)
    assert proof == honest_proof(leaves, index)
    merkle.check_inclusion(leaves[index], index, len(leaves), proof, merkle.root(leaves))


@given(trees.filter(lambda leaves: len(leaves) > 1), st.data())
def test_one_flipped_bit_is_refused(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = honest_proof(leaves, index)
    changed = flipped(proof, data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255)))
    with pytest.raises(ArchiveError):
        merkle.check_inclusion(leaves[index], index, len(leaves), changed, merkle.root(leaves))


@given(trees, st.data())
def test_a_tree_continues_each_of_its_beginnings(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(0, len(leaves)))
    proof = merkle.consistency_proof(leaves, old)
    roots = merkle.root(leaves[:old]), merkle.root(leaves)
    merkle.check_consistency(old, len(leaves), proof, *roots)
    if proof:
        changed = flipped(proof, data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255)))
        with pytest.raises(ArchiveError):
            merkle.check_consistency(old, len(leaves), changed, *roots)


@given(entries_lists, st.data())
def test_pymerkle_agrees(entries: list[bytes], data: st.DataObject) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for entry in entries:
        oracle.append_entry(entry)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(entries) - 1))
    old = data.draw(st.integers(1, len(entries)))

    assert oracle.get_root(len(entries)) == merkle.root(leaves)
    path = oracle.prove_inclusion(index + 1, len(entries)).path
    assert path[1:] == merkle.inclusion_proof(leaves, index)  # it puts the leaf itself first
    proof = merkle.consistency_proof(leaves, old)
    merkle.check_consistency(old, len(entries), proof, oracle.get_root(old), oracle.get_root(len(entries)))
