"""Which reader reads which file, and the way into containers; runs in the sandboxed child only."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from archive.formats import confine, media, members
from archive.formats.containers import MAX_DEPTH, Container
from archive.formats.errors import FormatError, OverLimit, Unsupported
from search.extraction import documents, tabular

Frame = Mapping[str, Any]
Reader = Callable[[BinaryIO, str], Iterator[dict[str, Any]]]

READERS: Mapping[str, Reader] = {
    "text/csv": tabular.delimited,
    "text/tab-separated-values": tabular.tab_separated,
    media.XLSX: tabular.workbook,
    media.ODS: tabular.workbook,
    "application/vnd.ms-excel": tabular.workbook,
    "application/json": tabular.json_records,
    "application/geo+json": tabular.json_records,
    "application/pdf": documents.pdf,
    media.DOCX: documents.docx,
    "text/html": documents.html,
    "text/plain": documents.plain,
    "text/markdown": documents.plain,
    "application/xml": documents.xml,
}


def main(request: dict[str, Any]) -> int:
    """Write every unit of the file on descriptor 0."""
    return confine.answer(lambda write: extract(sys.stdin.buffer, request["name"], write))


def extract(source: BinaryIO, name: str, write: Callable[[Frame], None]) -> None:
    """Write a frame for each unit of the file. Raises FormatError."""
    _extract(source, name, name, 1, write)


def _extract(source: BinaryIO, name: str, path: str, depth: int, write: Callable[[Frame], None]) -> None:
    kind = members.kind_of(source, name)
    if kind == "application/zip":
        _container(source, path, depth, write)
        return
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported({"what": kind})
    if kind in media.ZIPPED:
        members.check_zipped(source)
    for unit in reader(source, name):
        write({**unit, "loc": {"path": path, **unit.get("loc", {})}})


def _container(source: BinaryIO, path: str, depth: int, write: Callable[[Frame], None]) -> None:
    """Read each member; one that fails is told and does not keep the others from being found."""
    if depth > MAX_DEPTH:
        raise OverLimit({"what": f"{MAX_DEPTH} containers in each other"})
    container = Container(source)
    for member in container.members:
        inside = f"{path}{members.INSIDE}{member.name}"
        try:
            _extract(container.read(member, members.MAX_MEMBER), member.name, inside, depth + 1, write)
        except FormatError as told:
            write({"failed": told.status, "path": inside})
            if told.status == OverLimit.status:
                raise
