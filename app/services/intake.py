"""Bytes on their way in: staged, hashed, and looked at just enough to say what kind they are."""

from itertools import islice
from typing import IO, Any, BinaryIO, cast

import sqlalchemy as sa
from sqlmodel import select

from app.db.catalogue import ReleaseFile
from app.db.engine import transaction
from app.services.drafts import Staged
from archive.formats.decode import detect
from archive.formats.errors import UnreadableText
from archive.formats.media import guess
from archive.records import base64_strict, rowtree
from archive.records.commit import new_salt
from archive.records.names import normalise
from archive.store.staging import StagedFile, Staging

ABANDONED_SECONDS = 7 * 24 * 3600
MAX_ROW_TREE_BYTES = 32 << 20
MAX_TREE_ROWS = 1 << 20
"""Proving one row hashes them all again, in about two seconds and 300 MB for so many."""
"""Above this a table is proved whole only: its rows would keep the one who uploads waiting for seconds."""
_HEAD = 1 << 20
_TABLES = ("text/csv", "text/tab-separated-values")
_TEXTS = ("text/", "application/json", "application/geo+json", "application/xml")


def take(staging: Staging, source: IO[bytes], name: str, length: int | None = None) -> Staged:
    """Return `source`, of `length` bytes where that was promised, as a staged file called `name`.

    Raises:
        ArchiveError: the name cannot be a path; nothing was read.
        TooLarge, StoreFull, LengthMismatch: nothing was kept.

    """
    normalise(name)
    return look(staging.stage(cast("BinaryIO", source), length=length), name)


def look(file: StagedFile, name: str) -> Staged:
    """Return what a draft needs to know of a staged file: its digests, its kind, how its text is written."""
    with file.path.open("rb") as opened:
        head = opened.read(_HEAD)
    kind = guess(name, head)
    encoding = _encoding(head, whole=file.size <= _HEAD) if kind.startswith(_TEXTS) else None
    return Staged(
        name=name,
        staged=file.id,
        size=file.size,
        sha256=file.sha256,
        chunks=file.chunks,
        chunk_root=file.chunk_root,
        media_type=kind,
        encoding=encoding,
        row_tree=_row_tree(file) if kind in _TABLES and _splits_by_bytes(encoding) else None,
    )


def sweep(engine: sa.Engine, staging: Staging) -> list[str]:
    """Discard staged bytes that no draft names and nobody touched for a week; return their ids."""
    with transaction(engine) as session:
        named = set(session.exec(select(ReleaseFile.staged).where(ReleaseFile.staged != "")))
    return staging.sweep(lambda upload: upload in named, ABANDONED_SECONDS)


def _row_tree(file: StagedFile) -> dict[str, Any] | None:
    """Return the tree over a table's records with a fresh seed; None for a table that is too large to be split here."""
    if not 0 < file.size <= MAX_ROW_TREE_BYTES:
        return None
    # One more than allowed is enough to know: 32 MiB of line ends alone would fill memory as a list.
    records = list(islice(rowtree.split(file.path.read_bytes()), MAX_TREE_ROWS + 1))
    if len(records) > MAX_TREE_ROWS:
        return None
    seed = new_salt()
    return {"rows": rowtree.build(records, seed)[0].to_json(), "seed": base64_strict.encode(seed)}


def _splits_by_bytes(encoding: str | None) -> bool:
    """Tell whether quotes, commas and line ends are single bytes in an encoding, whatever stands around them."""
    return encoding is not None and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "iso-2022"))


def _encoding(head: bytes, *, whole: bool) -> str | None:
    try:
        return detect(head, whole=whole).name
    except UnreadableText:
        return None
