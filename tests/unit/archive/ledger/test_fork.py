"""Evidence of a fork convinces by itself, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger import fork
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.ledger.logs import LOG_KEY, WITNESS_KEY, refused

ONE = [merkle.leaf_hash(b"one %d" % number) for number in range(16)]
TWO = [merkle.leaf_hash(b"two %d" % number) for number in range(16)]
KEYS = [LOG_KEY.public]


def note(leaves: list[bytes], size: int, key: SigningKey = LOG_KEY) -> bytes:
    return sign_checkpoint(Checkpoint(key.public.name, size, merkle.root(leaves[:size])), key).encode()


def unequal(small: int, large: int) -> fork.Fork:
    proof = merkle.consistency_proof(TWO[:large], small)
    return fork.of_unequal_sizes(note(ONE, small), note(TWO, large), merkle.root(TWO[:small]), proof, KEYS)


def test_equal_sizes() -> None:
    found = fork.of_equal_size(note(ONE, 5), note(TWO, 5), KEYS)
    assert found == fork.of_equal_size(note(TWO, 5), note(ONE, 5), KEYS)  # one lie, one file
    assert found.is_equal
    again = fork.parse(found.encode())
    again.check(KEYS)
    assert (again.id, again.origin) == (found.id, LOG_KEY.public.name)


@pytest.mark.parametrize(("small", "large"), [(5, 9), (4, 9), (8, 16), (1, 2), (7, 8)])
def test_unequal_sizes(small: int, large: int) -> None:
    found = unequal(small, large)
    assert not found.is_equal
    fork.parse(found.encode()).check(KEYS)


def test_an_honest_log_is_not_convicted() -> None:
    proof = merkle.consistency_proof(ONE[:9], 5)
    root = merkle.root(ONE[:5])
    assert refused(fork.of_equal_size, note(ONE, 5), note(ONE, 5), KEYS) == "LED-111"
    assert refused(fork.of_equal_size, note(ONE, 5), note(ONE, 9), KEYS) == "LED-111"
    assert refused(fork.of_unequal_sizes, note(ONE, 5), note(ONE, 9), root, proof, KEYS) == "LED-111"
    assert refused(fork.of_unequal_sizes, note(ONE, 5), note(ONE, 9), bytes(32), proof, KEYS) == "LED-111"
    assert refused(fork.of_unequal_sizes, note(ONE, 4), note(ONE, 8), bytes(32), [], KEYS) == "LED-111"
    assert refused(fork.of_unequal_sizes, note(ONE, 9), note(TWO, 5), bytes(32), [], KEYS) == "LED-111"
    assert refused(fork.of_unequal_sizes, note(ONE, 0), note(TWO, 5), bytes(32), [], KEYS) == "LED-111"


def test_others_signatures_convict_nobody() -> None:
    other = SigningKey.generate(LOG_KEY.public.name, KeyKind.LOG)
    assert refused(fork.of_equal_size, note(ONE, 5), note(TWO, 5, other), KEYS) == "LED-003"


def test_cosignatures_do_not_make_other_evidence() -> None:
    from archive.ledger.checkpoint import parse_checkpoint
    from archive.ledger.cosign import cosign

    one = parse_checkpoint(note(ONE, 5)).note
    witnessed = one.with_signatures([cosign(one.text, WITNESS_KEY, 5)]).encode()
    plain = fork.of_equal_size(note(ONE, 5), note(TWO, 5), KEYS)
    assert fork.of_equal_size(witnessed, note(TWO, 5), KEYS).id == plain.id


RAW = fork.of_equal_size(note(ONE, 5), note(TWO, 5), KEYS).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x" * (fork.MAX_FORK_BYTES + 1),
        RAW.replace(b"v1", b"v2"),
        RAW + b"x",
        RAW.replace(b"\n\n", b"\nAAAA\n\n", 1),
        unequal(5, 9).encode().replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1).replace(b"v1\n", b"v1\n0"),
        fork.Fork(unequal(5, 9).second, unequal(5, 9).first, bytes(32)).encode(),
        fork.Fork(unequal(5, 9).first, unequal(5, 9).second).encode(),
    ],
)
def test_malformed_evidence(raw: bytes) -> None:
    assert refused(fork.parse, raw) == "LED-110"


@given(st.integers(0, len(RAW) * 8 - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    raw = bytearray(RAW)
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ArchiveError):
        fork.parse(bytes(raw)).check(KEYS)


@given(st.binary(max_size=400))
def test_noise_raises_our_errors_only(raw: bytes) -> None:
    with pytest.raises(ArchiveError):
        fork.parse(raw)
