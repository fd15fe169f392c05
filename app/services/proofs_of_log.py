"""Proofs from this node's log, as files that other people's programs read, and as JSON."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from archive.ledger.reader import LogReader
from archive.merkle import Hash


@dataclass(frozen=True)
class Proof:
    """One proof, spelt both ways."""

    file: bytes
    as_json: dict[str, Any]


def inclusion(log: LogReader, index: int, size: int | None) -> Proof:
    """Return the proof that leaf `index` is in the log: a tlog-proof file under the published checkpoint.

    For a `size` that is not the published one nobody signed a checkpoint: the file is JSON then, and has the root of
    that size with the consistency proof from it to the published head.

    Raises as `LogReader.tlog_proof`.
    """
    proof = log.tlog_proof(index)
    head = proof.checkpoint
    found: dict[str, Any] = {
        "index": index,
        "size": head.size,
        "root": _text(head.root),
        "hashes": _texts(proof.hashes),
    }
    if size in (None, head.size):
        return Proof(proof.encode(), found | {"checkpoint": head.raw.decode()})
    hashes = log.inclusion_proof(index, size)
    found |= {"size": size, "root": _text(log.root_at(size)), "hashes": _texts(hashes)}
    found |= {"consistency": _texts(log.consistency_proof(size, head.size)), "checkpoint": head.raw.decode()}
    return _json_alone(found)


def consistency(log: LogReader, old: int, new: int | None) -> Proof:
    """Return the proof that the log of `new` leaves (None: the published size) continues that of `old`.

    Raises as `LogReader.consistency_proof`.
    """
    head = log.checkpoint()
    new = head.size if new is None else new
    hashes = _texts(log.consistency_proof(old, new))
    found = {"from": old, "to": new, "from_root": _text(log.root_at(old)), "to_root": _text(log.root_at(new))}
    lines = [f"old {old}", *hashes, ""]
    checkpoint = head.raw.decode() if new == head.size else ""
    return Proof(("\n".join(lines) + "\n" + checkpoint).encode(), {**found, "hashes": hashes, "checkpoint": checkpoint})


def _json_alone(found: dict[str, Any]) -> Proof:
    return Proof(json.dumps(found, indent=2).encode() + b"\n", found)


def _text(value: Hash) -> str:
    return base64.b64encode(value).decode("ascii")


def _texts(hashes: tuple[Hash, ...] | list[Hash]) -> list[str]:
    return [_text(each) for each in hashes]
