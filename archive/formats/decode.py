"""Which encoding a text is in: tried in a fixed order, told when more than one fits (UX.md section 8)."""

import codecs
from dataclasses import dataclass

import charset_normalizer

from archive.formats.errors import UnreadableText

LEGACY = ("cp932", "euc_jp", "cp950")
GUESSED = ("gb18030", "cp949", "big5hkscs", "cp1252", "latin_1")  # what is left to charset-normalizer
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding taken, and all that fit; where several do, a person must look at the previews and say."""

    name: str
    candidates: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        return len(self.candidates) > 1


def detect(raw: bytes, *, whole: bool = True) -> Encoding:
    """Return the encoding of `raw`; with `whole` false it is the beginning of a text and may end inside a letter.

    Raises:
        UnreadableText: nothing fits.

    """
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return Encoding(name, (name,))
    first = "iso2022_jp" if b"\x1b$" in raw or b"\x1b(" in raw else "utf-8"
    for name in (*_wide(raw), first):
        if _read(raw, name, whole=whole) is not None:
            return Encoding(name, (name,))
    found = {name: text for name in LEGACY if (text := _read(raw, name, whole=whole)) is not None}
    if found:
        ordered = tuple(sorted(found, key=lambda name: _looks_foreign(found[name])))
        return Encoding(ordered[0], ordered)
    guess = charset_normalizer.from_bytes(raw[:_SAMPLE], cp_isolation=list(GUESSED)).best()
    if guess is None or _read(raw, guess.encoding, whole=whole) is None:
        raise UnreadableText
    return Encoding(guess.encoding, (guess.encoding,))


def decode(raw: bytes, encoding: str | None = None, *, whole: bool = True) -> tuple[str, Encoding]:
    """Return the text of `raw` and its encoding; a given `encoding` is taken at its word.

    Raises:
        UnreadableText: nothing fits, or not the encoding given.

    """
    used = Encoding(encoding, (encoding,)) if encoding else detect(raw, whole=whole)
    text = _read(raw, used.name, whole=whole)
    if text is None:
        raise UnreadableText
    return text, used


def _read(raw: bytes, name: str, *, whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)("strict").decode(raw, final=whole)
    except (UnicodeError, LookupError):
        return None


def _wide(raw: bytes) -> tuple[str, ...]:
    """Return UTF-16 without BOM where NUL bytes lie as in Latin or digits: nothing else has NUL bytes in text."""
    sample = raw[:4096]
    if b"\0" not in sample or len(raw) % 2:
        return ()
    return ("utf-16-le",) if sample[1::2].count(0) >= sample[0::2].count(0) else ("utf-16-be",)


def _looks_foreign(text: str) -> bool:
    """Tell whether a reading is mostly half-width kana or rare signs: what EUC-JP read as CP932 looks like."""
    sample = [char for char in text[:10_000] if char > "\x7f"]
    odd = sum("\uff61" <= char <= "\uff9f" or "\ue000" <= char <= "\uf8ff" for char in sample)
    return odd * 2 > len(sample)
