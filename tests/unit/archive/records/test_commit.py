"""Commitments: the vectors, and that nothing can slide between field, salt and value."""

import pytest

from archive import merkle
from archive.records.commit import check_opening, commitment, new_salt
from tests.unit.archive.records.test_jcs import refused

SALT = bytes(range(32))


def test_the_vectors_of_the_design() -> None:
    root = merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")])
    assert root.hex().startswith("b137985f")
    assert root.hex().endswith("99eb")
    assert commitment("manifest", SALT, root).hex() == (
        "706398b87049fbae68b16602b44a00363e2a167c1c72b5bb70b343cdeb4bc056"
    )
    assert commitment("contact", SALT, "青葉太郎".encode()).hex() == (
        "2e18796f7e2305de8a37aae3fd2a76e61716e678302019830acfe6c5b80dce31"
    )


@pytest.mark.parametrize(
    ("field", "salt", "value"),
    [
        ("metadata", SALT, b"value"),
        ("manifes", SALT, b"tvalue"),
        ("manifest", SALT[:-1], b"\x1fvalue"),
        ("manifest", SALT + b"v", b"alue"),
        ("manifestv", SALT, b"alue"),
        ("manifest", SALT, b"value\0"),
        ("manifest", bytes(32), b"value"),
        ("", SALT, b"manifestvalue"),
    ],
)
def test_another_field_salt_or_value_does_not_open_it(field: str, salt: bytes, value: bytes) -> None:
    made = commitment("manifest", SALT, b"value")
    check_opening("manifest", SALT, b"value", made)
    assert refused(check_opening, field, salt, value, made) == "REC-040"


def test_a_short_salt_opens_nothing() -> None:
    assert refused(check_opening, "f", b"", b"v", commitment("f", b"", b"v")) == "REC-040"


def test_salts_are_fresh() -> None:
    assert len({new_salt() for _ in range(8)}) == 8
    assert len(new_salt()) == 32
