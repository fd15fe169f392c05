"""Walking into containers: `a.zip!/b.zip!/c.csv`, at most three deep."""

import io
from typing import BinaryIO

from archive.formats import media
from archive.formats.containers import MAX_DEPTH, Container
from archive.formats.errors import Damaged, OverLimit

INSIDE = "!/"
MAX_MEMBER = 512 << 20


def descend(source: BinaryIO, name: str, inside: str | None) -> tuple[BinaryIO, str]:
    """Return the file that `inside` names in the container `source`, and its name.

    Raises:
        Damaged: there is no such member, or a step is no container.
        OverLimit: too deep, or too large.

    """
    steps = inside.split(INSIDE) if inside else []
    if len(steps) > MAX_DEPTH:
        raise OverLimit({"what": f"{MAX_DEPTH} containers in each other"})
    for step in steps:
        container = Container(source)
        found = next((member for member in container.members if member.name == step), None)
        if found is None:
            raise Damaged({"what": "no such member"})
        source, name = container.read(found, MAX_MEMBER), step
    return source, name


def kind_of(source: BinaryIO, name: str) -> str:
    """Return the media type by name and first bytes; `source` stands at its beginning again."""
    source.seek(0)
    head = source.read(16)
    source.seek(0)
    return media.guess(name, head)


def check_zipped(source: BinaryIO) -> None:
    """Refuse a workbook or document that is a ZIP bomb, before its own reader unpacks it. Raises FormatError."""
    Container(source, max_bytes=MAX_MEMBER).check()
    source.seek(0)


def in_memory(source: BinaryIO, limit: int) -> bytes:
    """Return all bytes. Raises OverLimit above `limit`."""
    raw = source.read(limit + 1)
    if len(raw) > limit:
        raise OverLimit({"what": f"{limit} bytes"})
    return raw


def as_file(raw: bytes) -> BinaryIO:
    """Return bytes as a file."""
    return io.BytesIO(raw)
