"""ML-DSA-44 cosignatures: the vectors of the design, and every way in which a line can be wrong."""

from hashlib import sha256

import pytest

from archive.ledger.checkpoint import parse_checkpoint
from archive.ledger.cosign_mldsa import MAX_TIME, MldsaKey, MldsaSigner, cosigned_message
from archive.ledger.note import Note, NoteSignature, verified
from archive.ledger.proof import parse_proof
from tests.unit.archive.ledger.logs import PROOF_FILE
from tests.unit.archive.records.test_jcs import refused

NAME, TIME = "witness.example.jp/midori-pq", 1767225600
SIGNER = MldsaSigner(NAME, bytes(range(0x40, 0x60)))
HEAD = parse_proof(PROOF_FILE).checkpoint


def test_the_key_and_the_message_are_those_of_the_vectors() -> None:
    assert sha256(SIGNER.public.raw).hexdigest().startswith("6c1c6507")
    assert sha256(SIGNER.public.raw).hexdigest().endswith("3cb9")
    assert SIGNER.public.key_id.hex() == "3cf0f409"
    message = cosigned_message(NAME, HEAD.checkpoint, TIME)
    assert len(message) == 117
    assert sha256(message).hexdigest() == "beb60ea60b841e512d9f15f1b2f3105a87e67a6b588c2ac706ccc2e960e3e55d"


def test_a_line_verifies_among_others_and_is_of_the_size_of_the_vectors() -> None:
    line = SIGNER.cosign(HEAD.note.text, TIME)
    note = Note(HEAD.note.text, (*HEAD.note.signatures, line))
    assert [key for key, _ in verified(note, [SIGNER.public])] == [SIGNER.public]
    assert len(note.encode()) - len(HEAD.note.encode()) == 3278
    assert parse_checkpoint(note.encode()).size == 7


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda blob: blob[:-1], "REC-103"),
        (lambda blob: blob[:9] + bytes([blob[9] ^ 1]) + blob[10:], "REC-103"),
        (lambda blob: (TIME + 1).to_bytes(8, "big") + blob[8:], "REC-103"),
        (lambda blob: bytes(8) + blob[8:], "LED-007"),
        (lambda blob: b"\xff" + blob[1:], "LED-007"),
    ],
)
def test_a_changed_line_is_refused(change, code) -> None:
    blob = change(SIGNER.cosign(HEAD.note.text, TIME).blob)
    assert refused(SIGNER.public.verify, HEAD.note.text, blob) == code


def test_a_line_of_another_checkpoint_or_cosigner_is_refused() -> None:
    blob = SIGNER.cosign(HEAD.note.text, TIME).blob
    assert refused(SIGNER.public.verify, HEAD.note.text.replace(b"\n7\n", b"\n8\n"), blob) == "REC-103"
    assert refused(MldsaKey("other.example/w", SIGNER.public.raw).verify, HEAD.note.text, blob) == "REC-103"


def test_what_is_no_key_or_no_time() -> None:
    assert refused(MldsaKey, NAME, bytes(1311)) == "REC-101"
    assert refused(MldsaKey, "a b", bytes(1312)) == "REC-101"
    assert refused(MldsaSigner, NAME, bytes(31)) == "REC-101"
    assert refused(SIGNER.cosign, HEAD.note.text, 0) == "LED-007"
    assert refused(SIGNER.cosign, HEAD.note.text, MAX_TIME + 1) == "LED-007"
    assert "seed" not in repr(SIGNER)
    assert isinstance(SIGNER.cosign(HEAD.note.text, 1), NoteSignature)
