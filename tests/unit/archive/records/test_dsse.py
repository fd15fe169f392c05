"""Envelopes: PAE signs exact bytes, and one statement has one entry."""

import base64
import hashlib
import json

import pytest
from securesystemslib import dsse as foreign

from archive import merkle
from archive.records import dsse, jcs
from tests.unit.archive.records.test_jcs import refused
from tests.unit.archive.records.test_keys import key_of

AGENCY = key_of("statement")
PAYLOAD = (
    b'{"agency":"aoba.example.jp/bosai","body":{"bytes":2,"dataset":"hinanjo","files":2,'
    b'"manifest":"cGOYuHBJ+65osWYCtEoANj4qFnwccrW7cLNDzetLwFY=","version":1},"log":"log.example.jp/aoba",'
    b'"prev":null,"seq":0,"time":"2026-01-01T00:00:00Z","type":"publish","v":1}'
)
SIGNATURE = "Fd7J9AhCdJtM2+mPXrutZ21Dnj5F0wK1rwjCRZMAdHlSocbt0NgRn8kvGKsXqpXpACWOZsET8NB871uGrntrAw=="


def test_the_vector_of_the_design() -> None:
    assert len(PAYLOAD) == 254
    assert len(dsse.pae(PAYLOAD)) == 308
    assert hashlib.sha256(dsse.pae(PAYLOAD)).hexdigest() == (
        "7f84b8ecc3bf8d969ca65d80c33b569466c1c46dc9b4920bb65e7466fa736298"
    )
    envelope = dsse.seal(PAYLOAD, AGENCY)
    assert base64.b64encode(envelope.signature).decode() == SIGNATURE
    entry = envelope.entry()
    assert len(entry) == 543
    assert merkle.leaf_hash(entry).hex() == "1de29573bda8aa04854c684b750e29333330914a67249c077753570974839212"
    assert dsse.open_entry(entry) == envelope
    envelope.check_signature(AGENCY.public)


@pytest.mark.parametrize("payload", [b"", PAYLOAD, "避難所 \x00".encode(), b"9 " * 40])
def test_pae_is_that_of_securesystemslib(payload: bytes) -> None:
    assert dsse.pae(payload) == foreign.Envelope(payload, dsse.PAYLOAD_TYPE, {}).pae()


def test_lengths_of_type_and_payload_cannot_be_confused() -> None:
    assert dsse.pae(b"b 1 c", "a") != dsse.pae(b"c", "a 5 b")
    assert dsse.pae(b"x", "a") != dsse.pae(b"x", "a ")


def test_another_payload_or_type_breaks_the_signature() -> None:
    envelope = dsse.seal(PAYLOAD, AGENCY)
    assert (
        refused(dsse.Envelope(PAYLOAD + b" ", envelope.keyid, envelope.signature).check_signature, AGENCY.public)
        == "REC-103"
    )
    other = AGENCY.sign(dsse.pae(PAYLOAD, "text/plain"))
    assert refused(dsse.Envelope(PAYLOAD, envelope.keyid, other).check_signature, AGENCY.public) == "REC-103"
    assert refused(envelope.check_signature, key_of("log").public) == "REC-103"


def changed(**members: object) -> bytes:
    return jcs.canonical({**json.loads(dsse.seal(b"{}", AGENCY).entry()), **members})


ONE = json.loads(dsse.seal(b"{}", AGENCY).entry())["signatures"][0]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (changed(payloadType="application/json"), "REC-010"),
        (changed(more=1), "REC-010"),
        (b"{}", "REC-010"),
        (b"[]", "REC-010"),
        (changed(payload=1), "REC-010"),
        (changed(payload="e30"), "REC-010"),
        (changed(payload="e31="), "REC-010"),
        (changed(signatures=[]), "REC-010"),
        (changed(signatures=[ONE, ONE]), "REC-010"),
        (changed(signatures={"0": ONE}), "REC-010"),
        (changed(signatures=[[]]), "REC-010"),
        (changed(signatures=[{**ONE, "cert": ""}]), "REC-010"),
        (changed(signatures=[{**ONE, "keyid": "650128D8"}]), "REC-010"),
        (changed(signatures=[{**ONE, "keyid": "650128d"}]), "REC-010"),
        (changed(signatures=[{**ONE, "keyid": 1}]), "REC-010"),
        (changed(signatures=[{**ONE, "sig": ONE["sig"][4:]}]), "REC-010"),
        (changed() + b"\n", "REC-003"),
        (b'{"payload":"","payload":""}', "REC-002"),
        (b" " * 65_536, "REC-001"),
    ],
)
def test_what_is_no_envelope(entry: bytes, code: str) -> None:
    assert refused(dsse.open_entry, entry) == code


def test_a_payload_has_a_limit_that_always_fits_a_leaf() -> None:
    assert len(dsse.seal(b"x" * dsse.MAX_PAYLOAD, AGENCY).entry()) <= dsse.MAX_ENTRY
    assert refused(dsse.seal, b"x" * (dsse.MAX_PAYLOAD + 1), AGENCY) == "REC-010"
