"""How the command line speaks: results to stdout, everything else to stderr, errors in the reader's language."""

import contextlib
import json
import locale
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from archive.errors import IshibumiError

if TYPE_CHECKING:
    from app.wiring import Portal

OK, FAILED, WRONG_USE, TRY_AGAIN = 0, 1, 2, 3
_TRY_AGAIN_CODES = frozenset({"APP-034", "APP-040", "APP-241", "SEA-101", "SEA-104", "LED-042", "LED-115"})


class Trouble(click.ClickException):
    """Something that went wrong outside our catalogue of errors, with the exit code that fits it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def language() -> str:
    """Return ja, zh or en, from the environment's locale."""
    given = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return given[:2] if given[:2] in ("ja", "zh") else "en"


def language_tag() -> str:
    """Return the reader's language as records write it."""
    return {"ja": "ja", "zh": "zh-Hant"}.get(language(), "en")


def run(command: click.Command) -> int:
    """Run `command` and return the exit code; an error we know is told in one sentence, with its code."""
    with contextlib.suppress(locale.Error):  # over ssh the name of a locale arrives that this machine does not have
        locale.setlocale(locale.LC_CTYPE, "")
    try:
        found = command.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return WRONG_USE
    except click.ClickException as wrong:
        wrong.show()
        return wrong.code if isinstance(wrong, Trouble) else WRONG_USE
    except IshibumiError as error:
        return tell(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return found if isinstance(found, int) else OK


def tell(error: IshibumiError) -> int:
    """Say an error to a person and return its exit code."""
    click.echo(f"{error.code}  {error.sentence(language())}", err=True)
    return TRY_AGAIN if error.code in _TRY_AGAIN_CODES else WRONG_USE


def give(found: Any, *, as_json: bool, text: str) -> None:
    """Print the result: one JSON document, or text for a person."""
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else text)


@contextmanager
def portal(*, rebuilding: bool = False) -> "Iterator[Portal]":
    """Give the node of the data folder. Raises NoNode, BadSettings, and DatabaseOlder unless `rebuilding`."""
    from app.config import load_settings
    from app.wiring import open_portal

    found = open_portal(load_settings(), rebuilding=rebuilding)
    try:
        yield found
    finally:
        found.close()


def words(texts: dict[str, str]) -> str:
    """Return a text in the reader's language, else in the first there is."""
    return texts.get(language_tag()) or next(iter(texts.values()), "")


def size(count: int) -> str:
    """Return a number of bytes as a person says it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":  # noqa: PLR2004 - SI prefixes
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{count} B"
