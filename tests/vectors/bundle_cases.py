"""Good and bad evidence bundles with the answer that every verifier must give, made again the same at any time.

The parts come from tests/unit/archive/verify: fixed keys, salts and times. What each case expects is written here by
hand from docs/reference/evidence-bundle.md, and never computed by the verifier under test.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archive.records import base64_strict, jcs, rowtree
from archive.records.commit import commitment
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.verify.damage import DAMAGE, flip
from tests.unit.archive.verify.kinds import (
    CITY,
    REVOKE,
    TABLE,
    WITHDRAW,
    YOUNG,
    about,
    bundle,
    erase,
    erased_bundle,
    later,
    rotated,
    row_bundle,
    whole_release,
)
from tests.unit.archive.verify.material import (
    FILES,
    PATH,
    SALT,
    add_key,
    assemble,
    city,
    genesis,
    honest,
    honest_release,
    publish,
    raw,
    release,
)
from tests.vectors.bundle_case import NOW, QUORUM, TRUST, WITNESSES, Case, bad, cosigned, good

ROWS = list(rowtree.split(TABLE))


def cases() -> Iterator[Case]:
    """Return bundles of every kind, what follows them, whom the reader trusts, and damage of one part."""
    for part in (_good, _kinds, _later, _trust, _damage, _files, _texts):
        yield from part()


def _good() -> Iterator[Case]:
    published = honest_release()
    three = [genesis(CITY), add_key(CITY, CITY.agency), publish(CITY, published)]
    for path, word in ((PATH, "a-file-of-many-chunks"), ("readme.txt", "a-small-file"), ("空.txt", "an-empty-file")):
        yield good(f"good-{word}", assemble(CITY, three, published, path=path), FILES[path])
    yield good("good-a-log-with-other-entries", honest())
    single = release(holds={PATH: b"x"})
    yield good("good-one-file", assemble(CITY, [*three[:2], publish(CITY, single)], single), b"x")
    younger = SigningKey.from_seed(CITY.agency.public.name, KeyKind.STATEMENT, b"y" * 32)
    added = [*three[:2], add_key(CITY, younger, by=CITY.agency), publish(CITY, published, by=younger)]
    yield good("good-a-key-added-by-an-older-one", assemble(CITY, added, published, keys=(0, 1, 2)))
    many = release(holds={f"f{at}.txt": b"%d" % at for at in range(70)})
    entries = [*three[:2], *(b'{"n":%d}' % at for at in range(297)), publish(CITY, many)]
    yield good("good-seventy-files-in-a-long-log", assemble(CITY, entries, many, path="f41.txt"), b"41")
    told = release(title={"ja": "避難所", "en": 'Shelters "1"\\2/3 é 😀'}, single_person=True)
    yield good("good-a-title-with-many-scripts", assemble(CITY, [*three[:2], publish(CITY, told)], told))
    extended = honest()
    extended["x"], extended["file"]["x"], extended["manifest"]["x"] = {"note": ["hello", {}, None, True]}, [1], 0
    extended["policy"] = f"log {city(2).log.public.vkey}\nquorum none\n"
    yield good("good-extensions-and-another-hint", extended)
    yield Case("good-spelled-with-escapes", json.dumps(honest(), indent=2).encode(), FILES[PATH], "matches")
    turned = dict(reversed(list(honest().items())))
    yield good("good-members-in-another-order", turned)
    yield replace(good("good-no-clock", honest()), now=None)


def _kinds() -> Iterator[Case]:
    whole = whole_release(honest_release())
    for path, word in ((PATH, "large"), ("readme.txt", "small"), ("空.txt", "empty")):
        yield good(f"release-{word}-file", whole, FILES[path])
    yield bad("release-another-file", whole, "VER-052", b"another")
    yield bad("release-no-file", whole, "VER-053", None)
    yield bad("release-leaf-left-out", _leaves(lambda leaves: leaves[1:]), "VER-012")
    yield bad("release-leaf-twice-at-the-end", _leaves(lambda leaves: [*leaves, leaves[-1]]), "VER-012")
    yield bad("release-leaves-in-another-order", _leaves(lambda leaves: leaves[::-1]), "REC-040")
    gone = {"hash": base64_strict.encode(honest_release().tree.leaves[0].hash)}
    yield good("release-one-file-erased", _leaves(lambda leaves: [gone, *leaves[1:]]), FILES[PATH])
    yield bad("release-the-erased-file", _leaves(lambda leaves: [gone, *leaves[1:]]), "VER-052", FILES["readme.txt"])
    yield bad("release-another-leaf-is-wrong", _leaves(_with_a_wrong_opening), "REC-040", FILES["readme.txt"])
    yield bad("release-too-many-leaves", _leaves(lambda leaves: [0] * 10_001), "VER-001")
    yield bad("release-of-no-leaves", _leaves(lambda leaves: []), "VER-052")
    for at, row in enumerate(ROWS):
        yield good(f"row-{at}", row_bundle(at), row)
    yield bad("row-other-bytes", row_bundle(1), "VER-010", ROWS[1] + b" ")
    yield bad("row-no-bytes", row_bundle(1), "VER-053", None)
    yield bad("row-in-another-place", _row(index=2), "LED-021", ROWS[1])
    yield bad("row-outside-the-table", _row(index=3), "LED-020", ROWS[1])
    yield bad("row-with-other-raw", _row(raw=base64_strict.encode(b"x")), "LED-022", b"x")
    yield bad("row-with-another-seed", _row(seed=base64_strict.encode(SALT)), "LED-022", ROWS[1])
    yield bad("row-with-a-longer-path", _row(path=row_bundle(1)["row"]["path"] * 2), "LED-021", ROWS[1])
    yield bad("row-with-an-opening", _with(row_bundle(1), "manifest", opening={}), "VER-001", ROWS[1])
    yield bad("row-of-another-file", _with(row_bundle(1), "file", path="u.csv"), "VER-011", ROWS[1])
    yield bad("row-of-a-file-of-another-size", _with(row_bundle(1), "file", size=1), "VER-011", ROWS[1])
    plain = bundle(release(holds={"t.csv": TABLE}), path="t.csv")["manifest"]
    del plain["opening"]
    yield bad("row-of-a-file-without-a-row-tree", {**row_bundle(1), "manifest": plain}, "VER-011", ROWS[1])
    at = erased_bundle()["manifest"]["index"]
    yield good("erased", erased_bundle(later("erase", erase())), None, "erased")
    yield good("erased-by-number", erased_bundle(later("erase", erase(files=[at]))), None, "erased")
    yield bad("erased-another-number", erased_bundle(later("erase", erase(files=[at + 1]))), "VER-054", None)
    yield bad("erased-by-nothing", erased_bundle(), "VER-054", None)
    yield bad("erased-and-yet-bytes", erased_bundle(later("erase", erase())), "VER-010")
    inner = _with(erased_bundle(later("erase", erase())), "manifest", path=[])
    yield bad("erased-an-inner-node", inner, "LED-021", None)
    small = _with(erased_bundle(later("erase", erase())), "manifest", path=[], size=1, index=0)
    yield bad("erased-an-inner-node-of-a-smaller-tree", small, "VER-012", None)
    kept = erased_bundle(later("erase", erase()))
    kept["record"] = honest()["record"]
    yield good("erased-with-its-record", kept, None, "erased")


def _later() -> Iterator[Case]:
    published = honest_release()
    yield good("later-withdrawn", bundle(published, later("withdraw", WITHDRAW)), verdict="withdrawn")
    record = jcs.canonical({"title": {"ja": "訂正"}})
    committed = base64_strict.encode(commitment("metadata", SALT, record))
    found = bundle(published, later("amend", about(metadata=committed, reason=base64_strict.encode(SALT))))
    yield good("later-amended", found)
    found["later"][0]["record"] = {"text": record.decode(), "salt": base64_strict.encode(SALT)}
    yield good("later-amended-with-its-record", found)
    found["later"][0]["record"]["text"] = "{}"
    yield bad("later-amended-with-another-record", found, "REC-040")
    revoked = later("revoke-key", REVOKE, CITY.node)
    yield Case("later-compromised", raw(bundle(published, revoked)), FILES[PATH], "doubtful", "VER-050")
    retired = {**REVOKE, "reason": "retired", "invalid_from_index": 3}
    yield good("later-retired", bundle(published, later("revoke-key", retired, CITY.node)))
    after = bundle(published, later("revoke-key", retired, CITY.node), later("withdraw", WITHDRAW))
    yield bad("later-withdrawn-by-a-revoked-key", after, "REC-032")
    wrong = (
        ("of-another-statement", later("withdraw", {**WITHDRAW, "of": 1}), "VER-055"),
        ("of-another-release", later("withdraw", {**WITHDRAW, "version": 2}), "VER-012"),
        ("by-a-stranger", later("withdraw", WITHDRAW, city(2).agency), "REC-030"),
        ("revokes-an-unknown-key", later("revoke-key", {**REVOKE, "keyid": "00000000"}, CITY.node), "REC-030"),
        ("of-another-kind", add_key(CITY, CITY.agency), "VER-055"),
        ("revokes-the-future", later("revoke-key", {**REVOKE, "invalid_from_index": 9}, CITY.node), "REC-020"),
    )
    for word, entry, code in wrong:
        yield bad(f"later-{word}", bundle(published, entry), code)
    forged = bundle(published, later("withdraw", WITHDRAW))
    forged["later"][0]["entry"] = later("withdraw", WITHDRAW, seq=7).decode()
    yield bad("later-not-in-the-log", forged, "LED-022")
    twice = bundle(published, later("withdraw", WITHDRAW))
    twice["later"] *= 2
    yield bad("later-twice", twice, "VER-021")
    both = (CITY.log, YOUNG)
    yield good("rotated-both-keys-sign", rotated(revoked=False, signed_by=both))
    yield good("rotated-both-keys-sign-the-last-head-of-the-old-one", rotated(revoked=True, signed_by=both))
    yield bad("rotated-the-revoked-key-signs-alone", rotated(revoked=True, signed_by=(CITY.log,)), "LED-003")
    alone = good("rotated-only-the-old-key-is-pinned", rotated(revoked=True, signed_by=(YOUNG,)))
    yield replace(alone, verdict="undetermined", code="LED-003")
    pinned = f"log {CITY.log.public.vkey}\nlog {YOUNG.public.vkey}\nquorum none\n"
    yield replace(alone, name="rotated-both-keys-are-pinned", verdict="matches", code=None, policy=pinned)


def _trust() -> Iterator[Case]:
    yield Case("trust-nothing-pinned", raw(honest()), FILES[PATH], "undetermined", "VER-030", None)
    for host, word, code in (("mihon.example", "same", "LED-003"), ("other.example", "another", "LED-051")):
        thief = city(66, host)
        entries = [genesis(thief), add_key(thief, thief.agency), publish(thief, honest_release())]
        found = assemble(thief, entries, honest_release())
        yield replace(good(f"trust-a-log-under-{word}-name", found), verdict="undetermined", code=code)
    for word, signers, times, now, answer, code in (
        ("met", (0, 2), (NOW, NOW - 60), NOW, "matches", None),
        ("met-by-all", (0, 1, 2), (NOW,) * 3, NOW, "matches", None),
        ("met-with-old-lines", (0, 1), (1, 2), NOW, "matches", None),
        ("met-within-ten-minutes", (0, 1), (NOW + 600,) * 2, NOW, "matches", None),
        ("not-met", (1,), (NOW,), NOW, "pending", "LED-052"),
        ("not-met-one-twice", (1, 1), (NOW, NOW - 1), NOW, "pending", "LED-052"),
        ("without-witnesses", (), (), NOW, "pending", "LED-052"),
        ("from-the-future", (0, 1), (NOW, NOW + 601), NOW, "broken", "LED-007"),
        ("no-clock", (0, 1), (NOW + 601,) * 2, None, "matches", None),
    ):
        found = cosigned(honest(), [(WITNESSES[at], time) for at, time in zip(signers, times, strict=True)])
        yield Case(f"quorum-{word}", raw(found), FILES[PATH], answer, code, QUORUM, now)
    one = f"log {CITY.log.public.vkey}\n"
    double = f"witness A {WITNESSES[0].public.vkey}\n"
    for word, policy in (
        ("empty", ""),
        ("no-quorum", one),
        ("nonsense", "trust everybody\n"),
        ("no-line-feed", TRUST.rstrip()),
        ("one-key-under-two-names", f"{one}{double}{double.replace(' A ', ' B ')}quorum A\n"),
        ("one-member-twice", f"{one}{double}group g 2 A A\nquorum g\n"),
        ("a-log-key-as-a-witness", f"{one}witness A {CITY.log.public.vkey}\nquorum A\n"),
        ("a-threshold-beyond-the-group", f"{one}{double}group g 2 A\nquorum g\n"),
        ("a-threshold-with-a-zero-before-it", f"{one}{double}group g 01 A\nquorum g\n"),
        ("a-key-id-that-is-another", TRUST.replace("+" + CITY.log.public.key_id.hex(), "+00000000")),
    ):
        yield Case(f"policy-{word}", raw(honest()), FILES[PATH], None, "LED-050", policy)


def _damage() -> Iterator[Case]:
    for words, (damage, code) in DAMAGE.items():
        found = honest()
        damage(found)
        yield bad("damage-" + words.replace(" ", "-").replace(",", "").replace("'", ""), found, code)


def _files() -> Iterator[Case]:
    for word, data in (("longer", FILES[PATH] + b"\n"), ("shorter", FILES[PATH][:-1]), ("empty", b"")):
        yield bad(f"file-{word}", honest(), "VER-010", data)
    yield bad("file-changed", honest(), "VER-010", b"X" + FILES[PATH][1:])
    yield bad("file-none", honest(), "VER-053", None)


def _texts() -> Iterator[Case]:
    plain = raw(honest())

    def text(name: str, found: bytes, code: str = "REC-002") -> Case:
        return Case(f"text-{name}", found, FILES[PATH], "broken", code)

    yield text("empty", b"")
    yield text("not-json", b"hello")
    yield text("an-empty-object", b"{}", "VER-002")
    yield text("a-list", b"[]", "VER-002")
    yield text("a-format-that-is-a-number", b'{"format":1}', "VER-002")
    yield text("deep", b"[" * 20_000)
    yield text("a-key-twice", plain.replace(b"{", b'{"policy": "quorum none\\n", ', 1))
    yield text("a-key-twice-below-x", plain.replace(b"{", b'{"x": {"a": 1, "a": 1}, ', 1))
    yield text("byte-order-mark", b"\xef\xbb\xbf" + plain)
    yield text("utf-16", plain.decode().encode("utf-16"))
    yield text("not-utf-8", plain.replace("避".encode(), b"\xff\xfe\xfd", 1))
    yield text("cut-short", plain[:-1])
    yield text("something-behind", plain + b"{}")
    yield text("a-comma-too-many", plain[:-1] + b",}")
    for word, value in (
        ("a-fraction", b"1.0"),
        ("an-exponent", b"1e400"),
        ("a-small-exponent", b"1E2"),
        ("nan", b"NaN"),
        ("infinity", b"-Infinity"),
        ("minus-zero", b"-0"),
        ("two-to-the-53", b"9007199254740992"),
        ("a-number-of-5000-digits", b"9" * 5_000),
        ("a-leading-zero", b"01"),
        ("a-plus-sign", b"+1"),
        ("a-lone-surrogate", b'"\\ud800"'),
        ("decomposed-text", '"e\u0301"'.encode()),
        ("a-control-character", b'"\\u0007"'),
        ("a-raw-tab", b'"\t"'),
        ("an-escaped-tab", b'"\\t"'),
        ("a-direction-override", b'"\\u202e"'),
        ("a-next-line", b'"\\u0085"'),
        ("depth-9", b"[" * 8 + b"]" * 8),
        ("a-decomposed-key", '{"e\u0301":1}'.encode()),
        ("single-quotes", b"'a'"),
        ("a-comment", b"1 /* */"),
    ):
        yield text(word, plain.replace(b"{", b'{"x": ' + value + b", ", 1))
    deepest = plain.replace(b"{", b'{"x": ' + b"[" * 7 + b"]" * 7 + b", ", 1)
    yield Case("text-depth-8", deepest, FILES[PATH], "matches")
    largest = plain.replace(b"{", b'{"x": [9007199254740991, -9007199254740991, 0], ', 1)
    yield Case("text-the-largest-numbers", largest, FILES[PATH], "matches")
    yield Case("text-a-pair-of-surrogates", plain.replace(b"{", b'{"x": "\\ud83d\\ude00", ', 1), FILES[PATH], "matches")
    spaced = b" \r\n\t" + plain + b"\n "
    yield Case("text-white-space-around", spaced, FILES[PATH], "matches")
    huge = honest()
    huge["statement"]["entry"] = "x" * 65_536
    yield bad("text-an-entry-of-65536-bytes", huge, "REC-001")


def _leaves(change: Any) -> dict[str, Any]:
    found = whole_release(honest_release())
    found["manifest"]["leaves"] = change(found["manifest"]["leaves"])
    return found


def _row(**changes: object) -> dict[str, Any]:
    return _with(row_bundle(1), "row", **changes)


def _with(found: dict[str, Any], place: str, **changes: object) -> dict[str, Any]:
    found[place] = {**found[place], **changes}
    return found


def _with_a_wrong_opening(leaves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    opening = leaves[-1]["opening"]
    return [*leaves[:-1], {**leaves[-1], "opening": {**opening, "salt": flip(opening["salt"])}}]
