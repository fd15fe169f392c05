"""The gate of `make check`: every sentence of the pages is there in every language."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "app" / "translations"
LOCALES = ("ja", "zh_Hant")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def faults() -> Iterator[str]:
    """Give a line for each message that is missing, fuzzy, left over, or whose placeholders changed."""
    wanted = set(_in_templates())
    template = _read(TRANSLATIONS / "messages.pot", None)
    yield from _compare("messages.pot", wanted, template)
    for locale in LOCALES:
        name = f"{locale}/LC_MESSAGES/messages.po"
        found = _read(TRANSLATIONS / name, locale)
        yield from _compare(name, wanted, found)
        for message in found:
            if message.id:
                yield from (f"{name}: {why}: {_key(message)}" for why in _wrong(message))


def _compare(name: str, wanted: set[str], found: Catalog) -> Iterator[str]:
    there = {_key(message) for message in found if message.id}
    yield from (f"{name}: not extracted: {key}" for key in sorted(wanted - there))
    yield from (f"{name}: no page says it: {key}" for key in sorted(there - wanted))


def _wrong(message: Message) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
    sources = message.id if isinstance(message.id, list | tuple) else (message.id,)
    expected = set(_PLACEHOLDER.findall(str(sources[-1])))
    for text in strings:
        if not text:
            yield "missing"
        elif set(_PLACEHOLDER.findall(text)) != expected:
            yield "placeholders changed"


def _key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def _in_templates() -> Iterator[str]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    for _, _, message, _, _ in extract_from_dir(str(ROOT), methods, options):
        yield message[0] if isinstance(message, tuple) else message


def _read(path: Path, locale: str | None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def main() -> int:
    """Print what is wrong. Exit 1 when anything is."""
    found = list(faults())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
