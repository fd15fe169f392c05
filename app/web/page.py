"""What every template may use: language, who is signed in, words in the reader's language, dates, sizes, addresses."""

import hashlib
import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import get_translations

from app.db.catalogue import Dataset
from app.security import visitor
from app.services.words import LICENCES
from app.web.doubts import doubts

_ERAS = ((2019, 5, 1, "令和"), (1989, 1, 8, "平成"), (1926, 12, 25, "昭和"), (1912, 7, 30, "大正"))


def register(app: Flask) -> None:
    """Give the templates their filters and globals."""
    app.jinja_env.filters.update(
        words=words,
        words_lang=words_lang,
        date=date,
        moment=moment,
        size=size,
        number=number,
        for_shell=lambda text: shlex.quote(str(text)),
        for_python=lambda text: repr(str(text)),
    )
    app.jinja_env.globals.update(
        lang=visitor.language_tag,
        csrf_token=visitor.csrf_token,
        account=visitor.account,
        actor=visitor.actor,
        with_args=with_args,
        toggled=toggled,
        asset=asset,
        licence_url=LICENCES.get,
        doubt_about=lambda index: doubts().about(index),
        node_host=lambda: visitor.portal().host,
        base_url=lambda: visitor.portal().settings.base_url,
        is_sample=lambda: visitor.portal().host == "mihon.example",
    )
    # Flask-Babel looks its translations up for each message; a page has more than a hundred.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension brings it
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, count: _translations().ungettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _translations() -> Any:
    """Return the messages of this answer's language."""
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations


def show(template: str, status: int = 200, **values: object) -> Response:
    """Return a page in the reader's language; a page of somebody signed in is kept by nobody."""
    answer = make_response(render_template(template, **values), status)
    answer.headers["Content-Language"] = visitor.language_tag()
    answer.headers["Vary"] = "Accept-Language, Cookie"
    answer.headers.setdefault("Cache-Control", "no-store" if visitor.account() else "private, no-cache")
    return answer


def words(texts: Mapping[str, str] | None) -> str:
    """Return a text in the reader's language, else in Japanese, else in the first there is."""
    return (texts or {}).get(words_lang(texts), "")


def words_lang(texts: Mapping[str, str] | None) -> str:
    """Return the language in which `words` gives a text: it goes into the `lang` of the element."""
    if not texts:
        return visitor.language_tag()
    for lang in (visitor.language_tag(), "ja", "en"):
        if lang in texts:
            return lang
    return next(iter(texts))


def date(value: datetime | None) -> str:
    """Return a day in the reader's language; in Japanese with the era year beside it."""
    if value is None:
        return ""
    shown = format_date(value, "long", locale=visitor.locale())
    return f"{shown}（{era_year(value)}）" if visitor.locale() == "ja" else shown


def moment(value: datetime | None) -> str:
    """Return day and time in UTC."""
    return f"{format_datetime(value, 'medium', locale=visitor.locale())} UTC" if value else ""


def era_year(value: datetime) -> str:
    """Return the Japanese era year of a day, 元年 for the first."""
    for year, month, day, era in _ERAS:
        if (value.year, value.month, value.day) >= (year, month, day):
            count = value.year - year + 1
            return f"{era}元年" if count == 1 else f"{era}{count}年"
    return ""


def size(count: int) -> str:
    """Return a number of bytes as a person says it (SI prefixes)."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":  # noqa: PLR2004 - SI prefixes
            break
        amount /= 1000
    shown = format_decimal(round(amount, 1 if unit != "B" else 0), locale=visitor.locale())
    return f"{shown} {unit}"


def number(count: int) -> str:
    """Return a number with the reader's separators."""
    return str(format_decimal(count, locale=visitor.locale()))


def with_args(**changed: object) -> str:
    """Return this page's address with some arguments changed (None takes one away)."""
    args = {name: values for name, values in request.args.lists() if name not in changed}
    args.update({name: [str(value)] for name, value in changed.items() if value is not None})
    return _address(args)


def toggled(name: str, value: str) -> str:
    """Return this page's address with a filter's value added, or taken away when it is chosen; from the first page."""
    args = {key: values for key, values in request.args.lists() if key != "cursor"}
    chosen = args.get(name, [])
    args[name] = [each for each in chosen if each != value] if value in chosen else [*chosen, value]
    return _address(args)


def _address(args: Mapping[str, list[str]]) -> str:
    query = urlencode([(name, value) for name, values in args.items() for value in values])
    path = _page_path()
    return f"{path}?{query}" if query else path


def _page_path() -> str:
    """Return the path a reader may open again: for a refused form at an address that only takes POST, its page."""
    path = request.path
    if request.method in ("GET", "HEAD"):
        return path
    adapter = current_app.create_url_adapter(request)
    while len(path) > 1 and adapter is not None and not adapter.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


def asset(name: str) -> str:
    """Return the address of a static file with its content's hash, so that it can be kept for ever."""
    known: dict[str, str] = current_app.extensions.setdefault("ishibumi.assets", {})
    if name not in known:
        path = Path(current_app.static_folder or "") / name
        known[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
    return url_for("static", filename=name, v=known[name])


def title_of(dataset: Dataset) -> str:
    """Return a dataset's title in the reader's language."""
    return words(dataset.title) or dataset.name
