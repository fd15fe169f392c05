"""Bundles with proofs of time and their renewals, by whatever time authority a test has."""

from collections.abc import Callable
from typing import Any

from archive import merkle
from archive.ledger import renewal
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.records import base64_strict
from archive.records.keys import SigningKey
from tests.unit.archive.verify.kinds import BASE, CITY
from tests.unit.archive.verify.material import assemble, honest_release, proof, publish, sealed

Stamp = Callable[[bytes], bytes]
"""Gives a token over a checkpoint's body."""


def head(entries: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the signed checkpoint of a log of these entries, and their leaf hashes."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    return sign_checkpoint(Checkpoint(CITY.origin, len(leaves), merkle.root(leaves)), CITY.log).encode(), leaves


def body_of(checkpoint: bytes) -> bytes:
    return checkpoint.rpartition(b"\n\n")[0] + b"\n"


def anchor(token: bytes, checkpoint: bytes, leaves: list[bytes], at: int, kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "by": "clock.example",
        "token": base64_strict.encode(token),
        "proof": proof(checkpoint, leaves, at),
    }


def renewed(
    older: Stamp, newer: Stamp, *, kind: str = "rfc3161", by: SigningKey = CITY.node, **changes: object
) -> dict[str, Any]:
    """Return a bundle with an anchor over the log of three, and a renewal at index 3 with an anchor over the log of four.

    `changes` replace members of the renew statement's body.
    """
    three = [*BASE, publish(CITY, honest_release())]
    first, leaves = head(three)
    token = older(body_of(first))
    other = renewal.leaf_hash(b"another token")
    hashed = [renewal.leaf_hash(entry) for entry in three]
    said = {
        "from": 0,
        "to": 3,
        "hash": "sha-512",
        "entries": base64_strict.encode(renewal.root(hashed)),
        "anchors": base64_strict.encode(renewal.root([other, renewal.leaf_hash(token)])),
        **changes,
    }
    four = [*three, sealed(by, "renew", said, CITY.origin, agency=CITY.node.public.name, seq=2)]
    found = assemble(CITY, three, honest_release())
    last, all_leaves = head(four)
    for at, key in enumerate(found["keys"]):
        key["proof"] = proof(last, all_leaves, at)
    found["proof"] = proof(last, all_leaves, 2)
    found["anchors"] = [anchor(token, first, leaves, 2, kind)]
    found["renewals"] = [
        {
            "statement": {"entry": four[3].decode(), "index": 3, "proof": proof(last, all_leaves, 3)},
            "path": [base64_strict.encode(step) for step in renewal.path(hashed, 2)],
            "token": {"index": 1, "size": 2, "path": [base64_strict.encode(other)]},
            "anchor": anchor(newer(body_of(last)), last, all_leaves, 3, kind),
        }
    ]
    return found
