"""Signed notes, checkpoints and cosignatures: the vectors, and everything of LEDGER section 8, items 16 to 29."""

import base64
import hashlib

import pytest

from archive.ledger.checkpoint import (
    Checkpoint,
    cosignatures,
    open_checkpoint,
    parse_body,
    parse_checkpoint,
    sign_checkpoint,
)
from archive.ledger.cosign import CosignatureVerifier, cosign, cosignature_message
from archive.ledger.note import MAX_NOTE_BYTES, Note, NoteSignature, decode_decimal, parse_note
from archive.merkle import EMPTY_ROOT
from archive.records.keys import KeyKind, PublicKey, SigningKey
from tests.unit.archive.ledger.logs import CHECKPOINT, LOG_KEY, NOW, VECTORS, WITNESS_KEY, refused

LOG, WITNESS = LOG_KEY.public, WITNESS_KEY.public
HEAD = parse_checkpoint(CHECKPOINT).checkpoint
NOTE = parse_note(CHECKPOINT)


def signed(body: bytes) -> bytes:
    return Note(body, (NoteSignature(LOG.name, LOG.key_id, LOG_KEY.sign(body)),)).encode()


def grease(number: int) -> NoteSignature:
    blob = hashlib.sha256(b"grease%d" % number).digest()
    return NoteSignature(f"grease.example/{number}", blob[:4], blob[: 1 + number % 28])


def test_the_vector_is_read_verified_and_written_again() -> None:
    head = open_checkpoint(CHECKPOINT, [LOG])
    assert (head.origin, head.size, head.root.hex()) == (LOG.name, 7, VECTORS["roots"][7])
    assert [(one.witness, one.time) for one in cosignatures(head.note, [WITNESS])] == [(WITNESS, NOW)]
    line = cosign(HEAD.body, WITNESS_KEY, NOW)
    assert sign_checkpoint(HEAD, LOG_KEY).with_signatures([line]).encode() == CHECKPOINT
    assert len(CHECKPOINT) == VECTORS["inclusion_5_of_7"]["checkpoint_bytes"]
    assert hashlib.sha256(CHECKPOINT).hexdigest() == VECTORS["inclusion_5_of_7"]["checkpoint_sha256"]
    assert len(HEAD.body) == 67


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw[:-1], id="missing last LF"),
        pytest.param(lambda raw: raw + b"\n", id="blank line at the end"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda raw: raw.replace("—".encode(), b"-"), id="hyphen"),
        pytest.param(lambda raw: raw.replace("— ".encode(), "—\u3000".encode()), id="ideographic space"),
        pytest.param(lambda raw: raw.replace(b"midori ", "\u3000 ".encode()), id="ideographic space as name"),
        pytest.param(lambda raw: raw.replace(b"midori ", "\u2028 ".encode()), id="line separator in a name"),
        pytest.param(lambda raw: raw.replace(b"midori ", b"mi+dori "), id="plus in a name"),
        pytest.param(lambda raw: raw.replace(b"aoba\n7", b"ao\xffba\n7"), id="not UTF-8"),
        pytest.param(lambda raw: raw.replace(b"aoba\n7", b"ao\x00ba\n7"), id="NUL"),
        pytest.param(lambda raw: raw.replace(b"aoba\n7", b"ao\tba\n7"), id="tab"),
        pytest.param(lambda raw: raw.replace(b"\n\n", b"\n"), id="no blank line"),
        pytest.param(lambda raw: raw.replace(b"K1ve9AAA", b"K1ve 9AAA"), id="space in base64"),
        pytest.param(lambda raw: raw.replace(b"+6ug", b"-6ug"), id="URL base64"),
        pytest.param(lambda raw: raw.replace(b"giUgDQ==", b"giUgDR=="), id="stray bits in base64"),
        pytest.param(lambda raw: raw.replace(b"giUgDQ==", b"giUgDQ"), id="no padding"),
        pytest.param(lambda raw: raw + "— log.example AAAAAA==\n".encode(), id="nothing behind the key ID"),
        pytest.param(lambda raw: raw + "— log.example\n".encode(), id="no signature in the line"),
        pytest.param(lambda raw: raw + "— \n".encode() * 30_000, id="oversized"),
    ],
)
def test_a_note_that_is_not_one(damage) -> None:
    damaged = damage(CHECKPOINT)
    assert damaged != CHECKPOINT
    assert refused(parse_note, damaged) == "LED-001"


def test_separators_inside_the_text_are_no_line_ends() -> None:
    for odd in ("\u0085", "\u2028"):
        note = parse_note(signed(HEAD.body + odd.encode() + b"x\n"))
        assert note.text.count(b"\n") == 4


def test_a_byte_order_mark_is_another_origin() -> None:
    assert refused(open_checkpoint, b"\xef\xbb\xbf" + CHECKPOINT, [LOG]) == "LED-006"


def test_the_text_ends_at_the_last_blank_line() -> None:
    body = HEAD.body + b"\nsecond part\n"
    assert parse_note(signed(body)).text == body
    assert refused(parse_checkpoint, signed(body)) == "LED-005"


def test_a_hundred_unknown_signatures_pass() -> None:
    note = NOTE.with_signatures([grease(number) for number in range(100)])
    assert open_checkpoint(note.encode(), [LOG]).size == 7
    assert parse_note(note.encode()) == note
    assert len(note.encode()) < MAX_NOTE_BYTES


@pytest.mark.parametrize("first", [True, False], ids=["bad first", "bad last"])
@pytest.mark.parametrize("key", [LOG, WITNESS], ids=["log", "witness"])
def test_a_known_key_that_fails_once_refuses_the_whole_note(key: PublicKey, first: bool) -> None:
    bad = NoteSignature(key.name, key.key_id, bytes(7) + b"\x01" + bytes(64) if key is WITNESS else bytes(64))
    lines = (bad, *NOTE.signatures) if first else (*NOTE.signatures, bad)
    raw = Note(NOTE.text, lines).encode()
    assert refused(lambda: cosignatures(open_checkpoint(raw, [LOG]).note, [WITNESS])) == "LED-002"


def test_a_good_line_twice_counts_once_and_the_newest_time_holds() -> None:
    again = cosign(HEAD.body, WITNESS_KEY, NOW + 9)
    for lines in ((*NOTE.signatures, again, again), (again, *NOTE.signatures[::-1])):
        note = Note(NOTE.text, lines)
        assert [one.time for one in cosignatures(note, [WITNESS])] == [NOW + 9]


def test_keys_that_a_line_cannot_tell_apart() -> None:
    vector = VECTORS["collision"]
    seeds = [hashlib.sha256(b"collide" + counter.to_bytes(4, "big")).digest() for counter in vector["counters"]]
    keys = [SigningKey.from_seed(vector["name"], KeyKind.LOG, seed).public for seed in seeds]
    assert refused(open_checkpoint, CHECKPOINT, keys) == "LED-004"
    assert refused(open_checkpoint, CHECKPOINT, [keys[0]]) == "LED-003"
    assert open_checkpoint(CHECKPOINT, [LOG, LOG, keys[1]]).size == 7  # one name, two keys: a rotation


def test_s_plus_l_is_no_second_signature() -> None:
    blob = NOTE.signatures[0].blob
    order = 2**252 + 27742317777372353535851937790883648493
    high = blob[:32] + (int.from_bytes(blob[32:], "little") + order).to_bytes(32, "little")
    raw = Note(NOTE.text, (NoteSignature(LOG.name, LOG.key_id, high),)).encode()
    assert refused(open_checkpoint, raw, [LOG]) == "LED-002"


@pytest.mark.parametrize(
    "origin",
    [
        "peer.example/log",
        "log.example.jp/aoba ",
        "ｌｏｇ.example.jp/aoba",
        "log.example.jp/aoba\u0301",
        "LOG.example.jp/aoba",
    ],
)
def test_another_origin_signed_by_our_key(origin: str) -> None:
    body = Checkpoint(origin, 0, EMPTY_ROOT).body
    assert refused(open_checkpoint, signed(body), [LOG]) == "LED-006"


def test_an_extension_line_is_read_but_cannot_be_smuggled_in() -> None:
    extended = Checkpoint(LOG.name, 7, HEAD.root, ("extension",))
    assert open_checkpoint(signed(extended.body), [LOG]).checkpoint == extended
    smuggled = CHECKPOINT.replace(b"\n\n", b"\nextension\n\n", 1)
    assert refused(open_checkpoint, smuggled, [LOG]) == "LED-002"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"log\n7\n",
        b"\n7\n" + base64.b64encode(bytes(32)) + b"\n",
        b"log\n7\n" + base64.b64encode(bytes(31)) + b"\n",
        b"log\n7\n" + base64.b64encode(bytes(32)),
        b"log\n7\n" + b"_" * 43 + b"=\n",
        b"\xff\n7\n" + base64.b64encode(bytes(32)) + b"\n",
        *(
            b"log\n" + size + b"\n" + base64.b64encode(bytes(32)) + b"\n"
            for size in (b"07", b"+7", b" 7", b"7_0", "７".encode(), "²".encode(), b"", b"9" * 19, b"1" * 5000)
        ),
    ],
)
def test_a_body_that_is_no_checkpoint(body: bytes) -> None:
    assert refused(parse_body, body) == "LED-005"


def test_numbers_end_at_2_to_the_63() -> None:
    assert decode_decimal(b"9223372036854775807") == 2**63 - 1
    assert decode_decimal(b"9223372036854775808") is None


def test_a_cosignature_fits_one_body_and_one_role() -> None:
    other = Checkpoint(LOG.name, 8, HEAD.root).body
    replayed = Note(other, NOTE.signatures[1:])
    assert refused(cosignatures, replayed, [WITNESS]) == "LED-002"
    plain = Note(HEAD.body, (NoteSignature(WITNESS.name, WITNESS.key_id, WITNESS_KEY.sign(HEAD.body)),))
    assert refused(cosignatures, plain, [WITNESS]) == "LED-002"
    assert refused(CosignatureVerifier, LOG) == "LED-008"
    assert refused(open_checkpoint, CHECKPOINT, [WITNESS]) == "LED-008"
    assert refused(cosign, HEAD.body, LOG_KEY, NOW) == "LED-008"
    assert refused(sign_checkpoint, HEAD, WITNESS_KEY) == "LED-008"
    stranger = SigningKey.generate("other.example/log", KeyKind.LOG)
    assert refused(sign_checkpoint, HEAD, stranger) == "LED-006"


@pytest.mark.parametrize("time", [0, 2**63])
def test_an_impossible_time(time: int) -> None:
    assert refused(cosign, HEAD.body, WITNESS_KEY, time) == "LED-007"
    blob = time.to_bytes(8, "big") + WITNESS_KEY.sign(cosignature_message(HEAD.body, time))
    note = Note(HEAD.body, (NoteSignature(WITNESS.name, WITNESS.key_id, blob),))
    assert refused(cosignatures, note, [WITNESS]) == "LED-007"
