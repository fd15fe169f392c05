"""Rows of tables and properties of features."""

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

from archive.formats import members, tables
from archive.formats.decode import decode
from archive.formats.errors import Damaged, OverLimit

_MAX_TEXT = 256 << 20
_MAX_JSON = 64 << 20
_HEAD = 50
Unit = dict[str, Any]


def delimited(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the table of a CSV file."""
    return _delimited(source, ",")


def tab_separated(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the table of a TSV file."""
    return _delimited(source, "\t")


def workbook(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the table of every visible sheet."""
    book = tables.Workbook(source)
    for sheet in book.sheets:
        found = book.rows(sheet)
        head = list(islice(found, _HEAD))
        yield from _table(head, found, tables.header_row(head), sheet)


def json_records(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give features of GeoJSON, records of a list, or the texts of anything else."""
    text, _ = decode(members.in_memory(source, _MAX_JSON))
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as trouble:
        raise Damaged({"what": "JSON"}) from trouble
    if isinstance(found, dict) and isinstance(found.get("features"), list):
        records = [f.get("properties") for f in found["features"] if isinstance(f, dict)]
        return _records("feature", records)
    if isinstance(found, list) and all(isinstance(record, dict) for record in found):
        return _records("row", found)
    return ({"kind": "para", "text": "\n".join(part)} for part in _parts(_texts(found)))


def _delimited(source: BinaryIO, prefer: str) -> Iterator[Unit]:
    text, _ = decode(members.in_memory(source, _MAX_TEXT))
    dialect = tables.sniff(text, prefer=prefer)
    found = tables.rows(text, dialect.delimiter)
    head = list(islice(found, dialect.header_row + 1))
    return _table(head, found, dialect.header_row, None)


def _table(head: list[list[str]], rest: Iterator[list[str]], header: int, sheet: str | None) -> Iterator[Unit]:
    """Give the sheet with its columns, then each row that says anything; rows are numbered from 1 as in the file."""
    where = {} if sheet is None else {"sheet": sheet}
    columns = head[header] if head else []
    title = "\n".join("\t".join(filter(None, row)) for row in head[:header])
    yield {"kind": "sheet", "text": "\n".join(filter(None, (sheet, title))), "columns": columns, "loc": where}
    for number, row in enumerate(chain(head, rest), start=1):
        if number > header + 1 and any(row):
            yield {"kind": "row", "text": "\t".join(row), "loc": {**where, "row": number}}


def _records(kind: str, records: list[Any]) -> Iterator[Unit]:
    columns: list[str] = []
    yield {"kind": "sheet", "text": "", "columns": list(_columns(records))}
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            continue
        if list(record) != columns:
            columns = list(record)
        text = "\t".join(" ".join(_texts(value)) for value in record.values())
        yield {"kind": kind, "text": text, "columns": columns, "loc": {"row": number}}


def _columns(records: list[Any]) -> dict[str, None]:
    found: dict[str, None] = {}
    for record in records:
        if isinstance(record, dict):
            found.update(dict.fromkeys(record))
    if len(found) > tables.MAX_COLUMNS:
        raise OverLimit({"what": f"{tables.MAX_COLUMNS} columns"})
    return found


def _texts(found: Any) -> Iterator[str]:
    """Give every text and number in a JSON value, depth first without recursion."""
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif value is not None:
            yield value if isinstance(value, str) else json.dumps(value)


def _parts(texts: Iterator[str], size: int = 50) -> Iterator[list[str]]:
    while part := list(islice(texts, size)):
        yield part
