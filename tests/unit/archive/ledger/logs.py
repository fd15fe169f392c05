"""Keys, small logs and damaged ones for the tests of the ledger."""

import json
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.ledger.writer import create_log, open_log
from archive.records.keys import KeyKind, SigningKey

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "ledger.json").read_text("utf-8"))
ENTRIES = [bytes.fromhex(entry) for entry in VECTORS["leaves"]]
PROOF_FILE = VECTORS["inclusion_5_of_7"]["file"].encode()
CHECKPOINT = PROOF_FILE.split(b"\n\n", 1)[1]
NOW = 1_767_225_600


def key_of(who: str, kind: KeyKind) -> SigningKey:
    return SigningKey.from_seed(VECTORS[who]["name"], kind, bytes.fromhex(VECTORS[who]["seed"]))


LOG_KEY = key_of("log", KeyKind.LOG)
WITNESS_KEY = key_of("witness", KeyKind.WITNESS)


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(ArchiveError) as error:
        call(*args, **kwargs)
    return error.value.code


def clock() -> float:
    return float(NOW)


def make_log(folder: Path, entries: list[bytes], batch: int = 4096) -> Path:
    """Make a log with `entries` in `folder`/log and its state in `folder`/state."""
    create_log(folder / "log", folder / "state", LOG_KEY, clock)
    with open_log(folder / "log", folder / "state", LOG_KEY, clock) as log:
        for start in range(0, len(entries), batch):
            log.append(entries[start : start + batch])
    return folder / "log"
