"""OpenTimestamps: a calendar promises, later a Bitcoin block keeps. The codec is the opentimestamps library's."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from archive.ledger.anchor import ots_check
from archive.ledger.anchor.finding import MAX_TOKEN, OPENTIMESTAMPS
from archive.ledger.anchor.port import AuthorityRefused, BadToken
from archive.ledger.transport import Transport

MAX_ANSWER = 10_000  # the limit of the official client, too
_OK, _NOT_YET = 200, 404
_FORM = "application/x-www-form-urlencoded"
_MAX_PENDING = 16


@dataclass(frozen=True)
class Calendar:
    """An `Anchor` that speaks to one OpenTimestamps calendar. Only this one is asked, whatever a proof names."""

    name: str
    url: str
    transport: Transport
    kind: str = OPENTIMESTAMPS

    def stamp(self, body: bytes) -> bytes:
        """Return a proof that is pending; raises as `Anchor.stamp`."""
        from opentimestamps.core.op import OpSHA256
        from opentimestamps.core.timestamp import DetachedTimestampFile

        digest = sha256(body).digest()
        answer = self.transport.post(self._place("digest"), digest, media_type=_FORM, limit=MAX_ANSWER)
        if answer.status != _OK:
            raise AuthorityRefused({"by": self.name, "why": f"HTTP {answer.status}"})
        return _encoded(DetachedTimestampFile(OpSHA256(), self._read(answer.body, digest)))

    def upgrade(self, body: bytes, token: bytes) -> bytes | None:
        """Return the proof with the block that the calendar leads to by now; raises as `Anchor.upgrade`."""
        proof = self._own(body, token)
        if ots_check.attested(proof).blocks:
            return None
        for step in list(_pending(proof.timestamp))[:_MAX_PENDING]:
            answer = self.transport.get(self._place(f"timestamp/{step.msg.hex()}"), limit=MAX_ANSWER)
            if answer.status == _OK:
                step.merge(self._read(answer.body, step.msg))
            elif answer.status != _NOT_YET:
                raise AuthorityRefused({"by": self.name, "why": f"HTTP {answer.status}"})
        raw = _encoded(proof)
        # What is kept must be readable again: steps put together may be more than a reader takes.
        return raw if len(raw) <= MAX_TOKEN and ots_check.attested(self._own(body, raw)).blocks else None

    def _own(self, body: bytes, token: bytes) -> Any:
        try:
            proof = ots_check.parse(token)
        except ValueError as wrong:
            raise BadToken({"by": self.name, "why": "it cannot be read"}) from wrong
        if proof.file_digest != sha256(body).digest():
            raise BadToken({"by": self.name, "why": "it is not over this checkpoint"})
        return proof

    def _read(self, raw: bytes, digest: bytes) -> Any:
        try:
            return ots_check.parse_steps(raw, digest)
        except ValueError as wrong:
            raise BadToken({"by": self.name, "why": "it cannot be read"}) from wrong

    def _place(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/{path}"


def _pending(stamp: Any) -> Iterator[Any]:
    """Give the steps of a proof at which a calendar's promise stands."""
    from opentimestamps.core.notary import PendingAttestation

    if any(isinstance(each, PendingAttestation) for each in stamp.attestations):
        yield stamp
    for below in stamp.ops.values():
        yield from _pending(below)


def _encoded(proof: Any) -> bytes:
    from opentimestamps.core.serialize import BytesSerializationContext

    out = BytesSerializationContext()
    proof.serialize(out)
    return bytes(out.getbytes())
