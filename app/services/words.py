"""What a dataset says about itself, checked once for every surface (form, API, CLI)."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.db.catalogue import Dataset
from app.services.errors import BadWords
from archive.records import jcs
from archive.records.errors import NotJson
from archive.records.metadata import THEMES

LANGS = ("ja", "en", "zh-Hant", "zh-Hans")
KINDS = ("addition", "update", "correction", "replacement", "format")
LICENCES: Mapping[str, str] = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "PDL-1.0": "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0",
    "OGDL-Taiwan-1.0": "https://data.gov.tw/license",
    "MIT": "https://opensource.org/license/mit",
}
_NO_LANGUAGE = "und"  # a dataset that shows its name only (app.services.access)
_LONGEST = {"reading": 300, "period": 60, "area": 120, "contact": 300}


@dataclass(frozen=True)
class Words:
    """The words given; None or an empty mapping leaves what the dataset already says."""

    title: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    reading: str | None = None
    licence: str | None = None
    themes: Sequence[str] | None = None
    keywords: Sequence[str] | None = None
    period: str | None = None
    area: str | None = None
    contact: str | None = None


def say(dataset: Dataset, words: Words) -> None:
    """Put `words` on `dataset`. Raises BadWords, naming the member."""
    if words.title:
        said = {lang: text for lang, text in dataset.title.items() if lang != _NO_LANGUAGE}
        dataset.title = _texts("title", {**said, **words.title}, 300)
    if words.description:
        dataset.description = _texts("description", {**dataset.description, **words.description}, 10_000)
    for member, limit in _LONGEST.items():
        value = getattr(words, member)
        if value is not None:
            setattr(dataset, member, clean_text(member, value, limit))
    if words.licence is not None:
        dataset.licence = clean_text("licence", words.licence, 200) or dataset.licence
    if words.themes is not None:
        dataset.themes = _themes(words.themes)
    if words.keywords is not None:
        dataset.keywords = _keywords(words.keywords)


def given_words(words: Words) -> dict[str, Any]:
    """Return what `words` really gives, as it can be kept in a draft."""
    found = asdict(words)
    return {member: value for member, value in found.items() if value not in (None, {})}


def spoken(dataset: Dataset, said: Mapping[str, Any]) -> Dataset:
    """Return a copy of `dataset` that says `said` too. Raises BadWords."""
    copy = Dataset.model_validate(dataset.model_dump())
    say(copy, Words(**said))
    return copy


def title_texts(title: Mapping[str, str]) -> dict[str, str]:
    """Return a title by language. Raises BadWords."""
    return _texts("title", title, 300)


def note_texts(note: Mapping[str, str]) -> dict[str, str]:
    """Return the note on what changed, by language. Raises BadWords."""
    return _texts("note", note, 2_000)


def _texts(member: str, texts: Mapping[str, str], limit: int) -> dict[str, str]:
    for lang in texts:
        if lang not in LANGS:
            raise BadWords({"member": member, "why": f"{', '.join(LANGS)}: {lang[:20]}"})
    return {lang: clean_text(f"{member}.{lang}", text, limit) for lang, text in texts.items() if text.strip()}


def clean_text(member: str, text: str, limit: int) -> str:
    """Return `text` in NFC, trimmed. Raises BadWords: too long, or with characters nobody sees."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " ")).strip()
    if len(clean) > limit:
        raise BadWords({"member": member, "why": f"≤ {limit}"})
    try:
        jcs.check_text(clean)
    except NotJson as hidden:
        raise BadWords({"member": member, "why": "hidden characters / 見えない文字"}) from hidden
    return clean


def _themes(themes: Sequence[str]) -> list[str]:
    chosen = [theme for theme in themes if theme]
    for theme in chosen:
        if theme not in THEMES:
            raise BadWords({"member": "themes", "why": ", ".join(THEMES)})
    if len(chosen) > 5:  # noqa: PLR2004 - the record's limit
        raise BadWords({"member": "themes", "why": "≤ 5"})
    return chosen


def _keywords(keywords: Sequence[str]) -> list[str]:
    clean = [clean_text("keywords", word, 60) for word in keywords if word.strip()]
    if len(clean) > 30:  # noqa: PLR2004 - the record's limit
        raise BadWords({"member": "keywords", "why": "≤ 30 × 60"})
    return clean
