"""An RFC 3161 reply held against a checkpoint body and the authorities that are trusted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256, sha384, sha512
from typing import TYPE_CHECKING

from archive.ledger.anchor.finding import AnchorFinding, AnchorState, refused, unchecked

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

_MAX_CHAIN = 8
_MAX_NAME = 200
_CHAIN_TROUBLE = "certificate verify error"
_OTHER = "it is not over this checkpoint"


def check(raw: bytes, body: bytes, roots: Sequence[bytes], now: datetime | None) -> AnchorFinding:
    """Return what the reply shows. May raise whatever the libraries do on certificates that they cannot take."""
    digests = [hashed(body).digest() for hashed in (sha256, sha384, sha512)]
    if not any(digest in raw for digest in digests):  # DER has them in one piece, so this needs no parser
        return refused(_OTHER)
    command = f"check with: openssl ts -verify -digest {digests[0].hex()} -in token.tsr -CAfile authority.pem"
    try:
        from rfc3161_client import decode_timestamp_response

        reply = decode_timestamp_response(raw)
        imprint, embedded = reply.tst_info.message_imprint.message, _embedded(reply)
    except ImportError:
        return unchecked(f"the library for it is not here; {command}")
    except ValueError:  # strict DER; OpenSSL itself writes replies, and reads them, that are not
        return unchecked(f"it is not in the strict encoding; {command}")
    if imprint not in digests:
        return refused(_OTHER)
    signer = _signer(reply, embedded)
    chain = _chain(signer, embedded, _certificates(roots)) if signer is not None else []
    if not chain:
        return unchecked("its authority is not among those given as trusted, or its certificate is not in it")
    return _judged(reply, body, chain, now)


def decoded(raw: bytes) -> "TimeStampResponse | None":
    """Return the library's view of a reply; None where it is not in strict DER."""
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(raw)
    except ValueError:
        return None


def ends(raw: bytes, roots: Sequence[bytes]) -> datetime | None:
    """Return when the first certificate behind the reply ends (UTC); None when that cannot be told here."""
    try:
        from rfc3161_client import decode_timestamp_response

        reply = decode_timestamp_response(raw)
        embedded = _embedded(reply)
        signer = _signer(reply, embedded)
    except Exception:  # noqa: BLE001 - the libraries' errors have no common base, and none of them is an answer
        return None
    if signer is None:
        return None
    return _end(_chain(signer, embedded, _certificates(roots)) or [signer])


def _judged(reply: "TimeStampResponse", body: bytes, chain: list["Certificate"], now: datetime | None) -> AnchorFinding:
    """Return what a reply shows whose signer stands below a trusted certificate, the last of `chain`."""
    from rfc3161_client import VerificationError, VerifierBuilder

    told, by = reply.tst_info.gen_time, chain[0].subject.rfc4514_string()[:_MAX_NAME]
    time = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    try:
        VerifierBuilder().add_root_certificate(chain[-1]).build().verify_message(reply, body)
    except VerificationError as wrong:
        if _CHAIN_TROUBLE in str(wrong):
            return unchecked("its authority's certificates are not valid for it at its time", by=by)
        return refused("its signature, or its certificate's purpose, is wrong", by=by)
    if now is not None and now > _end(chain):
        return unchecked("its authority's certificate has ended, and nothing shows it from before", by=by)
    return AnchorFinding(AnchorState.PROVEN, time, by, "signed by a trusted time authority")


def _certificates(roots: Sequence[bytes]) -> list["Certificate"]:
    """Return every certificate in the PEM texts; a text that is none takes nothing from the others."""
    from cryptography import x509

    found: list[Certificate] = []
    for pem in roots:
        try:
            found += x509.load_pem_x509_certificates(pem)
        except ValueError:
            continue
    return found


def _embedded(reply: "TimeStampResponse") -> list["Certificate"]:
    from cryptography import x509

    return [x509.load_der_x509_certificate(each) for each in reply.signed_data.certificates]


def _end(chain: Sequence["Certificate"]) -> datetime:
    return min(each.not_valid_after_utc for each in chain)


def _signer(reply: "TimeStampResponse", embedded: list["Certificate"]) -> "Certificate | None":
    """Return the certificate of the one who signed; none where it is not there, or where several signed."""
    named = [(each.issuer, each.serial_number) for each in reply.signed_data.signer_infos]
    return next((each for each in embedded if named == [(each.issuer, each.serial_number)]), None)


def _chain(
    signer: "Certificate", embedded: Sequence["Certificate"], trusted: Sequence["Certificate"]
) -> list["Certificate"]:
    """Return the certificates from the signer's to a trusted one; empty where they do not lead to any."""
    chain = [signer]
    while len(chain) < _MAX_CHAIN:
        above = next((each for each in trusted if _issued(each, chain[-1])), None)
        if above is not None:
            return [*chain, above]
        between = next((each for each in embedded if each not in chain and _issued(each, chain[-1])), None)
        if between is None:
            return []
        chain.append(between)
    return []


def _issued(above: "Certificate", below: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
