"""Statements straight to the log, each signature and both canonical forms checked, beside bare Ed25519."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from archive import merkle
from archive.ledger.statement_check import StatementCheck
from archive.ledger.writer import Log, create_log, open_log
from archive.records import base64_strict, dsse
from archive.records.keys import KeyKind, SigningKey
from archive.records.statements import Statement

STATEMENTS = 10_000
BATCH = 1_024
GOAL = 2_000
HOST = "mihon.example"
ORIGIN = f"{HOST}/log"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_HASH = base64_strict.encode(bytes(32))


def rows() -> list[tuple[str, ...]]:
    """Return (what, how many, statements/s, share of the bare rate) of one run on one core."""
    log_key = SigningKey.from_seed(ORIGIN, KeyKind.LOG, b"l" * 32)
    node = SigningKey.from_seed(f"{HOST}/node", KeyKind.STATEMENT, b"n" * 32)
    agency = SigningKey.from_seed(f"{HOST}/agency/bosai", KeyKind.STATEMENT, b"a" * 32)
    first = [
        _genesis(log_key, node),
    ]
    first.append(_sealed(node, "add-key", 1, merkle.leaf_hash(first[0]), _key_body(agency)))
    entries = _publications(agency, STATEMENTS)
    bare = _bare_verifications(agency, entries)
    with tempfile.TemporaryDirectory() as folder:
        log, state = Path(folder) / "log", Path(folder) / "state"
        create_log(log, state, log_key, time.time)
        with open_log(log, state, log_key, time.time, StatementCheck(ORIGIN)) as writer:
            writer.append(first)
            checked = _appended(writer, entries)
    count = f"{STATEMENTS:,}"
    return [
        ("statements to the log", "statements", "statements/s", "of bare Ed25519"),
        ("Ed25519 verify alone", count, f"{bare:,.0f}", "100%"),
        (f"checked and durable, {BATCH:,} a batch", count, f"{checked:,.0f}", f"{checked / bare:.0%}"),
        ("goal", count, f"{GOAL:,}", "reached" if checked >= GOAL else "missed"),
    ]


def _appended(log: Log, entries: list[bytes]) -> float:
    start = time.perf_counter()
    for at in range(0, len(entries), BATCH):
        log.append(entries[at : at + BATCH])
    return len(entries) / (time.perf_counter() - start)


def _bare_verifications(key: SigningKey, entries: list[bytes]) -> float:
    """Return how many signatures a second the machine verifies when it does nothing else."""
    envelopes = [dsse.open_entry(entry) for entry in entries[:2_000]]
    messages = [(dsse.pae(envelope.payload), envelope.signature) for envelope in envelopes]
    start = time.perf_counter()
    for message, signature in messages:
        key.public.verify(message, signature)
    return len(messages) / (time.perf_counter() - start)


def _publications(key: SigningKey, count: int) -> list[bytes]:
    entries: list[bytes] = []
    previous: bytes | None = None
    for seq in range(count):
        body = {
            "dataset": f"dataset-{seq // 10}",
            "version": seq % 10 + 1,
            "manifest": _HASH,
            "metadata": _HASH,
            "files": 2,
            "bytes": 120_000 + seq,
            "licence": "CC-BY-4.0",
        }
        entry = _sealed(key, "publish", seq, previous, body)
        entries.append(entry)
        previous = merkle.leaf_hash(entry)
    return entries


def _sealed(key: SigningKey, kind: str, seq: int, previous: bytes | None, body: dict[str, object]) -> bytes:
    return dsse.seal(Statement(kind, ORIGIN, key.public.name, seq, previous, _NOW, body).payload(), key).entry()


def _genesis(log_key: SigningKey, node: SigningKey) -> bytes:
    body: dict[str, object] = {
        "origin": ORIGIN,
        "log": [log_key.public.vkey],
        "node": [node.public.vkey],
        "witness": [],
        "mirror": [],
        "recovery": _HASH,
        "next": _HASH,
        "heirs": {"k": 0, "vkeys": []},
        "policy": f"log {log_key.public.vkey}\nquorum none\n",
        "specs": [],
    }
    return _sealed(node, "genesis", 0, None, body)


def _key_body(key: SigningKey) -> dict[str, object]:
    return {
        "name": key.public.name,
        "vkey": key.public.vkey,
        "role": "agency",
        "custody": "custodial",
        "not_before": "2026-01-01T00:00:00Z",
    }


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
