"""A key as words that two people can read to each other: proquints of its hash, two syllables each."""

from hashlib import sha256

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"
_WORDS = 8  # 128 bits: nobody finds a second key with the same words


def spoken(vkey: str) -> str:
    """Return eight pronounceable words for a vkey: the first 128 bits of its SHA-256 as proquints."""
    digest = sha256(vkey.encode()).digest()
    return "-".join(_proquint(int.from_bytes(digest[at : at + 2], "big")) for at in range(0, 2 * _WORDS, 2))


def _proquint(number: int) -> str:
    """Return 16 bits as consonant, vowel, consonant, vowel, consonant (4, 2, 4, 2, 4 bits)."""
    return "".join(
        letters[number >> shift & len(letters) - 1]
        for letters, shift in ((_CONSONANTS, 12), (_VOWELS, 10), (_CONSONANTS, 6), (_VOWELS, 4), (_CONSONANTS, 0))
    )
