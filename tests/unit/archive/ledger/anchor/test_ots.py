"""OpenTimestamps proofs: promised, in a block, forged; and read by the official client (LEDGER section 8, item 58)."""

import datetime as dt
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outbound import Outbound
from archive.ledger.anchor import ots_check
from archive.ledger.anchor.checking import AnchorFinding, AnchorState, check_anchor
from archive.ledger.anchor.ots import Calendar
from tests import calendar_server
from tests.calendar_server import WORK, mined

BODY = b"town.example/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
TIME = 1_790_000_000
OTS = Path(sys.executable).parent / "ots"


@pytest.fixture(scope="module")
def proofs() -> tuple[bytes, bytes, bytes]:
    """A promise over BODY, the proof with its block, and the block's header."""
    with calendar_server.serving() as server:
        calendar = Calendar("cal", server.url, Outbound(allow_private=True))
        pending = calendar.stamp(BODY)
        calendar.stamp(b"somebody else's")
        assert calendar.upgrade(BODY, pending) is None
        header = server.make_block(TIME)
        complete = calendar.upgrade(BODY, pending)
        assert complete is not None
        assert calendar.upgrade(BODY, complete) is None
    return pending, complete, header


def check(raw: bytes, header: bytes = b"", body: bytes = BODY, work: int = WORK) -> AnchorFinding:
    return check_anchor("opentimestamps", raw, body, header=header, least_work=work)


def test_a_promise_is_pending(proofs: tuple[bytes, bytes, bytes]) -> None:
    found = check(proofs[0])
    assert (found.state, found.time, found.by) == (AnchorState.PENDING, None, "127.0.0.1")


def test_a_block_proves_its_time(proofs: tuple[bytes, bytes, bytes]) -> None:
    _, complete, header = proofs
    found = check(complete, header)
    assert found.state is AnchorState.PROVEN
    assert found.time == dt.datetime.fromtimestamp(TIME, dt.UTC)
    assert found.by == "Bitcoin block " + sha256(sha256(header).digest()).digest()[::-1].hex()
    assert "said to be block 900000" in found.why
    assert "not compared with the chain here" in found.why


def test_without_its_header_nothing_is_said(proofs: tuple[bytes, bytes, bytes]) -> None:
    found = check(proofs[1])
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)
    assert "ots verify" in found.why


def test_a_block_that_anybody_could_make_is_not_believed(proofs: tuple[bytes, bytes, bytes]) -> None:
    _, complete, header = proofs
    found = check_anchor("opentimestamps", complete, BODY, header=header)
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)
    assert "work" in found.why
    easier = header[:72] + (0x2100FFFF).to_bytes(4, "little") + header[76:]
    assert check(complete, easier).state is AnchorState.UNCHECKED


@pytest.mark.parametrize("kind", ["root", "nonce", "bits", "negative", "overflow", "zero", "short", "long"])
def test_a_forged_header_is_refused(proofs: tuple[bytes, bytes, bytes], kind: str) -> None:
    _, complete, header = proofs
    forged = {
        "root": header[:36] + bytes(32) + header[68:],
        "nonce": header[:76] + bytes(a ^ 1 for a in header[76:]),
        "bits": header[:72] + (0x1700FFFF).to_bytes(4, "little") + header[76:],
        "negative": header[:72] + (0x1F80FFFF).to_bytes(4, "little") + header[76:],
        "overflow": header[:72] + (0xFF00FFFF).to_bytes(4, "little") + header[76:],
        "zero": header[:72] + bytes(4) + header[76:],
        "short": header[:79],
        "long": header + b"\0",
    }[kind]
    found = check(complete, forged)
    assert (found.state, found.time) == (AnchorState.REFUSED, None)


def test_another_blocks_header_with_work_is_refused(proofs: tuple[bytes, bytes, bytes]) -> None:
    assert check(proofs[1], mined(b"\x11" * 32, TIME)).state is AnchorState.REFUSED


def test_a_header_fits_with_its_root_and_enough_work(proofs: tuple[bytes, bytes, bytes]) -> None:
    header = proofs[2]
    assert ots_check.header_fits(header, header[36:68], WORK)
    assert not ots_check.header_fits(header, bytes(32), WORK)
    assert not ots_check.header_fits(header, header[36:68], ots_check.LEAST_WORK)


def test_a_small_exponent_shortens_the_target() -> None:
    assert ots_check._target(0x02008000) == 0x80
    assert ots_check._target(0x1D00FFFF) == 0xFFFF << 208


def test_a_proof_over_another_body_is_refused(proofs: tuple[bytes, bytes, bytes]) -> None:
    for raw in proofs[:2]:
        assert check(raw, proofs[2], BODY + b"x").state is AnchorState.REFUSED


@pytest.mark.parametrize("raw", [b"", b"\0OpenTimestamps", b"\xff" * 100])
def test_garbage_is_refused(raw: bytes) -> None:
    assert check(raw).state is AnchorState.REFUSED


def test_a_truncated_or_endless_proof_is_not_checkable(proofs: tuple[bytes, bytes, bytes]) -> None:
    start = proofs[1][: 33 + 32]
    for raw in (proofs[1][:-1], proofs[1] + b"\0", start, start + b"\x08" * 5_000, start + b"\xff" * 5_000):
        found = check(raw, proofs[2])
        assert (found.state, found.time) == (AnchorState.UNCHECKED, None), raw


def test_an_attestation_that_nobody_knows_is_not_checkable() -> None:
    start = ots_check._MAGIC + b"\x08" + sha256(BODY).digest()
    assert check(start + b"\0" + b"unknown!" + b"\x01x").state is AnchorState.UNCHECKED


def test_without_the_library_the_digest_is_still_compared(
    proofs: tuple[bytes, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentimestamps.core.timestamp", None)
    found = check(proofs[1], proofs[2])
    assert found.state is AnchorState.UNCHECKED
    assert "ots verify -d" in found.why
    assert check(proofs[1], proofs[2], b"other").state is AnchorState.REFUSED


def test_the_official_client_reads_our_files(proofs: tuple[bytes, bytes, bytes], tmp_path: Path) -> None:
    for number, words in ((0, "PendingAttestation"), (1, "BitcoinBlockHeaderAttestation(900000)")):
        path = tmp_path / f"{number}.ots"
        path.write_bytes(proofs[number])
        done = subprocess.run([str(OTS), "info", str(path)], capture_output=True, text=True, check=True)
        assert f"File sha256 hash: {sha256(BODY).hexdigest()}" in done.stdout
        assert words in done.stdout


@given(st.data())
def test_a_flipped_bit_never_proves_another_time(proofs: tuple[bytes, bytes, bytes], data: st.DataObject) -> None:
    _, complete, header = proofs
    whole = bytearray(complete + header)
    place = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[place // 8] ^= 1 << (place % 8)
    found = check(bytes(whole[: len(complete)]), bytes(whole[len(complete) :]))
    assert found.time in {None, dt.datetime.fromtimestamp(TIME, dt.UTC)}
    if found.state is AnchorState.PROVEN:
        assert bytes(whole[len(complete) :]) == header


def test_a_block_of_tomorrow_proves_nothing(proofs: tuple[bytes, bytes, bytes]) -> None:
    _, complete, header = proofs
    before = dt.datetime.fromtimestamp(TIME, dt.UTC) - dt.timedelta(hours=3)
    found = check_anchor("opentimestamps", complete, BODY, header=header, least_work=WORK, now=before)
    assert (found.state, found.time) == (AnchorState.UNCHECKED, None)
    assert "later than the clock" in found.why
