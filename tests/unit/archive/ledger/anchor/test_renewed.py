"""Which tokens a renewal covers, kept by the root of their tree."""

from pathlib import Path

import pytest

from archive.ledger import renewal
from archive.ledger.anchor import folder, renewed
from tests.unit.archive.ledger.anchor.test_folder import checkpoint


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for size, by, token in ((3, "one", b"a"), (5, "one", b"b"), (5, "two", b"c")):
        folder.keep(tmp_path, checkpoint(size), "rfc3161", by, token, 1.0)
    folder.keep(tmp_path, checkpoint(5), "opentimestamps", "cal", b"may change", 1.0)
    return tmp_path


def test_tokens_lead_to_the_root_and_promises_are_left_out(log: Path) -> None:
    root = renewed.write_list(log)
    found = renewed.ways(log, root, [b"c", b"a", b"may change"])
    assert sorted(found) == [b"a", b"c"]
    for token, way in found.items():
        renewal.check(renewal.leaf_hash(token), way.index, way.count, way.path, root)
    assert (log / "anchor" / "renewals" / root.hex()).read_bytes() == b"3 one\n5 one\n5 two\n"


def test_tokens_that_come_later_change_nothing(log: Path) -> None:
    root = renewed.write_list(log)
    folder.keep(log, checkpoint(4), "rfc3161", "late", b"d", 1.0)
    assert set(renewed.ways(log, root, [b"a", b"d"])) == {b"a"}
    assert renewed.write_list(log) != root
    assert renewed.write_list(log) == renewed.write_list(log)


@pytest.mark.parametrize(
    "text", [b"", b"3 one\n5 one\n", b"3 one\nx\n", b"\xff\n", b"../3 one\n", b"5 one\n3 one\n5 two\n"]
)
def test_a_list_that_was_changed_covers_nothing(log: Path, text: bytes) -> None:
    root = renewed.write_list(log)
    path = log / "anchor" / "renewals" / root.hex()
    path.unlink()
    assert renewed.ways(log, root, [b"a"]) == {}
    path.write_bytes(text)
    assert renewed.ways(log, root, [b"a"]) == {}


def test_without_a_token_there_is_nothing_to_renew(tmp_path: Path) -> None:
    with pytest.raises(renewed.NothingToRenew):
        renewed.write_list(tmp_path)


def test_entries() -> None:
    assert renewed.entries_root([b"x"]) == renewal.leaf_hash(b"x")
