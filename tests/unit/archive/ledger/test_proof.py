"""Proof files: the vector, and every way to misspell one."""

import hashlib

import pytest

from archive.ledger.proof import TlogProof, parse_proof
from tests.unit.archive.ledger.logs import ENTRIES, PROOF_FILE, VECTORS, refused


def test_the_vector_is_read_checked_and_written_again() -> None:
    assert hashlib.sha256(PROOF_FILE).hexdigest() == VECTORS["inclusion_5_of_7"]["sha256"]
    proof = parse_proof(PROOF_FILE)
    assert (proof.index, len(proof.hashes), proof.extra) == (5, 3, None)
    assert proof.encode() == PROOF_FILE
    proof.check_inclusion(ENTRIES[5])
    assert refused(proof.check_inclusion, ENTRIES[6]) == "LED-022"


def test_extra_is_carried_and_not_believed() -> None:
    plain = parse_proof(PROOF_FILE)
    for extra in (b"", b"salt"):
        proof = TlogProof(plain.index, plain.hashes, plain.checkpoint, extra)
        assert parse_proof(proof.encode()) == proof


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw.replace(b"@v1", b"@v2"), id="another version"),
        pytest.param(lambda raw: raw.replace(b"\n\n", b"\n"), id="no blank line"),
        pytest.param(lambda raw: raw.replace(b"index 5\n", b""), id="no index"),
        pytest.param(lambda raw: raw.replace(b"index 5", b"index 05"), id="leading zero"),
        pytest.param(lambda raw: raw.replace(b"index 5", b"index " + b"9" * 5000), id="5,000 digits"),
        pytest.param(lambda raw: raw.replace(b"index 5", b"index 5 "), id="trailing space"),
        pytest.param(lambda raw: raw.replace(b"index", b"extra A\nindex"), id="bad extra"),
        pytest.param(lambda raw: raw.replace(b"index", b"extra \nextra \nindex"), id="extra twice"),
        pytest.param(lambda raw: raw.replace(b"index", b"extra " + b"AAAA" * 22_000 + b"\nindex"), id="long extra"),
        pytest.param(lambda raw: raw.replace(b"lG93", b"lG9"), id="bad hash"),
        pytest.param(lambda raw: raw.replace(b"lG93", b""), id="short hash"),
        pytest.param(lambda raw: raw.replace(b"index 5\n", b"index 5\n" + (b"A" * 43 + b"=\n") * 64), id="64 hashes"),
        pytest.param(lambda raw: raw + bytes(300_000), id="oversized"),
        pytest.param(lambda raw: raw.split(b"\n\n")[0] + b"\n\n", id="no checkpoint"),
        pytest.param(lambda raw: b"c2sp.org/tlog-proof@v1\n\n" + raw, id="nothing but the first line"),
    ],
)
def test_a_misspelt_proof(change) -> None:
    assert change(PROOF_FILE) != PROOF_FILE
    assert refused(parse_proof, change(PROOF_FILE)) in {"LED-040", "LED-001"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw.replace(b"index 5", b"index 7"), "LED-020"),
        (lambda raw: raw.replace(b"index 5", b"index 4"), "LED-022"),
        (lambda raw: raw.replace(b"index 5", b"index 6"), "LED-021"),
    ],
)
def test_a_proof_for_another_place(change, code: str) -> None:
    assert refused(parse_proof(change(PROOF_FILE)).check_inclusion, ENTRIES[5]) == code
