"""A reply that the strict reader refuses is kept only when it is one whole DER sequence."""

import pytest

from archive.ledger.anchor.rfc3161 import _is_whole


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (b"\x30\x00", True),
        (b"\x30\x02ab", True),
        (b"\x30\x81\x80" + bytes(128), True),
        (b"\x30\x82\x01\x00" + bytes(256), True),
        (b"\x30\x82\x01\x00" + bytes(255), False),
        (b"\x30\x82\x01\x00" + bytes(257), False),
        (b"\x30\x80", False),
        (b"\x30\x85" + bytes(5), False),
        (b"\x31\x00", False),
        (b"\x30", False),
        (b"", False),
    ],
)
def test_length(raw: bytes, whole: bool) -> None:
    assert _is_whole(raw) is whole
