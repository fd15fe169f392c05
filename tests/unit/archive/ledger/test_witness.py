"""The witness answers as C2SP tlog-witness says, and never signs what it could not keep."""

import base64
import sqlite3
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from archive import merkle
from archive.ledger.checkpoint import Checkpoint, cosignatures, open_checkpoint, parse_checkpoint, sign_checkpoint
from archive.ledger.fork import Fork
from archive.ledger.note import MAX_NOTE_BYTES, Note, NoteSignature, parse_signature_line
from archive.ledger.witness import (
    MAX_PROOF_LINES,
    SIZE_TYPE,
    AddCheckpoint,
    Reply,
    Witness,
    origin_hash,
    parse_request,
)
from archive.ledger.witness_state import WITNESS_FILE, Held, SqliteWitnessState
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.ledger.logs import CHECKPOINT, ENTRIES, LOG_KEY, NOW, VECTORS, WITNESS_KEY, clock, refused

LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
OTHER = [*LEAVES[:1], *LEAVES[:0:-1]]


@pytest.fixture
def kept() -> list[Fork]:
    return []


@pytest.fixture
def witness(tmp_path: Path, kept: list[Fork]) -> Witness:
    SqliteWitnessState.create(tmp_path)
    keys = {LOG_KEY.public.name: [LOG_KEY.public]}
    return Witness(WITNESS_KEY, SqliteWitnessState(tmp_path), lambda origin: keys.get(origin, []), kept.append, clock)


def note(size: int, leaves=LEAVES, key: SigningKey = LOG_KEY, root: bytes | None = None) -> bytes:
    found = root if root is not None else merkle.root(leaves[:size])
    return sign_checkpoint(Checkpoint(key.public.name, size, found), key).encode()


def request(old: int, size: int, leaves=LEAVES) -> bytes:
    proof = merkle.consistency_proof(leaves[:size], old) if 0 < old < size else []
    return AddCheckpoint(old, tuple(proof), note(size, leaves)).encode()


def cosigned(raw: bytes, reply: Reply) -> int:
    """Return the time of the witness's cosignature in `reply`, verified."""
    assert reply.status == 200
    line = parse_signature_line(reply.body.removesuffix(b"\n"))
    (found,) = cosignatures(parse_checkpoint(raw).note.with_signatures([line]), [WITNESS_KEY.public])
    return found.time


def test_the_request_of_the_vectors() -> None:
    log_line = CHECKPOINT.split(b"\n")[4] + b"\n"
    body = CHECKPOINT.split(b"\n\n")[0] + b"\n\n" + log_line
    proof = tuple(base64.b64decode(each) for each in VECTORS["consistency_3_to_7"])
    raw = AddCheckpoint(3, proof, body).encode()
    expected = b"old 3\n" + b"".join(each.encode() + b"\n" for each in VECTORS["consistency_3_to_7"]) + b"\n" + body
    assert raw == expected
    assert parse_request(raw) == AddCheckpoint(3, proof, body)
    assert raw == request(3, 7)


def test_a_growing_log_is_cosigned(witness: Witness) -> None:
    assert cosigned(note(3), witness.add_checkpoint(request(0, 3))) == NOW
    assert cosigned(note(7), witness.add_checkpoint(request(3, 7))) == NOW
    assert cosigned(note(7), witness.add_checkpoint(request(7, 7))) == NOW  # again, for a fresher time
    assert cosigned(note(8), witness.add_checkpoint(request(7, 8))) == NOW


def test_the_vector_s_cosignature_is_what_we_make(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 3))
    assert witness.add_checkpoint(request(3, 7)).body == CHECKPOINT.split(b"\n")[5] + b"\n"
    assert witness.latest("fe0a13b803959e11b70bb3d8b86b0c7ac01d9950bcd709b9ba4c161f55090ef8") == CHECKPOINT


def test_an_empty_log_is_cosigned(witness: Witness) -> None:
    cosigned(note(0), witness.add_checkpoint(request(0, 0)))
    cosigned(note(5), witness.add_checkpoint(request(0, 5)))


MALFORMED = [
    b"",
    b"old 3",
    b"old 03\n\n" + note(7),
    b"old -1\n\n" + note(7),
    b"old 1_0\n\n" + note(7),
    "old ７\n\n".encode() + note(7),
    b"new 0\n\n" + note(7),
    b"old 0\r\n\r\n" + note(7),
    b"old 0\nAAAA\n\n" + note(7),
    b"old 0\n\n" + note(7)[:-1],
    b"old 0\n\nno note\n",
    b"old 8\n\n" + note(7),
    AddCheckpoint(3, (bytes(32),) * (MAX_PROOF_LINES + 1), note(7)).encode(),
    b"old 0\n\n" + note(7) + b"\n" * MAX_NOTE_BYTES,
]


@pytest.mark.parametrize("raw", MALFORMED)
def test_what_does_not_parse_is_400(witness: Witness, raw: bytes) -> None:
    assert witness.add_checkpoint(raw).status == 400
    assert witness.state.held(LOG_KEY.public.name) is None


def test_a_stranger_is_404_before_its_signature_is_looked_at(witness: Witness) -> None:
    stranger = SigningKey.generate("stranger.example/log", KeyKind.LOG)
    raw = note(3, key=stranger)
    assert witness.add_checkpoint(b"old 0\n\n" + raw).status == 404


def test_what_the_log_did_not_sign_is_403(witness: Witness) -> None:
    other = SigningKey.generate(LOG_KEY.public.name, KeyKind.LOG)
    assert witness.add_checkpoint(b"old 0\n\n" + note(3, key=other)).status == 403
    signed = parse_checkpoint(note(3)).note
    line = signed.signatures[0]
    wrong = NoteSignature(line.name, line.key_id, bytes(64))
    for lines in ((line, wrong), (wrong, line)):
        assert witness.add_checkpoint(b"old 0\n\n" + Note(signed.text, lines).encode()).status == 403


def test_another_old_size_is_409_with_ours(witness: Witness) -> None:
    assert witness.add_checkpoint(request(3, 7)) == Reply(409, b"0\n", SIZE_TYPE)
    witness.add_checkpoint(request(0, 5))
    assert witness.add_checkpoint(request(0, 7)) == Reply(409, b"5\n", SIZE_TYPE)
    assert witness.add_checkpoint(request(0, 3)) == Reply(409, b"5\n", SIZE_TYPE)


def test_grease_among_the_lines_is_ignored_and_not_kept(witness: Witness) -> None:
    signed = parse_checkpoint(note(3)).note
    grease = [NoteSignature(f"grease{number}", bytes(4), bytes(40)) for number in range(100)]
    reply = witness.add_checkpoint(b"old 0\n\n" + signed.with_signatures(grease).encode())
    cosigned(note(3), reply)
    latest = witness.latest(origin_hash(LOG_KEY.public.name))
    assert latest is not None
    assert b"grease" not in latest
    open_checkpoint(latest, [LOG_KEY.public])


@pytest.mark.parametrize(
    "raw",
    [
        AddCheckpoint(0, (), note(0, root=bytes(32))).encode(),
        AddCheckpoint(0, (bytes(32),), note(7)).encode(),
    ],
)
def test_what_contradicts_itself_is_422(witness: Witness, raw: bytes) -> None:
    assert witness.add_checkpoint(raw).status == 422
    assert witness.state.held(LOG_KEY.public.name) is None


def test_a_proof_that_does_not_fit_is_422_and_moves_nothing(witness: Witness, kept: list[Fork]) -> None:
    witness.add_checkpoint(request(0, 3))
    assert witness.add_checkpoint(request(3, 7, OTHER)).status == 422
    assert witness.add_checkpoint(AddCheckpoint(3, (), note(7)).encode()).status == 422
    assert witness.add_checkpoint(AddCheckpoint(3, (bytes(32),), note(3)).encode()).status == 422
    assert not kept
    cosigned(note(7), witness.add_checkpoint(request(3, 7)))


def test_a_fork_of_equal_size_is_kept_and_the_log_frozen(witness: Witness, kept: list[Fork]) -> None:
    witness.add_checkpoint(request(0, 5))
    assert witness.add_checkpoint(request(5, 5, OTHER)).status == 422
    (fork,) = kept
    fork.check([LOG_KEY.public])
    assert witness.state.frozen() == {LOG_KEY.public.name: fork.id}
    assert witness.add_checkpoint(request(5, 7)).status == 404
    assert not witness.state.replace(
        witness.state.held(LOG_KEY.public.name), Held(LOG_KEY.public.name, 7, bytes(32), b""), ""
    )


def test_it_signs_nothing_without_its_memory(witness: Witness, tmp_path: Path) -> None:
    (tmp_path / "witness.sqlite").unlink()
    assert refused(witness.add_checkpoint, request(0, 3)) == "LED-112"
    assert not (tmp_path / "witness.sqlite").exists()
    (tmp_path / "witness.sqlite").write_bytes(b"no database" * 100)
    assert refused(witness.add_checkpoint, request(0, 3)) == "LED-112"


def test_making_the_memory_again_forgets_nothing(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(request(0, 5))
    SqliteWitnessState.create(tmp_path)
    assert witness.add_checkpoint(request(0, 3)).status == 409


def test_racing_requests_never_roll_it_back(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 1))
    replies: list[Reply] = []
    start = threading.Barrier(6)

    def race(size: int) -> None:
        start.wait()
        replies.append(witness.add_checkpoint(request(1, size)))

    threads = [threading.Thread(target=race, args=(size,)) for size in (2, 3, 4, 5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409, 409]
    held = witness.state.held(LOG_KEY.public.name)
    assert held is not None
    won = next(reply for reply in replies if reply.status == 200)
    cosigned(note(held.size), won)


def test_the_same_checkpoint_again_writes_nothing_for_a_minute(witness: Witness, tmp_path: Path) -> None:
    first = witness.add_checkpoint(request(0, 4))
    other = sqlite3.connect(tmp_path / WITNESS_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # whoever wants to write now waits
    assert witness.add_checkpoint(request(4, 4)) == first
    other.execute("ROLLBACK")
    other.close()
    later = replace(witness, clock=lambda: NOW + 60)
    assert cosigned(note(4), later.add_checkpoint(request(4, 4))) == NOW + 60
    assert cosigned(note(5), later.add_checkpoint(request(4, 5))) == NOW + 60


def test_nobody_is_shown_under_an_unknown_hash(witness: Witness) -> None:
    assert witness.latest(sha256(b"nobody").hexdigest()) is None
