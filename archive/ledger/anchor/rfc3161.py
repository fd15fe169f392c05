"""An authority that signs the time (RFC 3161): asked over HTTP, its raw reply kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive.ledger.anchor import rfc3161_check
from archive.ledger.anchor.checking import check_anchor
from archive.ledger.anchor.finding import MAX_TOKEN, RFC3161, AnchorState
from archive.ledger.anchor.port import AuthorityRefused, BadToken
from archive.ledger.transport import Transport

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
_OK = 200
_MAX_WHY = 120


@dataclass(frozen=True)
class TimeAuthority:
    """An `Anchor` that speaks RFC 3161 over HTTP (section 3.4). `roots` are the certificates (PEM) trusted for it.

    A reply below none of `roots` is kept all the same: the reader decides whom to trust. One that is wrong is not.
    """

    name: str
    url: str
    transport: Transport
    roots: Sequence[bytes] = field(default=())
    kind: str = RFC3161

    def stamp(self, body: bytes) -> bytes:
        """Return the authority's raw reply over `body`; raises as `Anchor.stamp`."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder().data(body).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = self.transport.post(self.url, request.as_bytes(), media_type=QUERY, limit=MAX_TOKEN)
        if answer.status != _OK or answer.media_type != REPLY:
            raise AuthorityRefused({"by": self.name, "why": f"HTTP {answer.status} {answer.media_type}"})
        reply = rfc3161_check.decoded(answer.body)
        if reply is not None:
            self._require_answer(reply, request.nonce)
        elif not _is_whole(answer.body):
            raise BadToken({"by": self.name, "why": "it is cut short, or followed by something"})
        finding = check_anchor(RFC3161, answer.body, body, roots=self.roots)
        if finding.state is AnchorState.REFUSED:
            raise BadToken({"by": self.name, "why": finding.why})
        return answer.body

    def upgrade(self, body: bytes, token: bytes) -> bytes | None:  # noqa: ARG002 - the port's signature
        """Return None: such a token is complete from the first."""
        return None

    def _require_answer(self, reply: "TimeStampResponse", nonce: int | None) -> None:
        """Refuse a rejection and a replay. What only OpenSSL can read has no nonce to compare, and is still kept."""
        if reply.status not in (0, 1):
            why = "; ".join(reply.status_string)[:_MAX_WHY] or f"status {reply.status}"
            raise AuthorityRefused({"by": self.name, "why": why})
        try:
            same = reply.tst_info.nonce == nonce
        except Exception:  # noqa: BLE001 - the library's errors have no common base
            same = False
        if not same:
            raise BadToken({"by": self.name, "why": "it answers another question"})


def _is_whole(raw: bytes) -> bool:
    """Tell whether `raw` is one DER sequence of the length that it says (X.690 section 8.1.3), whatever is in it."""
    if len(raw) < 2 or raw[0] != 0x30:  # noqa: PLR2004 - tag and length
        return False
    first, octets = raw[1], raw[1] & 0x7F
    if first < 0x80:  # noqa: PLR2004 - the short form
        return len(raw) == 2 + first
    return 1 <= octets <= 4 and len(raw) == 2 + octets + int.from_bytes(raw[2 : 2 + octets], "big")  # noqa: PLR2004
