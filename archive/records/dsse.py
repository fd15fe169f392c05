"""DSSE envelopes: the exact bytes that were signed, and who signed them. A leaf of the log is the envelope's JCS."""

from dataclasses import dataclass

from archive.records import base64_strict, jcs
from archive.records.errors import NotAnEnvelope, NotJson
from archive.records.keys import PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.ishibumi.statement+json"
MAX_PAYLOAD = 32 * 1024
MAX_ENTRY = 65_535


@dataclass(frozen=True)
class Envelope:
    """One signed statement: `payload` bytes, the signer's key ID (8 hex digits) and the Ed25519 signature."""

    payload: bytes
    keyid: str
    signature: bytes

    def entry(self) -> bytes:
        """Return the bytes that become a leaf of the log."""
        return jcs.canonical(
            {
                "payload": base64_strict.encode(self.payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": self.keyid, "sig": base64_strict.encode(self.signature)}],
            }
        )

    def check_signature(self, key: PublicKey) -> None:
        """Return if `key` made this signature. Raises the key's error otherwise."""
        key.verify(pae(self.payload), self.signature)


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, key: SigningKey) -> Envelope:
    """Return `payload` signed by `key`. Raises NotAnEnvelope when the payload is over 32 KiB."""
    if len(payload) > MAX_PAYLOAD:
        raise NotAnEnvelope({"why": f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD}"})
    return Envelope(payload, key.public.key_id.hex(), key.sign(pae(payload)))


def open_entry(entry: bytes) -> Envelope:
    """Return the envelope in a log entry; its bytes must be the canonical ones, so that one statement has one leaf.

    Raises:
        NotAnEnvelope: another shape, type, or more than one signature.
        NotJson, NotCanonical, TooLarge: as `jcs.parse_canonical`.

    """
    found = jcs.parse_canonical(entry, limit=MAX_ENTRY, what="entry")
    if not isinstance(found, dict) or set(found) != {"payload", "payloadType", "signatures"}:
        raise NotAnEnvelope({"why": "members"})
    if found["payloadType"] != PAYLOAD_TYPE:
        raise NotAnEnvelope({"why": "payloadType"})
    signatures = found["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise NotAnEnvelope({"why": "exactly one signature is expected"})
    one = signatures[0]
    if not isinstance(one, dict) or set(one) != {"keyid", "sig"}:
        raise NotAnEnvelope({"why": "signature members"})
    return _envelope(found["payload"], one["keyid"], one["sig"])


def _envelope(payload: object, keyid: object, signature: object) -> Envelope:
    if not isinstance(payload, str) or not isinstance(keyid, str) or not isinstance(signature, str):
        raise NotAnEnvelope({"why": "member types"})
    if len(keyid) != 8 or any(char not in "0123456789abcdef" for char in keyid):  # noqa: PLR2004 - 4 bytes in hex
        raise NotAnEnvelope({"why": "keyid"})
    try:
        return Envelope(base64_strict.decode(payload), keyid, base64_strict.decode(signature, 64))
    except NotJson as wrong:
        raise NotAnEnvelope({"why": "base64"}) from wrong
