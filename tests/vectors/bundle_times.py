"""Bundles with promises of time (OpenTimestamps, which need no secret key) and renewals of them."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from archive.records import base64_strict
from tests.unit.archive.verify.damage import flip, in_proof
from tests.unit.archive.verify.kinds import BASE, CITY
from tests.unit.archive.verify.material import add_key, city, honest, honest_release, publish
from tests.unit.archive.verify.renewals import head, renewed
from tests.vectors.bundle_case import Case, bad, good

WIDE = base64_strict.encode(bytes(64))


def times() -> Iterator[Case]:
    yield from _anchors()
    yield from _renewals()


def _anchors() -> Iterator[Case]:
    body = honest()["proof"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
    right = sha256(body.encode()).digest()
    yield good("anchor-promised", _anchored(_promise(right)))
    yield bad("anchor-over-something-else", _anchored(_promise(bytes(32))), "VER-051")
    yield bad("anchor-that-is-none", _anchored(b"hello"), "VER-051")
    yield bad("anchor-of-an-unknown-kind", _anchored(_promise(right), kind="sundial"), "VER-001")
    yield bad("anchor-without-a-token", _anchored(b""), "VER-001")
    yield bad("anchor-with-a-short-header", _anchored(_promise(right), header=WIDE), "VER-001")
    other = honest()["keys"][1]["proof"]
    yield bad("anchor-of-another-statement", _anchored(_promise(right), proof=other), "VER-025")
    unsigned = honest()["proof"].replace("— mihon.example/log ", "— mihon.example/lo ")
    yield bad("anchor-under-an-unsigned-head", _anchored(_promise(right), proof=unsigned), "LED-003")
    many = _anchored(_promise(right))
    many["anchors"] *= 17
    yield bad("anchor-seventeen", many, "VER-001")
    bound = honest()
    binding = {"kind": "x509", "vkey": "v", "content": "AA==", "certificates": ["AA=="], "source": "https://x.example"}
    bound["bindings"] = [binding, {**binding, "kind": "well-known"}]
    yield good("binding-of-two-kinds", bound)
    bound = json.loads(json.dumps(bound))
    bound["bindings"][0]["kind"] = "rumour"
    yield bad("binding-of-an-unknown-kind", bound, "VER-001")
    bound["bindings"] = [{**binding, "certificates": ["AB=="]}]
    yield bad("binding-in-base64-with-stray-bits", bound, "VER-001")
    bound["bindings"] = [{**binding, "certificates": ["AA=="] * 9}]
    yield bad("binding-with-nine-certificates", bound, "VER-001")


def _renewals() -> Iterator[Case]:
    yield good("renewal-of-a-promise", _renewed())
    yield bad("renewal-by-a-stranger", renewed(_stamp, _stamp, kind="opentimestamps", by=city(2).node), "REC-030")
    forged = _renewed()
    said = json.loads(forged["renewals"][0]["statement"]["entry"])
    said["signatures"][0]["sig"] = flip(said["signatures"][0]["sig"])
    forged["renewals"][0]["statement"]["entry"] = json.dumps(said, separators=(",", ":"), sort_keys=True)
    yield bad("renewal-with-a-forged-signature", forged, "REC-103")
    for word, change in (
        ("before-it", {"from": 0, "to": 2}),
        ("after-it", {"from": 3, "to": 3}),
        ("beyond-itself", {"to": 4}),
    ):
        yield bad(f"renewal-of-entries-{word}", _renewed(**change), "VER-056")
    yield bad("renewal-of-other-entries", _renewed(entries=WIDE), "LED-103")
    yield bad("renewal-of-other-tokens", _renewed(anchors=WIDE), "VER-056")
    yield bad("renewal-with-a-number-outside", _in("token", "index", 2), "LED-020")
    yield bad("renewal-with-another-number", _in("token", "index", 0), "VER-056")
    yield bad("renewal-with-a-short-path", _in("path", None, []), "LED-103")
    yield bad("renewal-with-hashes-of-32-bytes", _in("path", None, [base64_strict.encode(bytes(32))]), "VER-001")
    no_anchor = _renewed()
    del no_anchor["anchors"]
    yield bad("renewal-of-nothing", no_anchor, "VER-056")
    moved = _renewed()
    moved["renewals"][0]["statement"]["index"] = 4
    yield bad("renewal-at-another-index", moved, "VER-025")
    anchored = _renewed()
    anchored["renewals"][0]["anchor"]["token"] = base64_strict.encode(_promise(bytes(32)))
    yield bad("renewal-anchored-over-something-else", anchored, "VER-051")
    changed = _renewed()
    proof = changed["renewals"][0]["anchor"]["proof"]
    changed["renewals"][0]["anchor"]["proof"] = in_proof(proof.split("\n")[2], flip(proof.split("\n")[2]))(proof)
    yield bad("renewal-not-in-the-log", changed, "LED-022")
    of_another_type = _renewed()
    entries = [*BASE, publish(CITY, honest_release()), add_key(CITY, CITY.agency)]
    assert head(entries)
    of_another_type["renewals"][0]["statement"]["entry"] = entries[3].decode()
    yield bad("renewal-of-another-type", of_another_type, "VER-056")


def _renewed(**changes: object) -> dict[str, Any]:
    return renewed(_stamp, _stamp, kind="opentimestamps", **changes)


def _in(place: str, member: str | None, value: object) -> dict[str, Any]:
    found = _renewed()
    if member is None:
        found["renewals"][0][place] = value
    else:
        found["renewals"][0][place][member] = value
    return found


def _anchored(token: bytes, **changes: object) -> dict[str, Any]:
    found = honest()
    anchor = {
        "kind": "opentimestamps",
        "by": "calendar.example",
        "token": base64_strict.encode(token),
        "proof": found["proof"],
    }
    found["anchors"] = [{**anchor, **changes}]
    return found


def _stamp(body: bytes) -> bytes:
    return _promise(sha256(body).digest())


def _promise(digest: bytes) -> bytes:
    """Return an OpenTimestamps file in which a calendar promises to anchor `digest`."""
    uri = b"https://calendar.example"
    inner = bytes([len(uri)]) + uri
    magic = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
    return magic + b"\x01\x08" + digest + b"\x00" + bytes.fromhex("83dfe30d2ef90c8e") + bytes([len(inner)]) + inner
