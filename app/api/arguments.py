"""What a request to the API may carry, checked before anything is done with it."""

import json
import re
from typing import Any

from flask import request

from app.services.errors import BadWords

MAX_LIMIT = 100
_HASH = re.compile(r"[0-9a-f]{64}")


def limit(default: int = 20) -> int:
    """Return `?limit=`, 1 to 100. Raises BadWords."""
    given = request.args.get("limit", str(default))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MAX_LIMIT:
        raise BadWords({"member": "limit", "why": f"1–{MAX_LIMIT}"})
    return int(given)


def number(name: str) -> int | None:
    """Return a whole number of the query, None when it is not there. Raises BadWords."""
    given = request.args.get(name)
    if given is None or given == "":
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 15:  # noqa: PLR2004 - far above any log
        raise BadWords({"member": name, "why": "0, 1, 2 …"})
    return int(given)


def text(name: str, most: int) -> str:
    """Return a text of the query, empty when it is not there. Raises BadWords."""
    given = request.args.get(name, "")
    if len(given) > most or "\x00" in given:
        raise BadWords({"member": name, "why": f"≤ {most}"})
    return given


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return one of a few words of the query, the first when it is not there. Raises BadWords."""
    given = request.args.get(name) or choices[0]
    if given not in choices:
        raise BadWords({"member": name, "why": ", ".join(choices)})
    return given


def sha256(given: str) -> str:
    """Return a SHA-256 in lower-case hex. Raises BadWords."""
    folded = given.lower()
    if not _HASH.fullmatch(folded):
        raise BadWords({"member": "sha256", "why": "64 × 0–9 a–f"})
    return folded


def body() -> dict[str, Any]:
    """Return the JSON object of the request; an empty body is an empty object. Raises BadWords."""
    if not request.get_data(cache=True):
        return {}
    try:
        found = request.get_json(silent=True)
        json.dumps(found, ensure_ascii=False).encode()  # JSON can name half a letter; nothing else can hold it
    except (RecursionError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise BadWords({"member": "body", "why": "application/json, {…}"})
    return found


def text_of(given: dict[str, Any], name: str, default: str = "") -> str:
    """Return a text member. Raises BadWords."""
    value = given.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str) or "\x00" in value:
        raise BadWords({"member": name, "why": "text"})
    return value


def texts_of(given: dict[str, Any], name: str) -> dict[str, str]:
    """Return a member that holds texts by language. Raises BadWords."""
    value = given.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise BadWords({"member": name, "why": '{"ja": "…", "en": "…"}'})
    return {str(lang): item for lang, item in value.items()}


def list_of(given: dict[str, Any], name: str) -> list[str] | None:
    """Return a member that is a list of texts, None when it is not there. Raises BadWords."""
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadWords({"member": name, "why": '["…"]'})
    return list(value)
