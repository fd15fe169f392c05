"""Tables as they were written: every cell a text, nothing guessed, nothing dropped."""

import contextlib
import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import python_calamine

from archive.formats.errors import Damaged, Encrypted, OverLimit

MAX_CELL = 1 << 20
MAX_COLUMNS = 16_384
_SNIFFED_ROWS = 100
_TITLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart, and which row (from 0) names the columns."""

    delimiter: str
    header_row: int


def sniff(text: str, *, prefer: str = ",") -> Dialect:
    """Return the delimiter under which most rows have one width, `prefer` where nothing tells."""
    sample = text[: 1 << 18]
    best = max((d for d in (prefer, ",", "\t", ";", "|")), key=lambda d: (_regularity(sample, d), d == prefer))
    return Dialect(best, _header_row(_sample_rows(sample, best)))


def rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Give each record's cells, blank lines too, exactly as written. Raises OverLimit, Damaged."""
    csv.field_size_limit(MAX_CELL)
    try:
        for row in csv.reader(_lines(text), delimiter=delimiter):
            if len(row) > MAX_COLUMNS:
                raise OverLimit({"what": f"{MAX_COLUMNS} columns"})
            yield row
    except csv.Error as trouble:
        if "field larger" in str(trouble):
            raise OverLimit({"what": f"{MAX_CELL} letters in a cell"}) from trouble
        raise Damaged({"what": str(trouble)}) from trouble


class Workbook:
    """An XLSX, XLS or ODS file. Hidden sheets are left out. Raises Damaged, Encrypted when opened or read."""

    def __init__(self, source: BinaryIO) -> None:
        try:
            self._book = python_calamine.CalamineWorkbook.from_filelike(source)
        except python_calamine.PasswordError as locked:
            raise Encrypted from locked
        except python_calamine.CalamineError as trouble:
            raise Damaged({"what": str(trouble)[:200]}) from trouble

    @property
    def sheets(self) -> list[str]:
        return [
            about.name
            for about in self._book.sheets_metadata
            if about.visible == python_calamine.SheetVisibleEnum.Visible
            and about.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]

    def rows(self, sheet: str) -> Iterator[list[str]]:
        """Give each row's cells as text; rows above the first that is filled are empty lists."""
        try:
            found = self._book.get_sheet_by_name(sheet)
            for row in found.iter_rows():
                yield [cell_text(cell) for cell in row]
        except python_calamine.CalamineError as trouble:
            raise Damaged({"what": str(trouble)[:200]}) from trouble


def cell_text(cell: Any) -> str:
    """Return a workbook's cell as the text a person sees: 36, not 36.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def header_row(found: list[list[str]]) -> int:
    """Return which of the first rows names the columns: the first that is as wide as most, after title lines."""
    return _header_row(found)


def _lines(text: str) -> Iterator[str]:
    """Give the lines with their ends; only CR, LF and CRLF part lines, unlike `str.splitlines`."""
    at = 0
    while at < len(text):
        feed = text.find("\n", at)
        if feed < 0:
            # A text that parts its lines by CR alone is one line here; the csv module needs them parted.
            yield from (
                text[at:].replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
                if _is_old_mac(text, at)
                else [text[at:]]
            )
            return
        yield text[at : feed + 1]
        at = feed + 1


def _is_old_mac(text: str, at: int) -> bool:
    return "\r" in text[at:-1]


def _sample_rows(sample: str, delimiter: str) -> list[list[str]]:
    found: list[list[str]] = []
    with contextlib.suppress(OverLimit, Damaged):
        found.extend(islice(rows(sample, delimiter), _SNIFFED_ROWS))
    return found


def _regularity(sample: str, delimiter: str) -> float:
    """Return the share of rows that have the most frequent width, zero if that is one cell."""
    widths = Counter(len(row) for row in _sample_rows(sample, delimiter) if row)
    if not widths:
        return 0.0
    width, count = widths.most_common(1)[0]
    return count / widths.total() if width > 1 else 0.0


def _header_row(found: list[list[str]]) -> int:
    widths = Counter(_filled(row) for row in found if _filled(row))
    if not widths:
        return 0
    usual = widths.most_common(1)[0][0]
    for number, row in enumerate(found[:_TITLE_ROWS]):
        if _filled(row) >= usual:
            return number
    return 0


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)
