"""The browser's verifier as one script, its words, and the page that can be saved: all made from app/static here.

The modules are small files; a browser would ask for each of them, and cannot load any from disk (`file://`). So they
are joined: every module becomes a function that gives its exports, in the order in which they need each other.
"""

import base64
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import current_app, g, render_template
from flask_babel import force_locale, gettext
from markupsafe import Markup

import archive.verify.steps  # noqa: F401 - brings the classes of the errors that a verifier tells
from archive.errors import catalogue
from archive.verify.report import WORDS
from archive.verify.result import SENTENCES, STEPS

STATIC = Path(__file__).parents[1] / "static"
LANGUAGES = {"ja": "ja", "en": "en", "zh-Hant": "zh_Hant"}
"""The tag of each language, and the locale of its messages."""
_COLUMNS = {"ja": 0, "en": 1, "zh-Hant": 2}
_CODES = re.compile(r"VER-0\d\d|REC-\d\d\d|LED-(?:00[1-8]|02[0-4]|040|05[0-2]|103)")
_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as (\w+)) from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_EXPORT_LIST = re.compile(r"\bexport ?\{([^}]*)\};?\s*\Z")
_LEFT = re.compile(r"^(?:import|export)\b", re.MULTILINE)


@cache
def script(entry: str) -> str:
    """Return the module app/static/js/verifier/`entry` and all that it needs as one script that imports nothing.

    Raises ValueError for an import or export that is written in a way that is not understood here.
    """
    done: dict[Path, str] = {}
    _join((STATIC / "js" / "verifier" / entry).resolve(), done)
    joined = '"use strict";\n(() => {\nconst modules = {};\n' + "".join(done.values()) + "})();\n"
    if "</script" in joined.lower():  # it would end the script that it stands in
        raise ValueError(entry)
    return joined


def _join(path: Path, done: dict[Path, str]) -> None:
    if path in done:
        return
    text = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        _join((path.parent / match[3]).resolve(), done)
    exported = {match[2]: match[2] for match in _EXPORT.finditer(text)}
    listed = _EXPORT_LIST.search(text)
    if listed is not None:
        exported |= dict(_renamed(listed[1]))
        text = text[: listed.start()] + "\n"
    text = _EXPORT.sub(r"\1", _IMPORT.sub(lambda match: _constants(match, path), text))
    if _LEFT.search(text):
        raise ValueError(path.name)
    given = ", ".join(f"{name}: {local}" for name, local in exported.items())
    done[path] = f'modules["{_name(path)}"] = (() => {{\n{text}return {{ {given} }};\n}})();\n'


def _constants(match: re.Match[str], path: Path) -> str:
    source = f'modules["{_name((path.parent / match[3]).resolve())}"]'
    if match[2]:
        return f"const {match[2]} = {source};\n"
    names = ", ".join(each if each == local else f"{each}: {local}" for local, each in _renamed(match[1]))
    return f"const {{ {names} }} = {source};\n"


def _renamed(names: str) -> list[tuple[str, str]]:
    """Return (name outside, name inside) of each `a as b` in a list of an import or export."""
    pairs = [each.split(" as ") for each in (part.strip() for part in names.split(",")) if each]
    return [(pair[-1].strip(), pair[0].strip()) for pair in pairs]


def _name(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


def words(tag: str) -> dict[str, Any]:
    """Return all sentences of the verifier in one language: those of `ishibumi verify`, and `ui` without its texts."""
    column, lang = _COLUMNS[tag], tag[:2]
    errors = {code: found for code, found in sorted(catalogue().items()) if _CODES.fullmatch(code)}
    return {
        "lang": tag,
        "sentences": {key: texts[column] for key, texts in SENTENCES.items()},
        "steps": {str(number): texts[column] for number, texts in STEPS.items()},
        "report": dict(WORDS[lang]),
        "errors": {code: {"ja": found.ja, "zh": found.zh}.get(lang, found.en) for code, found in errors.items()},
    }


@dataclass(frozen=True)
class Saved:
    """The page that works from disk, and the policy under which it runs."""

    content: bytes
    policy: str

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


def saved_page() -> Saved:
    """Return the page that checks evidence from disk with the network off: the same at every node of a version."""
    kept: dict[str, Saved] = current_app.extensions.setdefault("ishibumi.saved", {})
    if "page" not in kept:
        kept["page"] = _make_saved_page()
    return kept["page"]


def _make_saved_page() -> Saved:
    program, style = script("offline.js"), (STATIC / "site.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_source(program)}'; style-src '{_source(style)}'; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    spoken = {}
    asked = g.pop("translations", None)
    for tag, locale in LANGUAGES.items():
        with force_locale(locale):
            g.pop("translations", None)
            spoken[tag] = {
                "desk": Markup(render_template("verify/desk.html", saved=True)),  # noqa: S704 - our own template
                "words": Markup(render_template("verify/words.html", words=words(tag))),  # noqa: S704
                "title": gettext("Check a file"),
            }
    g.pop("translations", None)
    if asked is not None:
        g.translations = asked
    page = render_template(
        "verify/offline.html",
        policy=policy,
        spoken=spoken,
        style=Markup(style),  # noqa: S704 - our own files
        program=Markup(program),  # noqa: S704
        worker=Markup(script("worker.js")),  # noqa: S704
    )
    return Saved(page.encode(), policy)


def _source(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode("ascii")
