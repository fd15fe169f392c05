"""Bundles whose statements are rightly signed and rightly inscribed, and which lie all the same."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from archive import merkle
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.records import base64_strict, dsse, ed25519, jcs
from archive.records.commit import commitment
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.verify.damage import one_signature, other_log
from tests.unit.archive.verify.kinds import CITY, WITHDRAW, later
from tests.unit.archive.verify.material import (
    FILES,
    HOST,
    PATH,
    SALT,
    City,
    Release,
    add_key,
    assemble,
    city,
    genesis,
    honest,
    honest_release,
    proof,
    publish,
    release,
    sealed,
)
from tests.vectors.bundle_case import Case, bad, good

BASE = [genesis(CITY), add_key(CITY, CITY.agency)]
STRANGER = city(2)
SMALL_ORDER = bytes([1, *bytes(31)])
NOT_CANONICAL = (ed25519.P + 3).to_bytes(32, "little")


def lies() -> Iterator[Case]:
    yield from _keys()
    yield from _records()
    yield from _statements()
    yield from _payloads()


def _lie(name: str, code: str, entries: list[bytes], *, keys: tuple[int, ...] = (0, 1), of: Any = None) -> Case:
    return bad(f"lie-{name}", assemble(CITY, entries, of or honest_release(), keys=keys), code)


def _keys() -> Iterator[Case]:
    published = honest_release()
    stolen = add_key(CITY, STRANGER.agency, by=STRANGER.node)
    yield _lie("a-key-by-a-stranger", "REC-030", [BASE[0], stolen, publish(CITY, published, by=STRANGER.agency)])
    other = SigningKey.from_seed(f"{HOST}/agency/other", KeyKind.STATEMENT, b"o" * 32)
    entries = [BASE[0], add_key(CITY, other), add_key(CITY, CITY.agency, by=other), publish(CITY, published)]
    yield _lie("a-key-by-another-agency", "REC-031", entries, keys=(0, 1, 2))
    foreign = SigningKey.from_seed("other.example/agency/bosai", KeyKind.STATEMENT, b"f" * 32)
    yield _lie(
        "an-agency-of-another-host", "VER-023", [BASE[0], add_key(CITY, foreign), publish(CITY, published, foreign)]
    )
    longer = SigningKey.from_seed("mihon.example.evil/agency/bosai", KeyKind.STATEMENT, b"e" * 32)
    yield _lie(
        "a-host-that-begins-alike", "VER-023", [BASE[0], add_key(CITY, longer), publish(CITY, published, longer)]
    )
    name = CITY.agency.public.name
    head_key = SigningKey.from_seed(name, KeyKind.LOG, b"h" * 32)
    entries = [BASE[0], add_key(CITY, head_key, role="log"), publish(CITY, published, by=head_key)]
    yield _lie("a-log-key-signs-a-statement", "REC-020", entries)
    entries = [BASE[0], add_key(CITY, CITY.agency, vkey=STRANGER.node.public.vkey), publish(CITY, published)]
    yield _lie("a-key-of-another-name", "REC-020", entries)
    future = add_key(CITY, CITY.agency, not_before="2030-01-01T00:00:00Z")
    yield _lie("a-key-of-the-future", "REC-033", [BASE[0], future, publish(CITY, published)])
    yield _lie(
        "a-key-added-twice", "REC-020", [*BASE, add_key(CITY, CITY.agency), publish(CITY, published)], keys=(0, 1, 2)
    )
    rotation = {"name": CITY.origin, "vkey": STRANGER.log.public.vkey, "role": "log", "custody": "custodial"}
    rotation |= {"not_before": "2026-01-01T00:00:00Z", "next": base64_strict.encode(SALT)}
    entries = [*BASE, sealed(CITY.node, "add-key", rotation, CITY.origin, seq=2), publish(CITY, published)]
    yield _lie("a-next-log-key-that-nobody-chose", "REC-020", entries, keys=(0, 1, 2))
    for word, point in (("small-order", SMALL_ORDER), ("not-canonical", NOT_CANONICAL)):
        kind = KeyKind.STATEMENT.value
        keyid = sha256(name.encode() + b"\n" + kind + point).digest()[:4]
        vkey = f"{name}+{keyid.hex()}+{base64_strict.encode(kind + point)}"
        entry = one_signature(
            publish(CITY, published).decode(), keyid=keyid.hex(), sig=base64_strict.encode(point + bytes(32))
        )
        yield _lie(f"a-{word}-key", "REC-102", [BASE[0], add_key(CITY, CITY.agency, vkey=vkey), entry.encode()])
    bringing = {"name": name, "vkey": CITY.agency.public.vkey, "role": "agency", "custody": "custodial"}
    bringing["not_before"] = "2026-01-01T00:00:00Z"
    by_log = sealed(CITY.log, "add-key", bringing, CITY.origin, seq=1)
    yield _lie("a-key-that-the-log-key-added", "REC-031", [BASE[0], by_log, publish(CITY, published)])
    revoking = {"name": name, "keyid": CITY.agency.public.key_id.hex(), "reason": "retired", "invalid_from_index": 2}
    entries = [*BASE, sealed(CITY.node, "revoke-key", revoking, CITY.origin, seq=2), publish(CITY, published)]
    yield _lie("a-revocation-among-the-keys", "VER-022", entries, keys=(0, 1, 2))
    entries = [*BASE, publish(CITY, published), publish(CITY, published, supersedes=2)]
    yield _lie("a-publication-among-the-keys", "VER-022", entries, keys=(0, 1, 2))
    genesis_twice = [BASE[0], genesis(CITY, specs=["x"]), publish(CITY, published)]
    yield _lie("two-geneses", "VER-022", genesis_twice)


def _records() -> Iterator[Case]:
    published = honest_release()
    yield _lie(
        "the-node-publishes",
        "VER-012",
        [BASE[0], sealed(CITY.node, "publish", published.body, CITY.origin, seq=1)],
        keys=(0,),
    )
    other = release(agency={"slug": "zeimu", "title": {"ja": "税務課"}})
    yield _lie("the-record-of-another-agency", "VER-012", [*BASE, publish(CITY, other)], of=other)
    words: dict[str, dict[str, Any]] = {
        "dataset": {"dataset": "toilets"},
        "version": {"version": 7},
        "licence": {"licence": "CC0-1.0"},
        "fewer-files": {"files": [{"path": PATH, "media_type": "text/csv", "bytes": len(FILES[PATH])}]},
        "other-files": {"files": [{"path": name, "media_type": "text/csv", "bytes": 1} for name in "abc"]},
    }
    for word, change in words.items():
        told = release(**change)
        body = {**published.body, "metadata": told.body["metadata"]}
        yield _lie(
            f"a-record-of-another-{word}",
            "VER-012",
            [*BASE, publish(CITY, published, **body)],
            of=replace(published, record=told.record),
        )
    record = json.loads(published.record)
    shapes = {
        "list": b"[]",
        "empty": b"{}",
        "agency-number": b'{"agency":{"slug":1}}',
        "a-path-twice": jcs.canonical({**record, "files": record["files"] * 2}),
        "no-title": jcs.canonical({**record, "title": {}}),
        "not-canonical": published.record + b" ",
    }
    for word, text in shapes.items():
        metadata = base64_strict.encode(commitment("metadata", SALT, text))
        entries = [*BASE, publish(CITY, published, metadata=metadata)]
        code = "REC-003" if word == "not-canonical" else "REC-042"
        yield _lie(f"a-record-{word}", code, entries, of=replace(published, record=text))
    field = base64_strict.encode(commitment("manifest", SALT, published.record))
    yield _lie("metadata-committed-as-a-manifest", "REC-040", [*BASE, publish(CITY, published, metadata=field)])
    longer = base64_strict.encode(commitment("metadata", SALT[:31] + b"{", published.record[1:]))
    yield _lie("a-salt-that-begins-the-value", "REC-040", [*BASE, publish(CITY, published, metadata=longer)])


def _statements() -> Iterator[Case]:
    published = honest_release()
    yield _lie("a-withdrawal-publishes-nothing", "VER-013", [*BASE, later("withdraw", {**WITHDRAW, "of": 0})])
    rest = [BASE[1], publish(CITY, published)]
    yield _lie("a-genesis-of-another-origin", "VER-024", [genesis(CITY, origin="other.example/log"), *rest])
    yield _lie("a-genesis-of-another-log-key", "LED-003", [genesis(CITY, log=[STRANGER.log.public.vkey]), *rest])
    yield _lie("a-genesis-of-no-log-key", "LED-003", [genesis(CITY, log=[]), *rest])
    yield _lie("a-genesis-with-a-node-key-for-the-log", "REC-020", [genesis(CITY, log=[CITY.node.public.vkey]), *rest])
    yield _lie(
        "a-genesis-signed-by-a-stranger",
        "REC-030",
        [genesis(replace(CITY, node=STRANGER.node), node=[CITY.node.public.vkey]), *rest],
    )
    wide = City(HOST, SigningKey.from_seed(f"{HOST}/log", KeyKind.LOG, b"z" * 32), CITY.node, CITY.agency)
    for word, origin in (("full-width", "\uff4dihon.example/log"), ("space", "mihon.example/log ")):
        entry = sealed(CITY.agency, "publish", published.body, origin)
        yield _lie(f"an-origin-with-{word}", "VER-024", [*BASE, entry])
    yield bad(
        "lie-another-key-of-the-log-signs", assemble(wide, [*BASE, publish(CITY, published)], published), "LED-003"
    )
    strange = assemble(replace(CITY, log=other_log()), [*BASE, publish(CITY, published)], published)
    yield bad("lie-a-genesis-of-a-log-with-another-head", strange, "VER-024")
    forged = honest()
    forged["statement"]["entry"] = publish(CITY, published, bytes=1).decode()
    yield bad("lie-a-statement-never-inscribed", forged, "LED-022")
    yield bad("lie-a-tree-with-its-last-leaf-twice", _doubled(published), "LED-021")


def _doubled(published: Release) -> dict[str, Any]:
    """Return a bundle under a head as Bitcoin would make it: the odd last leaf counted twice."""
    entries = [*BASE, publish(CITY, published)]
    leaves = [merkle.leaf_hash(entry) for entry in (*entries, entries[-1])]
    head = sign_checkpoint(Checkpoint(CITY.origin, 3, merkle.root(leaves)), CITY.log).encode()
    found = assemble(CITY, entries, published)
    for at, key in enumerate(found["keys"]):
        key["proof"] = proof(head, leaves, at)
    found["proof"] = proof(head, leaves, 2)
    return found


def _payloads() -> Iterator[Case]:
    """Statements whose payload was signed as it is, and is not what a statement may look like."""
    payload = dsse.open_entry(publish(CITY, honest_release())).payload

    def signed(change: Callable[[bytes], bytes]) -> list[bytes]:
        return [*BASE, dsse.seal(change(payload), CITY.agency).entry()]

    changes: dict[str, tuple[Callable[[bytes], bytes], str]] = {
        "a-payload-with-a-space": (lambda text: text.replace(b",", b", ", 1), "REC-003"),
        "a-payload-with-a-key-twice": (lambda text: text.replace(b"{", b'{"agency":"a",', 1), "REC-002"),
        "a-payload-with-a-fraction": (lambda text: text.replace(b'"seq":0', b'"seq":0.0'), "REC-002"),
        "a-payload-with-prev-and-seq-0": (
            lambda text: text.replace(b'"prev":null', b'"prev":"' + base64_strict.encode(SALT).encode() + b'"'),
            "REC-020",
        ),
        "a-payload-without-prev": (lambda text: text.replace(b'"seq":0', b'"seq":1'), "REC-020"),
        "a-payload-of-another-version": (lambda text: text.replace(b'"v":1', b'"v":2'), "REC-021"),
        "a-payload-of-version-true": (lambda text: text.replace(b'"v":1', b'"v":true'), "REC-021"),
        "a-payload-of-an-unknown-type": (lambda text: text.replace(b'"publish"', b'"abolish"'), "REC-021"),
        "a-payload-with-an-impossible-day": (lambda text: text.replace(b"2026-11-23", b"2026-02-30"), "REC-020"),
        "a-payload-with-an-hour-24": (lambda text: text.replace(b"T05:", b"T24:"), "REC-020"),
        "a-payload-that-is-a-list": (lambda text: b"[]", "REC-020"),
        "a-payload-in-utf-16": (lambda text: text.decode().encode("utf-16"), "REC-002"),
        "a-payload-with-an-unknown-member": (lambda text: text[:-1] + b',"y":1}', "REC-020"),
        "a-payload-by-code-points": (lambda text: _extended(text, '"\uffee":1,"\U0001f600":2'), "REC-003"),
        "a-payload-with-an-escape": (lambda text: _extended(text, '"a":"\\u0041"'), "REC-003"),
    }
    for word, (change, code) in changes.items():
        yield _lie(word, code, signed(change))
    ordered = assemble(CITY, signed(lambda text: _extended(text, '"\U0001f600":2,"\uffee":1')), honest_release())
    yield good("good-a-payload-by-utf-16-units", ordered)


def _extended(payload: bytes, members: str) -> bytes:
    """Return a payload whose body has an extension `x` with these members; `version` is the last one before it."""
    before, found, behind = payload.rpartition(b'"version":1')
    assert found
    return before + found + b',"x":{' + members.encode() + b"}" + behind
