"""RFC 3161 tokens: asked from an authority, kept as the raw reply, checked with rfc3161-client where it is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from archive.ledger.anchor.checking import RFC3161, AnchorFinding, AnchorState
from archive.ledger.anchor.port import AuthorityRefused, BadToken
from archive.ledger.transport import Transport

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_REPLY = 64 * 1024
_SHA256 = "2.16.840.1.101.3.4.2.1"
BY_HAND = "openssl ts -verify -data checkpoint-body -in token.tsr -CAfile authority.pem"


@dataclass(frozen=True)
class TimeAuthority:
    """An `Anchor` that speaks RFC 3161 over HTTP (section 3.4)."""

    name: str
    url: str
    transport: Transport
    kind: str = RFC3161

    def stamp(self, body: bytes) -> bytes:
        """Return the authority's raw reply over `body`. Raises Unreachable, AuthorityRefused, BadToken."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder().data(body).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = self.transport.post(self.url, request.as_bytes(), media_type=QUERY, limit=MAX_REPLY)
        if answer.status != 200 or answer.media_type != REPLY:  # noqa: PLR2004 - HTTP
            raise AuthorityRefused({"by": self.name, "why": f"HTTP {answer.status} {answer.media_type}"})
        self._require_ours(answer.body, body, request.nonce)
        return answer.body

    def upgrade(self, body: bytes, token: bytes) -> bytes | None:  # noqa: ARG002 - the port's signature
        """Return None: such a token is complete from the first."""
        return None

    def _require_ours(self, raw: bytes, body: bytes, nonce: int | None) -> None:
        """Refuse what is not for this request. What only a strict reader cannot read is kept: OpenSSL may read it."""
        reply = _decoded(raw)
        if reply is None:
            if sha256(body).digest() not in raw:
                raise BadToken({"by": self.name, "why": "not a time-stamp reply over this checkpoint"})
            return
        if reply.status not in (0, 1):
            raise AuthorityRefused({"by": self.name, "why": "; ".join(reply.status_string)[:120] or "rejected"})
        if not _is_over(reply, body) or (nonce is not None and reply.tst_info.nonce != nonce):
            raise BadToken({"by": self.name, "why": "over something else"})


def check(raw: bytes, body: bytes, roots: Sequence[bytes], now: datetime | None) -> AnchorFinding:
    """Return what a raw reply shows of `body`, as `check_anchor`."""
    try:
        import rfc3161_client  # noqa: F401 - is it here?
    except ImportError:
        return _unchecked("", f"needs rfc3161-client here; by hand: {BY_HAND}")
    reply = _decoded(raw)
    if reply is None:
        return _unchecked("", f"its encoding is not strict DER; by hand: {BY_HAND}")
    signer = _signer(reply)
    by = signer.subject.rfc4514_string() if signer is not None else ""
    if reply.status not in (0, 1) or not _is_over(reply, body):
        return AnchorFinding(AnchorState.REFUSED, None, by, "over something else")
    if signer is None:
        return _unchecked(by, f"the authority's certificate is not in it; by hand: {BY_HAND}")
    if not roots:
        return _unchecked(by, "no certificate of a time authority was given")
    why = _distrust(reply, body, roots, signer)
    if why is not None:
        return why
    ends = signer.not_valid_after_utc
    if now is not None and now > ends:
        return _unchecked(by, f"the authority's certificate ended on {ends:%Y-%m-%d}; a renewal is needed")
    return AnchorFinding(AnchorState.PROVEN, _upper(reply), by, "")


def certificate_end(raw: bytes) -> datetime | None:
    """Return when the certificate behind a token ends (UTC), None when it cannot be told."""
    reply = _decoded(raw)
    signer = _signer(reply) if reply is not None else None
    return signer.not_valid_after_utc if signer is not None else None


def _distrust(
    reply: "TimeStampResponse", body: bytes, roots: Sequence[bytes], signer: "Certificate"
) -> AnchorFinding | None:
    """Return why the token does not count, None when it does: a broken signature is refused, a stranger's is not."""
    from rfc3161_client import VerificationError, VerifierBuilder

    trusted = _certificates(roots)
    by = signer.subject.rfc4514_string()
    if not trusted:
        return _unchecked(by, "the certificates given cannot be read")
    try:
        VerifierBuilder(roots=list(trusted)).build().verify_message(reply, body)
    except (VerificationError, ValueError) as wrong:
        if _stands_alone(reply, body):
            return _unchecked(by, "signed by an authority that was not given")
        return AnchorFinding(AnchorState.REFUSED, None, by, f"its signature is wrong ({str(wrong)[:80]})")
    return None


def _stands_alone(reply: "TimeStampResponse", body: bytes) -> bool:
    """Tell whether the token is in order under its own certificates: then only its authority is unknown."""
    from cryptography.x509 import load_der_x509_certificate
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        own = [load_der_x509_certificate(each) for each in reply.signed_data.certificates]
        VerifierBuilder(roots=own).build().verify_message(reply, body)
    except (VerificationError, ValueError):
        return False
    return True


def _certificates(roots: Sequence[bytes]) -> list["Certificate"]:
    from cryptography.x509 import load_pem_x509_certificates

    found: dict[bytes, Certificate] = {}
    for pem in roots:
        try:
            found |= {
                each.fingerprint(each.signature_hash_algorithm or _any_hash()): each
                for each in load_pem_x509_certificates(pem)
            }
        except ValueError:
            continue
    return list(found.values())


def _any_hash() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _decoded(raw: bytes) -> "TimeStampResponse | None":
    try:
        from rfc3161_client import decode_timestamp_response

        reply = decode_timestamp_response(raw)
        _ = (reply.tst_info.gen_time, reply.tst_info.message_imprint.message, reply.signed_data.certificates)
    except (ImportError, ValueError):
        return None
    return reply


def _is_over(reply: "TimeStampResponse", body: bytes) -> bool:
    imprint = reply.tst_info.message_imprint
    return imprint.hash_algorithm.dotted_string == _SHA256 and imprint.message == sha256(body).digest()


def _signer(reply: "TimeStampResponse") -> "Certificate | None":
    from cryptography.x509 import load_der_x509_certificate

    try:
        infos = list(reply.signed_data.signer_infos)
        for each in reply.signed_data.certificates:
            found = load_der_x509_certificate(each)
            if any((found.issuer, found.serial_number) == (info.issuer, info.serial_number) for info in infos):
                return found
    except ValueError:
        return None
    return None


def _upper(reply: "TimeStampResponse") -> datetime:
    """Return the time of the token; RFC 3161 gives it in UTC."""
    return reply.tst_info.gen_time.astimezone(UTC)


def _unchecked(by: str, why: str) -> AnchorFinding:
    return AnchorFinding(AnchorState.UNCHECKED, None, by, why)
