"""Secrets split k of n: any k restore, a second implementation agrees, every change of a share is noticed."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.records.keys import KeyKind, SigningKey
from archive.records.shares import (
    BadShare,
    BadSplit,
    NotASecret,
    Secret,
    SecretKind,
    Share,
    SharesDiffer,
    TooFewShares,
    join,
    split,
)

KEY = SigningKey.from_seed("town.example/recovery", KeyKind.STATEMENT, b"r" * 32)
FILE = json.dumps({"name": KEY.public.name, "seed": KEY.seed.hex(), "public": KEY.public.raw.hex()}) + "\n"
_MODULUS = (1 << 128) | 0b10000111  # x^128 + x^7 + x^2 + x + 1


def times(a: int, b: int) -> int:
    """Multiply in GF(2^128), bit by bit."""
    found = 0
    while b:
        if b & 1:
            found ^= a
        a <<= 1
        if a >> 128:
            a ^= _MODULUS
        b >>= 1
    return found


def inverse(a: int) -> int:
    """Return a^(2^128 - 2)."""
    found = 1
    for _ in range(127):
        a = times(a, a)
        found = times(found, a)
    return found


def at_zero(points: list[tuple[int, int]]) -> int:
    """Return the value at 0 of the polynomial through `points` (Lagrange): an implementation of its own."""
    found = 0
    for x, y in points:
        factor = 1
        for other, _ in points:
            if other != x:
                factor = times(factor, times(other, inverse(x ^ other)))
        found ^= times(y, factor)
    return found


def plain(shares: list[Share]) -> bytes:
    """Restore by Lagrange."""
    halves = ([(each.index, int.from_bytes(each.value[at : at + 16], "big")) for each in shares] for at in (0, 16))
    return b"".join(at_zero(points).to_bytes(16, "big") for points in halves)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(2, 6), st.integers(0, 3))
def test_any_k_of_n_restore_and_a_second_implementation_agrees(value: bytes, threshold: int, more: int) -> None:
    shares = split(Secret(SecretKind.NODE_SECRET, "node.secret", value), threshold + more, threshold)
    read = [Share.parse(each.text()) for each in shares]
    assert read == shares
    for chosen in itertools.islice(itertools.combinations(read, threshold), 3):
        assert join(chosen).value == value
        assert plain(list(chosen)) == value
    with pytest.raises(TooFewShares):
        join(read[: threshold - 1])


def test_a_key_file_comes_back_byte_for_byte() -> None:
    secret = Secret.read(FILE.encode(), "recovery-key.txt")
    assert join(split(secret, 5, 3)[2:]).content() == FILE
    node = Secret.read(b"ab" * 32 + b"\n", "node.secret")
    assert join(split(node, 2, 2)).content() == "ab" * 32 + "\n"


def test_a_share_says_which_it_is_and_never_the_secret() -> None:
    for share in split(Secret.read(FILE.encode(), "x"), 3, 2):
        assert f"share {share.index} of 3; any 2 restore town.example/recovery" in share.text()
        assert "seed" not in repr(share) + share.text()
        assert KEY.seed.hex() not in share.text()
        assert str(KEY.seed) not in repr(Secret.read(FILE.encode(), "x"))


@given(st.data())
def test_every_changed_letter_is_noticed(data: st.DataObject) -> None:
    text = split(Secret.read(FILE.encode(), "x"), 3, 2)[0].text()
    sentence, code = text.split("\n", 1)
    at = data.draw(st.sampled_from([at for at, letter in enumerate(code) if letter not in " \n"][:-1]))
    other = data.draw(st.sampled_from([letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if letter != code[at]]))
    with pytest.raises(BadShare):
        Share.parse(f"{sentence}\n{code[:at]}{other}{code[at + 1 :]}")


def test_a_share_typed_in_small_letters_without_its_sentence_is_read() -> None:
    share = split(Secret.read(FILE.encode(), "x"), 3, 2)[0]
    typed = share.text().split("\n", 1)[1].lower().replace(" ", "\n")
    assert Share.parse(typed) == share


@pytest.mark.parametrize("text", ["", "#", "A" * 5_000, "0189" * 40, "A" * 61, "AAAA " * 40, "\u0661" * 90, "é" * 90])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadShare):
        Share.parse(text)


def test_shares_of_two_sets_or_one_twice_do_not_join() -> None:
    secret = Secret.read(FILE.encode(), "x")
    first, other = split(secret, 3, 2), split(Secret.read(b"ab" * 32, "node.secret"), 3, 2)
    for given_shares in ([first[0], other[1]], [first[0], first[0]]):
        with pytest.raises(SharesDiffer):
            join(given_shares)
    again = split(secret, 3, 2)  # the same secret split a second time: other shares, the same name of the set
    with pytest.raises(SharesDiffer):
        join([first[0], again[1]])
    with pytest.raises(TooFewShares):
        join([])


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (3, 1), (2, 3), (17, 3)])
def test_splits_that_make_no_sense(shares: int, threshold: int) -> None:
    with pytest.raises(BadSplit):
        split(Secret.read(FILE.encode(), "x"), shares, threshold)


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"\xff" * 40, b"{}", b'{"name":1}', b'{"seed":"00"', b"[1]"])
def test_other_files_are_no_secrets(content: bytes) -> None:
    with pytest.raises(NotASecret):
        Secret.read(content, "letter.txt")
