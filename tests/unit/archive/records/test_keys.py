"""Keys, vkeys, signatures: the vectors, the unsafe points, and the same answers with and without OpenSSL."""

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.records import ed25519
from archive.records.keys import KeyKind, PublicKey, SigningKey

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "ledger.json").read_text("utf-8"))
KINDS = {"log": KeyKind.LOG, "witness": KeyKind.WITNESS, "statement": KeyKind.STATEMENT}
LOG_VKEY = VECTORS["log"]["vkey"]


def key_of(who: str) -> SigningKey:
    vector = VECTORS[who]
    return SigningKey.from_seed(vector["name"], KINDS[who], bytes.fromhex(vector["seed"]))


def refused(call, *args) -> str:
    with pytest.raises(ArchiveError) as error:
        call(*args)
    return error.value.code


@pytest.mark.parametrize("who", KINDS)
def test_vkeys_of_the_vectors(who: str) -> None:
    key = key_of(who)
    assert key.public.vkey == VECTORS[who]["vkey"]
    assert PublicKey.parse(key.public.vkey) == key.public


def test_the_same_seed_in_another_role_is_another_key() -> None:
    vector = VECTORS["log"]
    other = SigningKey.from_seed(vector["name"], KeyKind.WITNESS, bytes.fromhex(vector["seed"]))
    assert other.public.key_id.hex() == vector["key_id_as_witness"]


def test_two_keys_can_share_name_and_key_id() -> None:
    vector = VECTORS["collision"]
    seeds = [hashlib.sha256(b"collide" + counter.to_bytes(4, "big")).digest() for counter in vector["counters"]]
    keys = [SigningKey.from_seed(vector["name"], KeyKind.LOG, seed).public for seed in seeds]
    assert keys[0] != keys[1]
    assert {key.key_id.hex() for key in keys} == {vector["key_id"]}


def test_a_generated_key_signs_and_its_repr_keeps_the_seed_to_itself() -> None:
    key = SigningKey.generate("node.example/log", KeyKind.LOG)
    key.public.verify(b"message", key.sign(b"message"))
    assert key.seed.hex() not in repr(key)
    assert repr(key) == f"SigningKey({key.public.vkey!r})"
    assert SigningKey.from_seed("node.example/log", KeyKind.LOG, key.seed).public == key.public
    assert refused(key.public.verify, b"other", key.sign(b"message")) == "REC-103"


@pytest.mark.parametrize("raw", VECTORS["unsafe_keys"])
def test_small_order_non_canonical_and_off_curve_points_are_no_keys(raw: str) -> None:
    assert refused(PublicKey, "log.example", KeyKind.LOG, bytes.fromhex(raw)) == "REC-102"
    assert not ed25519.verify(bytes.fromhex(raw), b"", bytes(64))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "log",
        LOG_VKEY.replace("2cbe53ae", "2cbe53af"),
        LOG_VKEY.replace("2cbe53ae", "2CBE53AE"),
        LOG_VKEY.replace("log.", "l g."),
        LOG_VKEY.replace("log.", "l\u3000g."),
        LOG_VKEY.replace("log.", "l\x7fg."),
        LOG_VKEY + "\n",
        LOG_VKEY[:-1],
        LOG_VKEY[:-4],
        LOG_VKEY + "A===",
        VECTORS["witness"]["vkey"][:-1] + "Y",
        "x" * 256 + LOG_VKEY[18:],
        "x" * 2000,
        "\ud800" + LOG_VKEY,
        "log.example.jp/aoba+2cbe53ae+BgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.example.jp/aoba+2cbe53ae+A=",
    ],
)
def test_a_misspelt_vkey_is_refused(vkey: str) -> None:
    assert refused(PublicKey.parse, vkey) == "REC-101"


def test_base64_has_one_spelling() -> None:
    """The last character of 33 bytes carries no spare bits, that of 57 + 1 does: both are pinned by the round trip."""
    statement = VECTORS["statement"]["vkey"]
    raw = PublicKey.parse(statement).raw
    assert PublicKey("a", KeyKind.STATEMENT, raw).vkey != statement
    assert refused(PublicKey.parse, "a+00000000+AR==") == "REC-101"  # stray low bits: `validate=True` takes it


def test_a_seed_has_32_bytes() -> None:
    assert refused(SigningKey.from_seed, "a", KeyKind.LOG, bytes(31)) == "REC-101"
    assert refused(PublicKey, "a", KeyKind.LOG, bytes(31)) == "REC-101"
    assert refused(SigningKey.from_seed, "", KeyKind.LOG, bytes(32)) == "REC-101"


def test_both_verifiers_agree_on_random_and_mutated_signatures() -> None:
    rng = random.Random(2026)
    for _ in range(120):
        key = SigningKey.from_seed("a", KeyKind.LOG, rng.randbytes(32))
        message = rng.randbytes(rng.randrange(80))
        good = key.sign(message)
        bad = bytearray(good)
        bad[rng.randrange(64)] ^= 1 << rng.randrange(8)
        high = good[:32] + (int.from_bytes(good[32:], "little") + ed25519.L).to_bytes(32, "little")
        for signature in (good, bytes(bad), high, rng.randbytes(64), good[:63], b""):
            assert ed25519.verify(key.public.raw, message, signature) is (signature == good)
            if signature == good:
                key.public.verify(message, signature)
            else:
                assert refused(key.public.verify, message, signature) == "REC-103"


def test_without_cryptography_the_answers_are_the_same() -> None:
    key = key_of("log")
    program = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from archive.records.keys import BadSignature, PublicKey\n"
        "key = PublicKey.parse(sys.argv[1]); signature = bytes.fromhex(sys.argv[2])\n"
        "key.verify(b'message', signature)\n"
        "try: key.verify(b'Message', signature)\n"
        "except BadSignature: print('same')\n"
    )
    args = [sys.executable, "-c", program, key.public.vkey, key.sign(b"message").hex()]
    done = subprocess.run(args, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[4])
    assert done.stdout == "same\n"


def test_the_points_called_small_are_small() -> None:
    """Eight times each is the neutral element, so with them one signature would fit every message."""
    points = [ed25519._decode(y.to_bytes(32, "little")) for y in ed25519.SMALL_ORDER_Y]
    for point in points:
        assert point is not None
        for _ in range(3):
            point = ed25519._add(point, point)
        assert ed25519._encode(point) == (1).to_bytes(32, "little")
