"""What provenance costs: each part of it beside plain hashing and bare signatures of the same run."""

import hashlib
import io
import json
import statistics
import time
from collections.abc import Callable

from archive.ledger.cosign_mldsa import MldsaSigner
from archive.ledger.proof import parse_proof
from archive.records import dsse, manifest, rowtree
from archive.store import hashing
from archive.verify import steps
from tests.unit.archive.ledger.logs import PROOF_FILE
from tests.unit.archive.verify.material import FILES, PATH, city, digests, honest, honest_release

SIZE = 512 << 20
ROWS = 1_000_000
CITY = city()


def rows() -> list[tuple[str, ...]]:
    """Return (what, how much, measured, beside)."""
    data = bytes(range(256)) * (SIZE // 256)
    plain = _seconds(lambda: hashlib.sha256(data).digest())
    both = _seconds(lambda: hashing.digests(hashing.blocks(io.BytesIO(data))))
    chunks = _seconds(lambda: _chunks(data))

    table = b"".join(
        b'%d,"name %d",1234567890,abcdefghijklmnopqrstuvwxyz,,,,,,,,,,,,,,,,,,\r\n' % (at, at) for at in range(ROWS)
    )
    made = _seconds(lambda: rowtree.build(list(rowtree.split(table)), bytes(32)), 1)
    raw = json.dumps(honest(), ensure_ascii=False).encode()
    file = digests(FILES[PATH])
    verify = _seconds(lambda: steps.check(file, raw, CITY.policy), 200)
    payload = dsse.open_entry(honest()["statement"]["entry"].encode()).payload
    sign = _seconds(lambda: dsse.seal(payload, CITY.agency), 500)
    bare = _seconds(lambda: CITY.agency.sign(payload), 500)
    leaves = [leaf.digest() for _, leaf in honest_release().tree.opened]
    fixed = _seconds(lambda: manifest.build(leaves).commitment, 200)
    pq = MldsaSigner("witness.example/pq", bytes(32))
    head = parse_proof(PROOF_FILE).checkpoint.note.text
    pq_sign = _seconds(lambda: pq.cosign(head, 1), 100)
    mb = SIZE / 1e6
    return [
        ("provenance, by part", "of", "measured", "beside"),
        ("SHA-256 alone", f"{mb:,.0f} MB", f"{mb / plain:,.0f} MB/s", "1.00"),
        ("chunk tree alone", f"{mb:,.0f} MB", f"{mb / chunks:,.0f} MB/s", f"{plain / chunks:.2f} (goal 0.70)"),
        ("both, side by side", f"{mb:,.0f} MB", f"{mb / both:,.0f} MB/s", f"{plain / both:.2f}"),
        ("row tree of a table", f"{ROWS:,} rows", f"{ROWS / made:,.0f} rows/s", "goal 200,000"),
        ("manifest with salts", f"{len(leaves)} files", f"{1e3 * fixed:.3f} ms", "a release"),
        ("statement signed", "1", f"{1e3 * sign:.3f} ms", f"{bare / sign:.2f} of bare Ed25519"),
        ("ML-DSA-44 cosignature", "1", f"{1e3 * pq_sign:.3f} ms", "a checkpoint, not used yet"),
        ("bundle verified", f"{len(raw):,} B", f"{1e3 * verify:.2f} ms", "goal 20 ms"),
    ]


def _chunks(data: bytes) -> bytes:
    tree = hashing.ChunkTree()
    view = memoryview(data)
    for at in range(0, len(data), hashing.BLOCK):
        tree.update(view[at : at + hashing.BLOCK])  # type: ignore[arg-type]  # any buffer will do
    return tree.finish()[1]


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the median of `times` runs."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)
