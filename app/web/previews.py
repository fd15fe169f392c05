"""The first rows of a file as it was written, read in the sandboxed child and kept in the cache folder."""

import json
from dataclasses import asdict
from pathlib import Path
from threading import BoundedSemaphore

from flask import current_app

from app.db.catalogue import Release, ReleaseFile
from app.security import visitor
from app.services.catalogue import stored
from app.services.errors import NoSuchThing
from app.services.units import file_format
from archive.formats.preview import Preview, preview, restored

ROWS = 50
AT_ONCE = 3
"""Files that one process has read at the same time: anybody may ask for sheets and members, each a child's work."""
PATIENCE_SECONDS = 1.0
_FORMAT = "1"


def preview_of(release: Release, file: ReleaseFile, *, sheet: str | None = None, member: str | None = None) -> Preview:
    """Return how a public file begins; of unreadable content it says why, and never raises."""
    return _preview(stored(visitor.portal().root, release, file.path).path, file, sheet, member)


def preview_of_draft(file: ReleaseFile, *, sheet: str | None = None, member: str | None = None) -> Preview:
    """Return how a file begins that is not published yet. Raises NoSuchThing when its bytes are not in staging."""
    return _preview(staged(file), file, sheet, member)


def staged(file: ReleaseFile) -> Path:
    """Return where the bytes of a draft's file lie. Raises NoSuchThing: they went into the archive."""
    path = visitor.portal().staging.sealed(file.staged) if file.staged else None
    if path is None:
        raise NoSuchThing({"what": "file", "name": file.path[:200]})
    return path


def _preview(path: Path, file: ReleaseFile, sheet: str | None, member: str | None) -> Preview:
    if sheet is not None or member is not None:
        return _fresh(path, file, sheet, member)
    folder = visitor.portal().folders.cache / "previews"
    kept = folder / f"{file.sha256}-{file_format(file.path)}-{_FORMAT}.json"
    found = _read(kept)
    if found is None:
        found = _fresh(path, file, None, None)
        if found.status != "timeout":
            _keep(kept, found)
    return found


def _fresh(path: Path, file: ReleaseFile, sheet: str | None, member: str | None) -> Preview:
    """Read the file now; when as many are being read as may be, say so rather than hold one more thread."""
    turns: BoundedSemaphore = current_app.extensions.setdefault("ishibumi.previews", BoundedSemaphore(AT_ONCE))
    if not turns.acquire(timeout=PATIENCE_SECONDS):
        return Preview("none", "timeout", "busy")
    try:
        return preview(path, file.path, sheet=sheet, member=member, limit=ROWS)
    finally:
        turns.release()


def _read(kept: Path) -> Preview | None:
    try:
        return restored(json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _keep(kept: Path, found: Preview) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{visitor.request_id()}.part")
    part.write_text(json.dumps(asdict(found), ensure_ascii=True))
    part.replace(kept)
