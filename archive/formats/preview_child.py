"""The first rows or letters of a file; runs in the sandboxed child only."""

import sys
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, BinaryIO

from archive.formats import confine, media, members
from archive.formats.containers import Container
from archive.formats.decode import decode
from archive.formats.errors import Damaged, Unsupported
from archive.formats.tables import Workbook, header_row, rows, sniff

_TABLE_BYTES = 4 << 20
_TEXT_BYTES = 64 << 10
_CELL = 2000
_COLUMNS = 500
_MEMBERS = 1000
_LOOKED_AT = 50
_TEXTS = frozenset({"application/json", "application/geo+json", "application/xml", "image/svg+xml"})

Frame = Mapping[str, Any]


def main(request: dict[str, Any]) -> int:
    """Answer one request about the file on descriptor 0."""
    return confine.answer(lambda write: preview(sys.stdin.buffer, request, write))


def preview(source: BinaryIO, request: Mapping[str, Any], write: Callable[[Frame], None]) -> None:
    """Write one frame that tells what the file begins with. Raises FormatError."""
    source, name = members.descend(source, request["name"], request.get("member"))
    kind = members.kind_of(source, name)
    limit = int(request["limit"])
    if kind in media.TABLES:
        found = _table(source, kind, limit, request.get("encoding"))
    elif kind in media.WORKBOOKS:
        if kind in media.ZIPPED:
            members.check_zipped(source)
        found = _workbook(source, request.get("sheet"), limit)
    elif kind == "application/zip":
        listed = Container(source).members
        found = {
            "kind": "container",
            "members": [[member.name, member.size] for member in listed[:_MEMBERS]],
            "truncated": len(listed) > _MEMBERS,
        }
    elif kind.startswith("text/") or kind in _TEXTS:
        found = _text(source, request.get("encoding"))
    else:
        raise Unsupported({"what": kind})
    write({**found, "media_type": kind})


def _table(source: BinaryIO, kind: str, limit: int, encoding: str | None) -> Frame:
    raw = source.read(_TABLE_BYTES)
    whole = not source.read(1)
    text, used = decode(raw, encoding, whole=whole)
    dialect = sniff(text, prefer="\t" if kind == media.BY_SUFFIX[".tsv"] else ",")
    found = list(islice(rows(text, dialect.delimiter), dialect.header_row + limit + 2))
    return {
        **_cut(found, dialect.header_row, limit),
        "delimiter": dialect.delimiter,
        "encoding": used.name,
        "candidates": used.candidates,
    }


def _workbook(source: BinaryIO, sheet: str | None, limit: int) -> Frame:
    book = Workbook(source)
    sheets = book.sheets
    if not sheets:
        raise Damaged({"what": "no visible sheet"})
    if sheet is not None and sheet not in sheets:
        raise Damaged({"what": "no such sheet"})
    chosen = sheet or sheets[0]
    found = list(islice(book.rows(chosen), limit + _LOOKED_AT))
    return {**_cut(found, header_row(found), limit), "sheets": sheets, "sheet": chosen}


def _cut(found: list[list[str]], header: int, limit: int) -> dict[str, Any]:
    """Return header and first rows, cells and columns cut to what a page can show."""
    shown = [[cell[:_CELL] for cell in row[:_COLUMNS]] for row in found]
    body = shown[header + 1 :]
    return {
        "kind": "table",
        "header_row": header,
        "columns": shown[header] if shown else [],
        "rows": body[:limit],
        "truncated": len(body) > limit,
    }


def _text(source: BinaryIO, encoding: str | None) -> Frame:
    raw = source.read(_TEXT_BYTES)
    whole = not source.read(1)
    text, used = decode(raw, encoding, whole=whole)
    return {
        "kind": "text",
        "text": text,
        "encoding": used.name,
        "candidates": used.candidates,
        "truncated": not whole,
    }
