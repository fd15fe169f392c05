"""A real OpenTimestamps calendar for tests: aggregates digests as calendars do, and keeps them in blocks of its own.

The blocks are made here, with proof of work that a test can afford (`BITS`): what they cost is a parameter of the
checker, so that nothing about the check itself is different.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp, cat_sha256d, make_merkle_tree

BITS = 0x1F00FFFF
"""About 2**16 hashes a block."""
WORK = 2**15


def mined(merkle_root: bytes, time: int, bits: int = BITS) -> bytes:
    """Return 80 bytes of a block whose hash is below the target of `bits`."""
    size, word = bits >> 24, bits & 0x7FFFFF
    target = word << 8 * (size - 3)
    front = (
        (2).to_bytes(4, "little") + bytes(32) + merkle_root + time.to_bytes(4, "little") + bits.to_bytes(4, "little")
    )
    for nonce in range(2**32):
        header = front + nonce.to_bytes(4, "little")
        if int.from_bytes(sha256(sha256(header).digest()).digest(), "little") <= target:
            return header
    raise AssertionError("no nonce fits")


@dataclass
class Calendar:
    """What the server holds: `steps` by commitment, `headers` by height. `answer` replaces what it says, while set; `status` how."""

    url: str
    steps: dict[bytes, Timestamp] = field(default_factory=dict)
    waiting: list[Timestamp] = field(default_factory=list)
    headers: dict[int, bytes] = field(default_factory=dict)
    answer: bytes | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def promise(self, digest: bytes) -> bytes:
        """Return the calendar's answer to a digest: steps to a commitment, and a promise for that."""
        digest_step = Timestamp(digest)
        commitment = digest_step.ops.add(OpAppend(sha256(digest).digest()[:16])).ops.add(OpSHA256())
        commitment.attestations.add(PendingAttestation(self.url))
        kept = Timestamp(commitment.msg)
        self.steps[commitment.msg] = kept
        self.waiting.append(kept)
        return encoded(digest_step)

    def make_block(self, time: int, height: int = 900_000, bits: int = BITS) -> bytes:
        """Put all that waits into one transaction of one block, and return its header."""
        tip = make_merkle_tree(self.waiting)
        transaction = tip.ops.add(OpPrepend(b"\x01\x00\x00\x00 a transaction ")).ops.add(OpAppend(b" its end"))
        root = cat_sha256d(transaction.ops.add(OpSHA256()).ops.add(OpSHA256()), b"\x07" * 32)
        root.attestations.add(BitcoinBlockHeaderAttestation(height))
        self.waiting = []
        self.headers[height] = mined(root.msg, time, bits)
        return self.headers[height]

    def get(self, path: str) -> bytes | None:
        """Return the answer to a GET: of a calendar, or of a server of block headers."""
        place, _, last = path.strip("/").rpartition("/")
        if place == "timestamp":
            step = self.steps.get(bytes.fromhex(last))
            return encoded(step) if step is not None and step.ops else None
        if place == "block-height":
            header = self.headers.get(int(last))
            return sha256(sha256(header).digest()).digest()[::-1].hex().encode() if header else None
        for header in self.headers.values():
            name = sha256(sha256(header).digest()).digest()[::-1].hex()
            if path.strip("/") == f"block/{name}/header":
                return header.hex().encode()
        return None


@contextmanager
def serving() -> Iterator[Calendar]:
    """Serve a calendar on loopback while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/digest"
            self.give(calendar.promise(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            calendar.asked.append(self.path)
            self.give(calendar.get(self.path))

        def give(self, found: bytes | None) -> None:
            body = calendar.answer if calendar.answer is not None else found
            self.send_response(calendar.status if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    calendar = Calendar(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield calendar
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def encoded(step: Any) -> bytes:
    """Return the bytes of a library object."""
    out = BytesSerializationContext()
    step.serialize(out)
    return bytes(out.getbytes())
