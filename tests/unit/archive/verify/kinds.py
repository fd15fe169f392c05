"""Bundles of every kind, and logs in which something follows the publication."""

from hashlib import sha256
from typing import Any

from archive import merkle
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.records import base64_strict, dsse, manifest, rowtree
from archive.records.keys import KeyKind, SigningKey
from archive.records.statements import Statement
from tests.unit.archive.verify.material import (
    PATH,
    SALT,
    WHEN,
    Release,
    add_key,
    assemble,
    city,
    digests,
    genesis,
    honest_release,
    proof,
    publish,
    release,
    sealed,
    settled,
)

CITY = city()
TABLE = '名称,定員\r\n青葉小学校,400\r\n"若葉,公民館",120\r\n'.encode()
KEYID = CITY.agency.public.key_id.hex()
GROUND = {"code": "personal-data", "law": "個人情報保護法 第99条"}
BASE = [genesis(CITY), add_key(CITY, CITY.agency)]

YOUNG = SigningKey.from_seed(CITY.origin, KeyKind.LOG, b"n" * 32)
"""The log's next key."""


def with_table() -> Release:
    """Return a release whose table has a row tree."""
    seed = bytes(range(32))
    rows, _ = rowtree.build(list(rowtree.split(TABLE)), seed)
    found = digests(TABLE)
    digest = manifest.FileDigest("t.csv", found.size, found.sha256, found.chunks, found.chunk_root, rows)
    plain = release(holds={"t.csv": TABLE})
    tree = manifest.build([digest], {"t.csv": seed})
    tree = settled(tree)
    return Release(tree, plain.record, {**plain.body, "manifest": base64_strict.encode(tree.commitment)})


def later(kind: str, body: dict[str, Any], by: SigningKey = CITY.agency, seq: int = 1) -> bytes:
    return sealed(by, kind, body, CITY.origin, seq=seq)


def about(of: int = 2, **more: Any) -> dict[str, Any]:
    return {"dataset": "shelters", "version": 1, "of": of, **more}


def erase(**more: Any) -> dict[str, Any]:
    return {
        **about(),
        "of": [2],
        "scope": "bytes",
        "ground": GROUND,
        "order": base64_strict.encode(SALT),
        "completed": "2026-01-01T00:00:00Z",
        **more,
    }


WITHDRAW = about(ground=GROUND, visible_from="2026-01-01T00:00:00Z")
REVOKE = {"name": CITY.agency.public.name, "keyid": KEYID, "reason": "compromised", "invalid_from_index": 2}


def bundle(published: Release, *after: bytes, path: str = PATH) -> dict[str, Any]:
    """Return a file's bundle of a log in which `after` follows the publication, at index 2."""
    whole = [*BASE, publish(CITY, published), *after]
    found = assemble(CITY, whole[:3], published, path=path)
    leaves = [merkle.leaf_hash(entry) for entry in whole]
    head = sign_checkpoint(Checkpoint(CITY.origin, len(leaves), merkle.root(leaves)), CITY.log).encode()
    for at, key in enumerate(found["keys"]):
        key["proof"] = proof(head, leaves, at)
    found["proof"] = proof(head, leaves, 2)
    if after:
        found["later"] = [
            {"entry": entry.decode(), "index": at, "proof": proof(head, leaves, at)}
            for at, entry in enumerate(after, start=3)
        ]
    return found


def whole_release(published: Release) -> dict[str, Any]:
    found = bundle(published)
    del found["file"]
    found["manifest"] = {
        "leaves": [
            {"leaf": leaf.text, "opening": {"salt": base64_strict.encode(leaf.salt), "value": leaf.value}}
            for leaf in published.tree.leaves
        ],
        "salt": base64_strict.encode(published.tree.salt),
    }
    return found


def row_bundle(index: int) -> dict[str, Any]:
    published = with_table()
    found = bundle(published, path="t.csv")
    made = rowtree.prove(list(rowtree.split(TABLE)), bytes(range(32)), index)
    del found["manifest"]["opening"], found["file"]["sha256"]
    found["row"] = {
        "index": index,
        "raw": base64_strict.encode(made.raw),
        "seed": base64_strict.encode(made.seed),
        "path": [base64_strict.encode(step) for step in made.path],
    }
    return found


def erased_bundle(*after: bytes) -> dict[str, Any]:
    published = honest_release()
    found = bundle(published, *after)
    del found["file"], found["record"]
    at = found["manifest"]["index"]
    del found["manifest"]["leaf"], found["manifest"]["opening"]
    found["manifest"]["hash"] = base64_strict.encode(published.tree.leaves[at].hash)
    return found


def rotated(*, revoked: bool, signed_by: tuple[SigningKey, ...], size_from: int = 2) -> dict[str, Any]:
    """Return the bundle under a head of a log whose key was rotated at index 3, and perhaps revoked at 4."""
    pinned = base64_strict.encode(sha256(YOUNG.public.raw).digest())
    start = [genesis(CITY, next=pinned), add_key(CITY, CITY.agency)]
    adding = {"name": CITY.origin, "vkey": YOUNG.public.vkey, "role": "log", "custody": "custodial"}
    adding |= {"not_before": "2026-01-01T00:00:00Z", "next": base64_strict.encode(SALT)}
    gone = {"name": CITY.origin, "keyid": CITY.log.public.key_id.hex(), "reason": "superseded"}
    published = honest_release()
    whole = [*start, publish(CITY, published), say("add-key", adding, 2)]
    if revoked:
        whole.append(say("revoke-key", {**gone, "invalid_from_index": size_from + 1}, 3))
    leaves = [merkle.leaf_hash(entry) for entry in whole]
    head = sign_checkpoint(Checkpoint(CITY.origin, len(leaves), merkle.root(leaves)), *signed_by).encode()
    found = assemble(CITY, whole[:3], published)
    shown = [{"entry": entry.decode(), "index": at, "proof": proof(head, leaves, at)} for at, entry in enumerate(whole)]
    found["keys"], found["later"], found["proof"] = [shown[0], shown[1], shown[3]], shown[4:], shown[2]["proof"]
    return found


def say(kind: str, body: dict[str, Any], seq: int) -> bytes:
    statement = Statement(kind, CITY.origin, CITY.node.public.name, seq, SALT, WHEN, body)
    return dsse.seal(statement.payload(), CITY.node).entry()
