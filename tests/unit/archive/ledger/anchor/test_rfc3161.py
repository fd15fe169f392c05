"""Tokens of a real authority (OpenSSL), good and bad (LEDGER section 8, item 58)."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from archive.ledger.anchor import rfc3161_check
from archive.ledger.anchor.checking import AnchorState, check_anchor
from archive.ledger.anchor.finding import MAX_TOKEN
from tests.time_authority import Authority

BODY = b"town.example/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"), "Other")


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.stamp(BODY)


def test_a_token_of_a_trusted_authority_proves_its_time(authority: Authority, other: Authority, token: bytes) -> None:
    found = check_anchor("rfc3161", token, BODY, roots=[other.root, authority.root], now=dt.datetime.now(dt.UTC))
    assert found.state is AnchorState.PROVEN
    assert found.by == "CN=Test Time Authority"
    assert found.time is not None
    assert abs((dt.datetime.now(dt.UTC) - found.time).total_seconds()) < 600
    assert found.time.tzinfo is dt.UTC
    assert authority.accepts(token, BODY)


def test_several_certificates_in_one_file_and_a_broken_file_beside(
    authority: Authority, other: Authority, token: bytes
) -> None:
    roots = [b"no certificate", other.root + authority.root]
    assert check_anchor("rfc3161", token, BODY, roots=roots).state is AnchorState.PROVEN


def test_a_token_over_another_body_is_refused(authority: Authority, token: bytes) -> None:
    found = check_anchor("rfc3161", token, BODY + b"x", roots=[authority.root])
    assert (found.state, found.time) == (AnchorState.REFUSED, None)
    assert not authority.accepts(token, BODY + b"x")


def test_an_imprint_that_stands_elsewhere_in_the_token_does_not_count(authority: Authority) -> None:
    """The quick look for the digest is no check: here it is in the reply, but not what was stamped."""
    import hashlib

    wanted = hashlib.sha256(BODY).digest()
    reply = bytearray(authority.stamp(b"something else"))
    signature = len(reply) - 40
    reply[signature : signature + 32] = wanted
    assert wanted in reply
    found = check_anchor("rfc3161", bytes(reply), BODY, roots=[authority.root])
    assert found.state in {AnchorState.REFUSED, AnchorState.UNCHECKED}
    assert found.time is None


def test_a_foreign_root_is_not_called_forged(other: Authority, token: bytes) -> None:
    for roots in ([other.root], []):
        found = check_anchor("rfc3161", token, BODY, roots=roots)
        assert (found.state, found.time, found.by) == (AnchorState.UNCHECKED, None, "")


def test_a_certificate_that_ended_before_now_proves_no_more(authority: Authority, token: bytes) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=20 * 365)
    found = check_anchor("rfc3161", token, BODY, roots=[authority.root], now=later)
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)
    assert "ended" in found.why
    assert check_anchor("rfc3161", token, BODY, roots=[authority.root]).state is AnchorState.PROVEN
    end = rfc3161_check.ends(token, [authority.root])
    assert end is not None
    assert end < later


def test_a_token_from_outside_its_certificate_proves_nothing(tmp_path: Path) -> None:
    late = Authority(tmp_path, "Late", days=1)
    found = check_anchor("rfc3161", late.stamp(BODY), BODY, roots=[late.root])
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)


def test_two_certificates_out_of_order_are_not_called_forged(tmp_path: Path) -> None:
    """OpenSSL writes and accepts such replies; the strict reader does not (LEDGER section 3)."""
    both = Authority(tmp_path, "Both", with_root=True)
    reply = both.stamp(BODY)
    assert both.accepts(reply, BODY)
    found = check_anchor("rfc3161", reply, BODY, roots=[both.root])
    assert found.state is AnchorState.UNCHECKED
    assert "openssl ts -verify" in found.why
    assert rfc3161_check.ends(reply, [both.root]) is None
    assert check_anchor("rfc3161", reply, b"other", roots=[both.root]).state is AnchorState.REFUSED


def test_the_command_that_is_told_works(tmp_path: Path) -> None:
    both = Authority(tmp_path, "Both", with_root=True)
    (tmp_path / "token.tsr").write_bytes(both.stamp(BODY))
    (tmp_path / "authority.pem").write_bytes(both.root)
    why = check_anchor("rfc3161", (tmp_path / "token.tsr").read_bytes(), BODY).why
    command = why[why.index("openssl") :].split()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("raw", [b"", b"\0", b"0\x82", bytes(range(256)), b"\xff" * 4_000])
def test_garbage_is_refused_without_an_error(authority: Authority, raw: bytes) -> None:
    assert check_anchor("rfc3161", raw, BODY, roots=[authority.root]).state is AnchorState.REFUSED


def test_oversize_is_not_read(authority: Authority, token: bytes) -> None:
    found = check_anchor("rfc3161", token + bytes(MAX_TOKEN), BODY, roots=[authority.root])
    assert found.state is AnchorState.UNCHECKED
    assert "65536" in found.why


def test_an_unknown_kind_is_not_checkable(token: bytes) -> None:
    assert check_anchor("sundial", token, BODY).state is AnchorState.UNCHECKED


def test_without_the_library_the_rest_still_holds(
    authority: Authority, token: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    found = check_anchor("rfc3161", token, BODY, roots=[authority.root])
    assert found.state is AnchorState.UNCHECKED
    assert "openssl ts -verify" in found.why
    assert check_anchor("rfc3161", token, b"other", roots=[authority.root]).state is AnchorState.REFUSED
    assert rfc3161_check.ends(token, [authority.root]) is None


@given(st.data())
def test_a_flipped_bit_never_proves_another_time_or_authority(
    authority: Authority, token: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, 8 * len(token) - 1))
    changed = bytearray(token)
    changed[place // 8] ^= 1 << (place % 8)
    good = check_anchor("rfc3161", token, BODY, roots=[authority.root])
    found = check_anchor("rfc3161", bytes(changed), BODY, roots=[authority.root])
    if found.state is AnchorState.PROVEN:
        assert (found.time, found.by) == (good.time, good.by)
    else:
        assert found.time is None


def test_a_token_without_its_certificate_is_not_checkable(authority: Authority) -> None:
    bare = authority.stamp(BODY, with_certificate=False)
    found = check_anchor("rfc3161", bare, BODY, roots=[authority.root])
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)
    assert rfc3161_check.ends(bare, [authority.root]) is None


def test_a_chain_is_not_followed_for_ever(authority: Authority, other: Authority, token: bytes) -> None:
    signer = load_pem_x509_certificate(authority.certificate)
    root, foreign = load_pem_x509_certificate(authority.root), load_pem_x509_certificate(other.root)
    assert rfc3161_check._chain(signer, [signer, root], [root]) == [signer, root]
    assert rfc3161_check._chain(signer, [signer, root], [foreign]) == []
    assert rfc3161_check.ends(token, []) == signer.not_valid_after_utc


def test_a_chain_of_too_many_certificates_leads_nowhere() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(10)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(n))]) for n in range(10)]
    now = dt.datetime.now(dt.UTC)
    made = [
        x509.CertificateBuilder()
        .subject_name(names[n])
        .issuer_name(names[max(n - 1, 0)])
        .public_key(keys[n].public_key())
        .serial_number(n + 1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(keys[max(n - 1, 0)], hashes.SHA256())
        for n in range(10)
    ]
    assert rfc3161_check._chain(made[9], made, made[:1]) == []
    assert rfc3161_check._chain(made[7], made, made[:1]) == made[7::-1]


def test_who_stops_the_program_stops_it(token: bytes) -> None:
    class Stopped(list[bytes]):
        def __iter__(self) -> Iterator[bytes]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_anchor("rfc3161", token, BODY, roots=Stopped())
