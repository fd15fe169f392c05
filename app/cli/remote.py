"""`publish --server`: the same three calls that any script would make (docs/how-to/publish-from-a-script.md)."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlsplit

import click
from tqdm import tqdm

from app.cli import told

_TIMEOUT_SECONDS = 120


def publish(server: str, token: str, files: list[tuple[Path, str]], given: dict[str, Any]) -> dict[str, Any]:
    """Return the release item. Raises told.Trouble with the server's own words."""
    if urlsplit(server).scheme not in ("http", "https"):
        raise click.UsageError("--server: an http or https address")
    api = server.rstrip("/") + "/api/v1"
    lang = given["lang"]
    draft = _call(
        f"{api}/datasets/{given['dataset']}/releases",
        token,
        {
            "agency": given["agency"],
            "title": {lang: given["title"]} if given["title"] else {},
            "description": {lang: given["description"]} if given["description"] else {},
            "licence": given["licence"],
            "kind": given["kind"],
            "access": given["access"],
            "note": {lang: given["note"]} if given["note"] else {},
        },
    )
    for path, name in files:
        total = path.stat().st_size
        with (
            path.open("rb") as source,
            tqdm.wrapattr(source, "read", total=total, desc=name, unit="B", unit_scale=True, disable=None) as read,
        ):
            _send(f"{api}/releases/{draft['id']}/files/{quote(name)}", token, cast("BinaryIO", read), total)
    return _call(f"{api}/releases/{draft['id']}/submit?wait=60", token, {})


def _call(url: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        url,
        data=json.dumps({name: value for name, value in body.items() if value not in (None, {})}).encode(),
        headers={**_who(token), "Content-Type": "application/json"},
        method="POST",
    )
    return _answer(request)


def _send(url: str, token: str, source: BinaryIO, total: int) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        url,
        data=source,
        headers={
            **_who(token),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(total),
        },
        method="PUT",
    )
    _answer(request)


def _who(token: str) -> dict[str, str]:
    """Return the headers that say who asks, and in which language a refusal is to be worded."""
    return {"Authorization": f"Bearer {token}", "Accept-Language": told.language()}


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as reply:  # noqa: S310 - as above
            found: dict[str, Any] = json.loads(reply.read())
            return found
    except urllib.error.HTTPError as refused:
        raise told.Trouble(_problem(refused), told.WRONG_USE) from refused
    except urllib.error.URLError as away:
        raise told.Trouble(f"{request.host} cannot be reached: {away.reason}", told.TRY_AGAIN) from away
    except (OSError, ValueError) as broken:
        raise told.Trouble(f"{request.host} did not answer as an Ishibumi: {broken}", told.TRY_AGAIN) from broken


def _problem(refused: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(refused.read())
        return f"{problem.get('code', refused.code)}  {problem.get('detail') or problem.get('title', '')}"
    except ValueError:
        return f"HTTP {refused.code}"
