"""Where anchors lie: kept for ever, found again, and what is broken there is passed over."""

import base64
from pathlib import Path

import pytest

from archive.ledger.anchor import folder
from archive.ledger.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint


def checkpoint(size: int) -> SignedCheckpoint:
    body = Checkpoint("town.example/log", size, bytes([size]) * 32).body
    line = "— town.example/log ".encode() + base64.b64encode(bytes(68)) + b"\n"
    return parse_checkpoint(body + b"\n" + line)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder.keep(tmp_path, checkpoint(5), "rfc3161", "office", b"five", 100.0)
    folder.keep(tmp_path, checkpoint(9), "rfc3161", "office", b"nine", 200.0)
    folder.keep(tmp_path, checkpoint(9), "opentimestamps", "cal", b"promise", 200.0)
    folder.keep(tmp_path, checkpoint(12), "opentimestamps", "cal", b"later", 300.0)
    return tmp_path


def test_what_is_kept_is_found_again(log: Path) -> None:
    found = [(each.size, each.kind, each.by, each.token, each.at) for each in folder.kept(log)]
    assert found == [
        (5, "rfc3161", "office", b"five", 100.0),
        (9, "opentimestamps", "cal", b"promise", 200.0),
        (9, "rfc3161", "office", b"nine", 200.0),
        (12, "opentimestamps", "cal", b"later", 300.0),
    ]
    assert (log / "anchor" / "9" / "checkpoint").read_bytes() == checkpoint(9).raw
    assert not list(log.rglob(".*"))


def test_the_earliest_of_each_authority_covers(log: Path) -> None:
    def of(index: int) -> list[tuple[int, str]]:
        return [(each.size, each.by) for each in folder.earliest_covering(log, index)]

    assert of(4) == [(9, "cal"), (5, "office")]
    assert of(5) == [(9, "cal"), (9, "office")]
    assert of(9) == [(12, "cal")]
    assert of(12) == []


def test_a_proof_with_its_block_goes_before_a_promise(log: Path) -> None:
    later = folder.of_size(log, 12)[0]
    folder.improve(log, later, b"in a block")
    folder.put_header(log, later, b"h" * 80)
    found = folder.earliest_covering(log, 4)[0]
    assert (found.size, found.token, found.header, found.at) == (12, b"in a block", b"h" * 80, 300.0)


def test_the_newest_of_one_authority(log: Path) -> None:
    last = folder.last(log, "rfc3161", "office")
    assert last is not None
    assert last.size == 9
    assert folder.last(log, "rfc3161", "nobody") is None


def test_what_is_broken_is_passed_over(log: Path) -> None:
    place = log / "anchor"
    for name in ("07", "x", "0", "-3"):
        (place / name).mkdir()
    (place / "12" / "checkpoint").unlink()
    (place / "12" / "checkpoint").write_bytes(checkpoint(5).raw)
    (place / "9" / "big.tsr").write_bytes(bytes(70_000))
    (place / "9" / "Not A Name.tsr").write_bytes(b"x")
    (place / "9" / "cal.header").write_bytes(b"short")
    (place / "9" / "folder.ots").mkdir()
    (place / "11").mkdir()
    (place / "11" / "checkpoint").write_bytes(b"no checkpoint")
    found = [(each.size, each.by, each.header) for each in folder.kept(log)]
    assert found == [(5, "office", b""), (9, "cal", b""), (9, "office", b"")]


def test_nothing_is_there_before_the_first(tmp_path: Path) -> None:
    assert list(folder.kept(tmp_path)) == []
    assert folder.earliest_covering(tmp_path, 0) == []
