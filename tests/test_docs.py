"""The documentation says what the code does: generated pages are fresh, nothing is undocumented, links lead somewhere."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.config import Settings
from bench import docs

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_COMMAND = re.compile(r"(?:^|[`/ ])ishibumi ([a-z][a-z-]*)(?: ([a-z]+))?", re.MULTILINE)
_MAKE = re.compile(r"\bmake ([a-z-]+)")


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return docs.pages()


def test_the_generated_pages_are_fresh(generated: dict[str, str]) -> None:
    stale = [name for name, text in generated.items() if (docs.REFERENCE / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `python -m bench.docs`"


def test_every_setting_has_a_meaning() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in docs.commands() if not command.help] == []
    assert {name.partition(" ")[0] for name, _ in docs.commands()} == set(COMMANDS)


def test_every_address_says_what_it_gives() -> None:
    assert [place for place, _, said in docs.routes() if not said] == []


def test_every_api_route_is_in_the_openapi_document() -> None:
    described = {(place, method.upper()) for place, methods in docs.document()["paths"].items() for method in methods}
    served = {
        (place, method)
        for place, methods, _ in docs.routes()
        for method in methods
        if place.startswith("/api/v1/") and place != "/api/v1/openapi.json"
    }
    assert described == served


def test_every_error_has_one_code_and_speaks_three_languages() -> None:
    found = list(docs.errors())
    assert [code for code, times in Counter(one.code for one in found).items() if times > 1] == []
    assert [one.code for one in found if not re.fullmatch(r"(ARC|REC|LED|VER|FMT|SEA|APP)-\d{3}", one.code)] == []
    assert [one.code for one in found if not (one.ja and one.en and one.zh)] == []
    for one in found:
        assert _named(one.ja) == _named(one.en) == _named(one.zh), one.code


def _named(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target
    groups = {name for name, _ in docs.commands() if " " in name}
    for name, sub in _COMMAND.findall("\n".join(_code(text))):
        assert name in COMMANDS, name
        if any(group.startswith(f"{name} ") for group in groups) and sub:
            assert f"{name} {sub}" in groups
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in _MAKE.findall("\n".join(_code(text))):
        assert f"\n{target}:" in makefile, target


def test_decisions_are_short() -> None:
    long = [page.name for page in (ROOT / "docs" / "adr").glob("*.md") if len(page.read_text().splitlines()) > 60]
    assert long == []


def _code(text: str) -> list[str]:
    """The code of a page: fenced blocks and inline code."""
    fenced = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    return fenced + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
