"""OpenTimestamps: a calendar promises, later a Bitcoin block keeps. The codec is the opentimestamps library's."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

from archive.ledger.anchor.checking import OPENTIMESTAMPS, AnchorFinding, AnchorState
from archive.ledger.anchor.port import AuthorityRefused, BadToken
from archive.ledger.transport import Transport

MEDIA_TYPE = "application/vnd.opentimestamps.v1"
MAX_ANSWER = 10_000
HEADER_BYTES = 80
LEAST_WORK = 1 << 75
"""A block of less expected work than the main chain has had since 2020 could be made by somebody to forge a time."""
BY_HAND = "ots verify -f checkpoint-body token.ots"


@dataclass(frozen=True)
class Calendar:
    """An `Anchor` that speaks to one OpenTimestamps calendar."""

    name: str
    url: str
    transport: Transport
    kind: str = OPENTIMESTAMPS

    def stamp(self, body: bytes) -> bytes:
        """Return a pending proof. Raises Unreachable, AuthorityRefused, BadToken."""
        from opentimestamps.core.op import OpSHA256
        from opentimestamps.core.timestamp import DetachedTimestampFile

        digest = sha256(body).digest()
        url = urljoin(self.url.rstrip("/") + "/", "digest")
        answer = self.transport.post(url, digest, media_type="application/x-www-form-urlencoded", limit=MAX_ANSWER)
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise AuthorityRefused({"by": self.name, "why": f"HTTP {answer.status}"})
        return _encoded(DetachedTimestampFile(OpSHA256(), self._read(answer.body, digest)))

    def upgrade(self, body: bytes, token: bytes) -> bytes | None:
        """Return the proof with what the calendar can add by now, None when it is nothing. Raises as `stamp`."""
        proof = _decoded(token)
        if proof is None or proof.file_digest != sha256(body).digest():
            raise BadToken({"by": self.name, "why": "over something else"})
        changed = False
        for stamp in _pending(proof.timestamp):
            url = urljoin(self.url.rstrip("/") + "/", f"timestamp/{stamp.msg.hex()}")
            answer = self.transport.get(url, limit=MAX_ANSWER)
            if answer.status == 200:  # noqa: PLR2004 - HTTP
                stamp.merge(self._read(answer.body, stamp.msg))
                changed = True
        return _encoded(proof) if changed and _encoded(proof) != token else None

    def _read(self, raw: bytes, digest: bytes) -> Any:
        from opentimestamps.core.serialize import BytesDeserializationContext, DeserializationError
        from opentimestamps.core.timestamp import Timestamp

        try:
            return Timestamp.deserialize(BytesDeserializationContext(raw), digest)
        except (DeserializationError, ValueError, RecursionError) as wrong:
            raise BadToken({"by": self.name, "why": type(wrong).__name__}) from wrong


def check(raw: bytes, body: bytes, header: bytes, least_work: int = LEAST_WORK) -> AnchorFinding:
    """Return what an `.ots` file shows of `body`, as `check_anchor`."""
    try:
        from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
    except ImportError:
        return AnchorFinding(AnchorState.UNCHECKED, None, "", f"needs opentimestamps here; by hand: {BY_HAND}")
    proof = _decoded(raw)
    if proof is None:
        return AnchorFinding(AnchorState.UNCHECKED, None, "", "not an OpenTimestamps proof")
    if proof.file_digest != sha256(body).digest():
        return AnchorFinding(AnchorState.REFUSED, None, "", "over something else")
    found = list(proof.timestamp.all_attestations())
    blocks = [(digest, each.height) for digest, each in found if isinstance(each, BitcoinBlockHeaderAttestation)]
    if blocks and header:
        return _in_block(blocks, header, least_work)
    if blocks:
        return AnchorFinding(AnchorState.UNCHECKED, None, f"Bitcoin block {blocks[0][1]}", f"by hand: {BY_HAND}")
    waiting = [each.uri for _, each in found if isinstance(each, PendingAttestation)]
    if waiting:
        return AnchorFinding(AnchorState.PENDING, None, waiting[0], "the calendar promised; no block holds it yet")
    return AnchorFinding(AnchorState.UNCHECKED, None, "", "no attestation that is known here")


def _in_block(blocks: list[tuple[bytes, int]], header: bytes, least_work: int) -> AnchorFinding:
    """Hold the proof against the 80 bytes of a block: its Merkle root and its work (its place in the chain is not)."""
    height = next((height for digest, height in blocks if digest == header[36:68]), None)
    by = f"Bitcoin block {height if height is not None else blocks[0][1]}"
    if len(header) != HEADER_BYTES or height is None:
        return AnchorFinding(AnchorState.REFUSED, None, by, "the block does not hold it")
    seconds, bits = struct.unpack_from("<II", header, 68)
    target = (bits & 0x7FFFFF) << max(0, 8 * ((bits >> 24) - 3))
    made = int.from_bytes(sha256(sha256(header).digest()).digest(), "little")
    if made > target:
        return AnchorFinding(AnchorState.REFUSED, None, by, "the block has no proof of work")
    if (1 << 256) // (target + 1) < least_work:
        return AnchorFinding(AnchorState.UNCHECKED, None, by, "the block has too little work for the main chain")
    moment = datetime.fromtimestamp(seconds, UTC)
    return AnchorFinding(AnchorState.PROVEN, moment, by, "the block was not compared with the chain here")


def _pending(stamp: Any) -> list[Any]:
    """Return the steps of a proof at which a calendar's promise stands."""
    from opentimestamps.core.notary import PendingAttestation

    here = [stamp] if any(isinstance(each, PendingAttestation) for each in stamp.attestations) else []
    return here + [found for below in stamp.ops.values() for found in _pending(below)]


def _decoded(raw: bytes) -> Any:
    from opentimestamps.core.op import OpSHA256
    from opentimestamps.core.serialize import DeserializationError, StreamDeserializationContext
    from opentimestamps.core.timestamp import DetachedTimestampFile

    try:
        found = DetachedTimestampFile.deserialize(StreamDeserializationContext(BytesIO(raw)))
    except (DeserializationError, ValueError, RecursionError):
        return None
    return found if isinstance(found.file_hash_op, OpSHA256) else None


def _encoded(proof: Any) -> bytes:
    from opentimestamps.core.serialize import StreamSerializationContext

    out = BytesIO()
    proof.serialize(StreamSerializationContext(out))
    return out.getvalue()
