"""The first rows of a file as it was written, for a page: read in the sandboxed child, never raising for content."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.formats.sandbox import Limits, run_in_child

_LIMITS = Limits(cpu=20, wall=30.0, output=64 << 20)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file begins with: a `table`, a `text`, a `container`, or `none` with the `status` that says why.

    `status` is `ok`, `limit`, `timeout`, `damaged`, `encrypted` or `unsupported`. More than one of `candidates` means
    that a person must say which encoding is right. `header_row` counts from 0; `rows` begin below it.
    """

    kind: str
    status: str
    reason: str = ""
    media_type: str = ""
    encoding: str = ""
    candidates: tuple[str, ...] = ()
    delimiter: str = ""
    header_row: int = 0
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    text: str = ""
    members: tuple[tuple[str, int], ...] = ()
    truncated: bool = False


def preview(
    path: Path,
    name: str,
    *,
    sheet: str | None = None,
    member: str | None = None,
    encoding: str | None = None,
    limit: int = 50,
    limits: Limits | None = None,
) -> Preview:
    """Return how the file at `path`, called `name`, begins; `member` is a file inside it (`a.zip!/b.csv`)."""
    request = {"name": name, "sheet": sheet, "member": member, "encoding": encoding, "limit": limit}
    with path.open("rb") as source:
        *found, end = run_in_child("archive.formats.preview_child", source, request, limits or _LIMITS)
    if end["end"] != "ok" or not found:
        return Preview("none", str(end["end"]), str(end.get("what") or end.get("reason", "")))
    return restored({**found[0], "status": "ok"})


def restored(found: dict[str, Any]) -> Preview:
    """Return the preview whose members came as JSON. Raises TypeError for other members."""
    return Preview(
        **{
            **found,
            "candidates": tuple(found.get("candidates", ())),
            "columns": tuple(found.get("columns", ())),
            "rows": tuple(tuple(row) for row in found.get("rows", ())),
            "sheets": tuple(found.get("sheets", ())),
            "members": tuple((name, size) for name, size in found.get("members", ())),
        }
    )
