"""Words that mean the same, from `data/synonyms.*.tsv` and the eras: they widen queries only."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from search.analysis import Analyser

MAX_LINE = 500
MAX_VARIANTS = 12
_SHORTEST = 2
_ERAS = (("r", "令和", 2018), ("h", "平成", 1988), ("s", "昭和", 1925), ("t", "大正", 1911))
_LAST_YEAR = {"r": 99, "h": 31, "s": 64, "t": 15}
_WESTERN = re.compile(r"(?<![0-9a-z])((?:19|20)\d\d)(?=年)")
_LATIN = re.compile(r"[0-9a-z]")


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Immutable; `groups` maps a folded word to all folded words of its group."""

    groups: Mapping[str, tuple[str, ...]]
    _finder: re.Pattern[str]
    _era: re.Pattern[str]
    _eras: Mapping[str, tuple[str, str, int]]

    @classmethod
    def load(cls, analyser: Analyser, files: Iterable[Path] | None = None) -> Self:
        """Return the synonyms of `files` (default: those that came with the program).

        A line that cannot be used (one word, too long, too short a word) is left out: an editing slip in
        a word list must not stop a portal. `skipped_lines` tells an operator which.
        """
        groups: dict[str, tuple[str, ...]] = {}
        for path in shipped() if files is None else files:
            for words in _lines(path):
                folded = tuple(dict.fromkeys(w for w in map(analyser.fold, words) if len(w) >= _SHORTEST))
                for word in folded if len(folded) > 1 else ():
                    groups[word] = tuple(dict.fromkeys((*groups.get(word, ()), *folded)))
        return cls.of(analyser, groups)

    @classmethod
    def of(cls, analyser: Analyser, groups: Mapping[str, tuple[str, ...]]) -> Self:
        """Return synonyms over groups that are already folded."""
        longest_first = sorted(groups, key=lambda word: (-len(word), word))
        finder = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        eras = {
            name: (letter, analyser.fold(kanji), base)
            for letter, kanji, base in _ERAS
            for name in (letter, analyser.fold(kanji))
        }
        era = re.compile(rf"(?<![0-9a-z])({'|'.join(eras)})(元|\d{{1,2}})(?![0-9a-z])")
        return cls(groups, finder, era, eras)

    def variants(self, word: str) -> tuple[str, ...]:
        """Return `word` (folded) and what may stand in its place, at most MAX_VARIANTS in all.

        A group's word is found inside a longer one too (子供医療, こども医療); a Latin one only whole.
        """
        found = [word]
        for match in self._finder.finditer(word):
            if _stands_alone(word, match):
                others = self.groups[match.group()]
                found.extend(word[: match.start()] + other + word[match.end() :] for other in others)
        found.extend(self._other_eras(word))
        return tuple(dict.fromkeys(found))[:MAX_VARIANTS]

    def _other_eras(self, word: str) -> Iterable[str]:
        """Give 令和6, r6 and 2024 for one another."""
        western = _WESTERN.search(word)
        if western:
            year = int(western.group())
            for letter, kanji, base in dict.fromkeys(self._eras.values()):
                if 1 <= year - base <= _LAST_YEAR[letter]:
                    yield word[: western.start()] + f"{kanji}{year - base}" + word[western.end() :]
                    yield word[: western.start()] + f"{letter}{year - base}" + word[western.end() :]
        match = self._era.search(word)
        if match:
            letter, kanji, base = self._eras[match.group(1)]
            number = 1 if match.group(2) == "元" else int(match.group(2))
            if 1 <= number <= _LAST_YEAR[letter]:
                for form in (f"{kanji}{number}", f"{letter}{number}", str(base + number)):
                    yield word[: match.start()] + form + word[match.end() :]


def _stands_alone(word: str, match: re.Match[str]) -> bool:
    before, after = word[: match.start()][-1:], word[match.end() :][:1]
    starts, ends = match.group()[0], match.group()[-1]
    return not (_LATIN.match(before) and _LATIN.match(starts)) and not (_LATIN.match(ends) and _LATIN.match(after))


def shipped() -> list[Path]:
    """Return the word lists that came with the program."""
    return sorted((Path(__file__).parent / "data").glob("synonyms.*.tsv"))


def skipped_lines(path: Path) -> list[int]:
    """Return the numbers (from 1) of lines that `Synonyms.load` cannot use."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [n for n, line in enumerate(lines, 1) if _remark_free(line) and _words(line) is None]


def _lines(path: Path) -> Iterable[list[str]]:
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        words = _words(line)
        if words:
            yield words


def _words(line: str) -> list[str] | None:
    words = [word.strip() for word in _remark_free(line).split("\t") if word.strip()]
    return words if len(words) > 1 and len(line) <= MAX_LINE else None


def _remark_free(line: str) -> str:
    return line.partition("#")[0].strip("\ufeff \r\n")
