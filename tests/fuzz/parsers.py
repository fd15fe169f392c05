"""Coverage-guided fuzzing of every parser of outside bytes: whatever comes in, only our own errors come out.

`make fuzz` gives each target its share of FUZZ_SECONDS; `python -m tests.fuzz.parsers TARGET [-libfuzzer flags]` runs one.
A crash leaves its input in the current folder: make it a vector before mending.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["archive"]):
    from archive.errors import ArchiveError
    from archive.ledger import checkpoint, fork, note, policy, proof, tiles, witness
    from archive.ledger.anchor.checking import check_anchor
    from archive.records import dsse, jcs, manifest, statements
    from archive.records.keys import PublicKey
    from archive.verify import bundle, steps

from tests.unit.archive.ledger.logs import PROOF_FILE
from tests.unit.archive.verify.material import FILES, PATH, city, digests, honest

FILE, POLICY = digests(FILES[PATH]), city().policy
VECTORS = Path(__file__).parents[1] / "vectors"
TOKEN, ROOT = ((VECTORS / f"timestamp.{end}").read_bytes() for end in ("tsr", "pem"))  # over the body b"body"
WHEN = datetime(2026, 11, 24, tzinfo=UTC)


def _verify(raw: bytes) -> None:
    """Only what says the same as our own bundle may get a good answer."""
    found = steps.check(FILE, raw, POLICY, 1_795_400_000)
    if found.exit_code == 0:
        assert _same(json.loads(raw)), found


def _same(found: dict[str, object]) -> bool:
    """Tell whether a bundle says what `honest()` says, aside from what verifiers ignore."""
    ignored = ("policy", "bindings")
    return _plain(found, ignored) == _plain(honest(), ignored)


def _plain(found: object, ignored: tuple[str, ...] = ()) -> object:
    if isinstance(found, dict):
        return {name: _plain(value) for name, value in found.items() if name != "x" and name not in ignored}
    return [_plain(each) for each in found] if isinstance(found, list) else found


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda raw: read(raw.decode("utf-8", "replace"))


TARGETS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "note": (note.parse_note, [PROOF_FILE.partition(b"\n\n")[2]]),
    "checkpoint": (checkpoint.parse_checkpoint, [PROOF_FILE.partition(b"\n\n")[2]]),
    "proof": (proof.parse_proof, [PROOF_FILE]),
    "tile": (lambda raw: list(tiles.decode_bundle(raw, 3, "x")), [b"\x00\x00\x00\x01\x00\x00\x03abc"]),
    "tile-path": (_text(tiles.parse_tile_path), [b"tile/0/x001/067", b"tile/entries/000.p/7"]),
    "policy": (policy.Policy.parse, [b"log log.example/aoba+2cbe53ae+AQ==\nquorum none\n"]),
    "add-checkpoint": (witness.parse_request, [b"old 0\n\n" + PROOF_FILE.partition(b"\n\n")[2]]),
    "fork": (fork.parse, [b""]),
    "envelope": (dsse.open_entry, [honest()["statement"]["entry"].encode()]),
    "statement": (statements.parse, [dsse.open_entry(honest()["statement"]["entry"].encode()).payload]),
    "json": (jcs.parse, [b'{"a":[1,"b",null,true]}']),
    "leaf": (_text(manifest.read_leaf), [honest()["manifest"]["leaf"].encode()]),
    "vkey": (_text(PublicKey.parse), [city().log.public.vkey.encode()]),
    "bundle": (bundle.parse, [json.dumps(honest()).encode()]),
    "verify": (_verify, [json.dumps(honest()).encode()]),
    "timestamp": (lambda raw: check_anchor("rfc3161", raw, b"body", roots=(ROOT,), now=WHEN), [TOKEN]),
    "opentimestamps": (
        lambda raw: check_anchor("opentimestamps", raw, b"body", header=raw[:80], now=WHEN),
        [b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08" + sha256(b"body").digest()],
    ),
}


def main() -> None:
    """Fuzz the target that is named first; the rest of the command line is libFuzzer's."""
    name = sys.argv.pop(1)
    target, seeds = TARGETS[name]

    def once(raw: bytes) -> None:
        with contextlib.suppress(ArchiveError):
            target(raw)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], "-max_len=20000", *sys.argv[1:], corpus], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
