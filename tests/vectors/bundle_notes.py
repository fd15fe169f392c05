"""Bundles whose proofs, heads and signature lines are written otherwise than a signed note may be."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from archive import merkle
from archive.ledger.cosign import cosign
from archive.ledger.note import NoteSignature
from archive.records import base64_strict, ed25519
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.verify.damage import CITY, one_signature
from tests.unit.archive.verify.material import (
    FILES,
    PATH,
    City,
    add_key,
    assemble,
    city,
    genesis,
    honest,
    honest_release,
    publish,
    raw,
)
from tests.vectors.bundle_case import NOW, QUORUM, TRUST, WITNESSES, Case, bad, cosigned, good, with_lines

DASH = "— "


def notes() -> Iterator[Case]:
    yield from _lines()
    yield from _spellings()
    yield from _malleable()
    yield from _collision()


def _lines() -> Iterator[Case]:
    line = honest()["proof"].rpartition("\n\n")[2]
    name, blob = line.removeprefix(DASH).split()
    wrong = f"{DASH}{name} {_changed_signature(blob)}\n"
    yield bad("note-a-good-line-then-a-bad-one", with_lines(honest(), wrong), "LED-002")
    yield bad("note-a-bad-line-then-a-good-one", _everywhere(lambda text: text.replace(line, wrong + line)), "LED-002")
    yield good("note-a-good-line-twice", with_lines(honest(), line))
    grease = "".join(
        NoteSignature(
            f"grease{at}.example/log", sha256(bytes([at])).digest()[:4], sha256(b"g%d" % at).digest()
        ).line.decode()
        for at in range(100)
    )
    yield good("note-a-hundred-unknown-lines", with_lines(honest(), grease))
    same = NoteSignature(CITY.origin, b"\0\0\0\0", bytes(64)).line.decode()
    yield good("note-the-name-with-another-key-id", with_lines(honest(), same))
    as_witness = SigningKey.from_seed(CITY.origin, KeyKind.WITNESS, CITY.log.seed)
    yield good("note-the-log-key-as-a-witness", cosigned(honest(), [(as_witness, NOW)]))
    replayed = cosign(b"mihon.example/log\n1\n" + base64_strict.encode(bytes(32)).encode() + b"\n", WITNESSES[0], NOW)
    met = cosigned(honest(), [(WITNESSES[1], NOW), (WITNESSES[2], NOW)])
    yield replace(
        bad("note-a-cosignature-of-another-head", with_lines(met, replayed.line.decode()), "LED-002"), policy=QUORUM
    )
    ignored = with_lines(honest(), replayed.line.decode())
    yield replace(good("note-a-bad-cosignature-of-a-stranger", ignored), policy=TRUST)
    for word, time in (("zero", 0), ("beyond-63-bits", 2**63)):
        text = honest()["proof"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
        message = b"cosignature/v1\ntime %d\n" % time + text.encode()
        key = WITNESSES[0]
        made = NoteSignature(key.public.name, key.public.key_id, time.to_bytes(8, "big") + key.sign(message))
        found = bad(f"note-a-cosignature-time-{word}", with_lines(honest(), made.line.decode()), "LED-007")
        yield replace(found, policy=QUORUM)
    short = NoteSignature(WITNESSES[0].public.name, WITNESSES[0].public.key_id, bytes(71)).line.decode()
    yield replace(bad("note-a-cosignature-too-short", with_lines(honest(), short), "LED-002"), policy=QUORUM)


def _spellings() -> Iterator[Case]:
    last = honest()["proof"].rpartition(" ")[2].strip()
    size = "\n5\n"
    changes: dict[str, tuple[Callable[[str], str], str]] = {
        "a-hyphen-for-the-dash": (lambda text: text.replace(DASH, "- "), "LED-001"),
        "a-missing-last-line-feed": (lambda text: text[:-1], "LED-001"),
        "carriage-returns": (lambda text: text.replace("\n", "\r\n"), "REC-002"),
        "a-byte-order-mark": (lambda text: "\ufeff" + text, "LED-040"),
        "a-wide-space-in-a-name": (
            lambda text: text.replace(DASH + "mihon.example/log ", DASH + "mihon.\u3000example/log "),
            "LED-001",
        ),
        "base64-with-stray-bits": (lambda text: text.replace(last, _stray(last)), "LED-001"),
        "base64-without-padding": (lambda text: text.replace(last, last.rstrip("=")), "LED-001"),
        "no-signature": (lambda text: text.rpartition("\n\n")[0] + "\n\n", "LED-001"),
        "no-blank-line": (lambda text: text.replace("\n\n" + DASH, "\n" + DASH), "LED-001"),
        "size-0": (lambda text: text.replace(size, "\n0\n"), "LED-020"),
        "size-4": (lambda text: text.replace(size, "\n4\n"), "LED-021"),
        "size-6": (lambda text: text.replace(size, "\n6\n"), "LED-021"),
        "size-05": (lambda text: text.replace(size, "\n05\n"), "LED-005"),
        "size-in-wide-digits": (lambda text: text.replace(size, "\n\uff15\n"), "LED-005"),
        "size-two-to-the-63": (lambda text: text.replace(size, "\n9223372036854775808\n"), "LED-005"),
        "size-of-5000-digits": (lambda text: text.replace(size, "\n" + "9" * 5_000 + "\n"), "LED-005"),
        "size-with-a-sign": (lambda text: text.replace(size, "\n+5\n"), "LED-005"),
        "a-line-separator-in-the-origin": (
            lambda text: text.replace("\nmihon.example/log\n", "\nmihon.example/log\u2028\n"),
            "VER-024",
        ),
        "a-space-behind-the-origin": (
            lambda text: text.replace("\nmihon.example/log\n", "\nmihon.example/log \n"),
            "VER-024",
        ),
        "another-first-line": (lambda text: text.replace("@v1", "@v2"), "LED-040"),
        "an-extra-line": (lambda text: text.replace("@v1\n", "@v1\nextra aGVsbG8=\n"), ""),
        "an-extra-line-that-is-no-base64": (lambda text: text.replace("@v1\n", "@v1\nextra ?\n"), "LED-040"),
        "index-with-a-zero-before-it": (lambda text: text.replace("\nindex ", "\nindex 0"), "LED-040"),
        "index-two-to-the-64": (lambda text: text.replace("\nindex ", "\nindex 1844674407370955161"), "LED-040"),
        "a-hash-of-31-bytes": (_short_hash, "LED-040"),
        "a-hash-more": (_one_hash_more, "LED-021"),
        "a-root-of-31-bytes": (_short_root, "LED-005"),
    }
    for word, (change, code) in changes.items():
        found = _everywhere(change)
        yield bad(f"note-{word}", found, code) if code else good(f"note-{word}", found)
    huge = _everywhere(lambda text: text + f"{DASH}grease.example/log {base64_strict.encode(bytes(50_000))}\n")
    yield bad("note-of-more-than-64-kib", huge, "LED-001")


def _malleable() -> Iterator[Case]:
    """S + L in place of S: the same equation holds, and it is another signature."""
    line = honest()["proof"].rpartition(" ")[2].strip()
    data = base64_strict.decode(line)
    other = base64_strict.encode(data[:36] + _plus_order(data[36:]))
    yield bad("note-s-plus-l", _everywhere(lambda text: text.replace(line, other)), "LED-002")
    found = honest()
    sig = base64_strict.decode(_signature(found["statement"]["entry"]))
    changed = base64_strict.encode(sig[:32] + _plus_order(sig[32:]))
    found["statement"]["entry"] = one_signature(found["statement"]["entry"], sig=changed)
    yield bad("damage-s-plus-l", found, "REC-103")


def _collision() -> Iterator[Case]:
    """Two log keys with one name and one key ID (LEDGER section 8, item 19)."""
    name = "log.example.jp/aoba"
    one, two = (
        SigningKey.from_seed(name, KeyKind.LOG, sha256(b"collide" + number.to_bytes(4, "big")).digest())
        for number in (33521, 65717)
    )
    assert one.public.key_id == two.public.key_id
    others = city(1, "log.example.jp")
    of = City("log.example.jp", one, others.node, others.agency)
    entries = [genesis(of), add_key(of, of.agency), publish(of, honest_release())]
    found = raw(assemble(of, entries, honest_release()))
    pinned = f"log {one.public.vkey}\n"
    both = f"{pinned}log {two.public.vkey}\nquorum none\n"
    yield Case("trust-a-key-id-that-collides", found, FILES[PATH], "matches", None, pinned + "quorum none\n")
    yield Case(
        "trust-the-colliding-key-alone",
        found,
        FILES[PATH],
        "broken",
        "LED-002",
        f"log {two.public.vkey}\nquorum none\n",
    )
    yield Case("trust-two-keys-that-collide", found, FILES[PATH], "broken", "LED-004", both)


def _everywhere(change: Callable[[str], str]) -> dict[str, Any]:
    """Return the honest bundle with every proof, and so the one head, changed alike."""
    found = honest()
    for holder in (found, *found["keys"]):
        changed = change(holder["proof"])
        holder["proof"] = changed
    return found


def _signature(entry: str) -> str:
    return str(json.loads(entry)["signatures"][0]["sig"])


def _changed_signature(blob: str) -> str:
    data = bytearray(base64_strict.decode(blob))
    data[-1] ^= 1
    return base64_strict.encode(bytes(data))


def _plus_order(scalar: bytes) -> bytes:
    return (int.from_bytes(scalar, "little") + ed25519.L).to_bytes(32, "little")


def _stray(text: str) -> str:
    """Return another base64 text that a loose reader decodes to the same bytes."""
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + "=" * (len(text) - len(body))


def _short_hash(text: str) -> str:
    first = text.split("\n")[2]
    return text.replace(first, base64_strict.encode(base64_strict.decode(first)[:31]), 1)


def _one_hash_more(text: str) -> str:
    return text.replace("\n\n", "\n" + base64_strict.encode(merkle.leaf_hash(b"more")) + "\n\n", 1)


def _short_root(text: str) -> str:
    root = text.partition("\n\n")[2].split("\n")[2]
    return text.replace(root, base64_strict.encode(bytes(31)), 1)
