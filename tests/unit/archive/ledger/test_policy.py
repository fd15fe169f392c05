"""Trust policies: syntax, quorums, time."""

import pytest

from archive.ledger.checkpoint import sign_checkpoint
from archive.ledger.cosign import cosign
from archive.ledger.policy import Policy
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.ledger.logs import CHECKPOINT, LOG_KEY, NOW, VECTORS, WITNESS_KEY, refused
from tests.unit.archive.ledger.test_note import HEAD

LOG, WITNESS = VECTORS["log"]["vkey"], VECTORS["witness"]["vkey"]
KEYS = [SigningKey.from_seed(f"w{n}.example", KeyKind.WITNESS, bytes([n + 100]) * 32) for n in range(4)]
WITNESSES = "".join(f"witness W{n} {key.public.vkey} https://w{n}.example/\n" for n, key in enumerate(KEYS))
SAME_KEY = SigningKey.from_seed("alias.example", KeyKind.WITNESS, KEYS[0].seed).public.vkey


def policy(text: str) -> Policy:
    return Policy.parse(text.encode())


def head_by(*signers: int, time: int = NOW) -> bytes:
    note = sign_checkpoint(HEAD, LOG_KEY)
    return note.with_signatures([cosign(note.text, KEYS[n], time) for n in signers]).encode()


def test_the_vector_under_quorum_none_and_under_its_witness() -> None:
    trusting = policy(f"# ours\n\n \t log \t {LOG} https://log.example.jp/log/ \nquorum none\n")
    assert trusting.check(CHECKPOINT).cosignatures == ()
    assert list(trusting.urls.values()) == ["https://log.example.jp/log/"]
    strict = policy(f"witness M {WITNESS}\nlog {LOG}\nquorum M\n")
    checked = strict.check(CHECKPOINT, NOW, 60)
    assert checked.signed.size == 7
    assert [(one.witness, one.time) for one in checked.cosignatures] == [(WITNESS_KEY.public, NOW)]


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("group G 3 W0 W1 W2 W3\nquorum G\n", (0, 2, 3), (0, 2)),
        ("group G any W0 W1 W2 W3\nquorum G\n", (3,), ()),
        ("group G all W0 W1\nquorum G\n", (0, 1), (0, 2, 3)),
        ("group A any W0 W1\ngroup B all A W2\nquorum B\n", (1, 2), (0, 1)),
        ("quorum W2\n", (2,), (0, 1, 3)),
    ],
)
def test_quorums(rule: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    trusted = policy(f"log {LOG}\n{WITNESSES}{rule}")
    assert len(trusted.check(head_by(*good)).cosignatures) == len(good)
    assert refused(trusted.check, head_by(*bad)) == "LED-052"
    if bad:
        assert refused(trusted.check, head_by(*bad, *bad)) == "LED-052"  # signing twice counts once


def test_time() -> None:
    trusted = policy(f"log {LOG}\n{WITNESSES}quorum W0\n")
    assert trusted.check(head_by(0, time=NOW + 600), NOW)
    assert refused(trusted.check, head_by(0, time=NOW + 601), NOW) == "LED-007"
    assert trusted.check(head_by(0, 1, time=NOW - 60), NOW, 60)
    assert refused(trusted.check, head_by(0, time=NOW - 61), NOW, 60) == "LED-053"
    assert refused(policy(f"log {LOG}\nquorum none\n").check, head_by(), NOW, 60) == "LED-053"


def test_an_unknown_log() -> None:
    other = SigningKey.generate("other.example/log", KeyKind.LOG).public.vkey
    assert refused(policy(f"log {other}\nquorum none\n").check, CHECKPOINT) == "LED-051"
    assert refused(policy("quorum none\n").check, CHECKPOINT) == "LED-051"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum none none\n",
        "quorum nobody\n",
        "log\nquorum none\n",
        f"log {LOG} url more\nquorum none\n",
        f"log {WITNESS}\nquorum none\n",
        f"log {LOG}x\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"witness W {LOG}\nquorum none\n",
        f"witness none {WITNESS}\nquorum none\n",
        f"witness {WITNESS}\nquorum none\n",
        "witness\nquorum none\n",
        f"{WITNESSES}witness W9 {SAME_KEY}\nquorum none\n",
        f"{WITNESSES}witness W0 {WITNESS}\nquorum none\n",
        f"{WITNESSES}group W0 any W1\nquorum none\n",
        f"{WITNESSES}group G 0 W1\nquorum G\n",
        f"{WITNESSES}group G 2 W1\nquorum G\n",
        f"{WITNESSES}group G 01 W1\nquorum G\n",
        f"{WITNESSES}group G any\nquorum G\n",
        f"{WITNESSES}group G all\nquorum G\n",
        f"{WITNESSES}group G\nquorum G\n",
        f"{WITNESSES}group G any G\nquorum G\n",
        f"{WITNESSES}group G any none\nquorum G\n",
        f"{WITNESSES}group G 2 W0 W0\nquorum G\n",
        f"{WITNESSES}group G any W0\ngroup H any W0\nquorum G\n",
        f"{WITNESSES}quorum G\ngroup G any W0\n",
        "peer x\nquorum none\n",
        "quorum none\r\n",
        "quorum none\x00\n",
        "quorum none\n" + "#\n" * 1001,
        "quorum none\n#" + "x" * 70_000 + "\n",
    ],
)
def test_a_policy_that_is_none(text: str) -> None:
    assert refused(policy, text) == "LED-050"


def test_octets_that_are_no_text_may_name_but_not_be_a_key() -> None:
    raw = f"log {LOG}\n".encode() + b"witness \xff " + WITNESS.encode() + b"\nquorum \xff\n"
    assert Policy.parse(raw).check(CHECKPOINT)
    assert refused(Policy.parse, b"log \xff\nquorum none\n") == "LED-050"
    assert refused(Policy.parse(raw).check, head_by()) == "LED-052"
