"""The first rows of a file as it was written, read in the sandboxed child and kept in the cache folder."""

import json
from dataclasses import asdict
from pathlib import Path

from app.db.catalogue import Release, ReleaseFile
from app.security import visitor
from app.services.catalogue import stored
from archive.formats.preview import Preview, preview, restored

ROWS = 50
_FORMAT = "1"


def preview_of(release: Release, file: ReleaseFile, *, sheet: str | None = None, member: str | None = None) -> Preview:
    """Return how a public file begins; of unreadable content it says why, and never raises."""
    if sheet is None and member is None:
        kept = visitor.portal().folders.cache / "previews" / f"{file.sha256}-{_FORMAT}.json"
        found = _read(kept)
        if found is None:
            found = preview(stored(visitor.portal().root, release, file.path).path, file.path, limit=ROWS)
            if found.status != "timeout":
                _keep(kept, found)
        return found
    return preview(
        stored(visitor.portal().root, release, file.path).path, file.path, sheet=sheet, member=member, limit=ROWS
    )


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
