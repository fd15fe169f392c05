"""What can go wrong in the archive: one base class, a stable code each, a sentence in ja, en and zh-Hant."""

from collections.abc import Mapping
from typing import ClassVar

LANGUAGES = ("ja", "en", "zh")


class IshibumiError(Exception):
    """An error a person can act on: `code` is for ever, the sentences say what happened and what to do.

    A subclass gives `code`, `ja`, `en` and `zh` (Traditional Chinese); `{name}` in a sentence is filled from the
    parameters given when it is raised. Sentences never carry secrets.
    """

    code: ClassVar[str] = ""
    ja: ClassVar[str] = ""
    en: ClassVar[str] = ""
    zh: ClassVar[str] = ""

    def __init__(self, params: Mapping[str, str | int] | None = None) -> None:
        self.params: dict[str, str] = {name: str(value) for name, value in (params or {}).items()}
        super().__init__(self.sentence("en"))

    def sentence(self, lang: str) -> str:
        """Return what happened and what to do, in `lang` (`ja`, `en` or `zh`; anything else gives English)."""
        template = {"ja": self.ja, "zh": self.zh}.get(lang[:2], self.en)
        return template.format_map(_Named(self.params))

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence('en')}"


class _Named(dict[str, str]):
    """Keep `{name}` readable when a parameter was not given: an error must never fail while it is told."""

    def __missing__(self, name: str) -> str:
        return f"({name})"


class ArchiveError(IshibumiError):
    """Base of every error of `archive`; a parser of outside bytes raises nothing else."""


def catalogue(base: type[IshibumiError] = IshibumiError) -> dict[str, type[IshibumiError]]:
    """Return every error class below `base` by its code: the source of docs/reference/errors.md."""
    found: dict[str, type[IshibumiError]] = {}
    for sub in base.__subclasses__():
        if sub.code:
            found[sub.code] = sub
        found.update(catalogue(sub))
    return found
