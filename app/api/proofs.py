"""The bytes of files, for ever, and the evidence that goes with each."""

import base64
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, send_file

from app.api import arguments
from app.db.catalogue import Release, ReleaseFile
from app.security import headers, visitor
from app.services import access, catalogue
from app.services.errors import ErasedByLaw, Withdrawn
from archive.packages import evidence_zip, verifier_file

blueprint = Blueprint("proofs", __name__)
SHOWN_AS = frozenset(
    {"application/pdf", "application/json", "application/geo+json", "image/png", "image/jpeg", "image/gif"}
)
"""Types that are named as they are; everything else is bytes to be saved (UX section 10)."""


@blueprint.after_request
def _for_its_people(answer: Response) -> Response:
    """What comes from inside a restricted release is kept by no cache and says no hash (ARCHITECTURE section 3)."""
    return headers.for_its_people(answer) if g.get("inside_restricted") else answer


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/files/<path:path>")
def file(name: str, version: int, path: str) -> Response:
    """Return the bytes as they were published, with Range, ETag and digest; always to be saved, never to be run."""
    release, found = _find(name, version, path)
    stored = catalogue.stored(visitor.portal().root, release, found.path).path
    kind = (
        found.media_type
        if found.media_type in SHOWN_AS or found.media_type.startswith("text/csv")
        else "application/octet-stream"
    )
    tag = not access.is_restricted(release) and found.sha256
    answer = send_file(stored, mimetype=kind, etag=tag, conditional=True, max_age=None)
    filename = found.path.rpartition("/")[2]
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    answer.headers["Repr-Digest"] = f"sha-256=:{_base64(found.sha256)}:"
    answer.headers["Content-Security-Policy"] = headers.FILE_POLICY
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Expose-Headers"] = "ETag, Repr-Digest, Content-Range"
    # A release can be withdrawn: caches ask again, and get 304 by the ETag as long as it stands.
    answer.headers["Cache-Control"] = "public, no-cache"
    return answer


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/evidence/<path:path>")
def bundle(name: str, version: int, path: str) -> Response:
    """Return the evidence bundle of a file: all that is needed to verify it offline; with `?row=` of one row of it."""
    release, found = _find(name, version, path)
    portal, row = visitor.portal(), arguments.number("row")
    made = portal.evidence.of(release, found.path, row=row)
    named = f"{name}-v{version}-{found.sha256[:8]}" + ("" if row is None else f"-row{row}")
    content = catalogue.stored(portal.root, release, found.path).path if row is None else None
    return _document(made, named, content)


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/evidence")
def whole_bundle(name: str, version: int) -> Response:
    """Return the evidence bundle of every file of a release; with `?erased=` that of a file that is gone, by number."""
    gone = arguments.number("erased")
    portal = visitor.portal()
    if gone is not None:
        found = portal.evidence.of_erased(_opened(name, version), gone)
    else:
        found = portal.evidence.of_release(_release(name, version))
    return _document(found, f"{name}-v{version}")


@blueprint.get(f"/verify/{verifier_file.NAME}")
def verifier() -> Response:
    """Return the offline verifier as one file, built from the modules that this node itself runs."""
    made = _verifier()
    digest = sha256(made)
    answer = send_file(BytesIO(made), mimetype="application/zip", etag=digest.hexdigest(), conditional=True)
    answer.headers["Content-Disposition"] = f"attachment; filename={verifier_file.NAME}"
    answer.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    answer.headers["Cache-Control"] = "public, no-cache"
    return answer


@cache
def _verifier() -> bytes:
    return verifier_file.build()


def _document(bundle: dict[str, Any], named: str, content: Path | None = None) -> Response:
    """Return the bundle, with `?format=zip` in a zip with the file at `content` and a page for people."""
    form = arguments.one_of("format", ("json", "zip"))
    if form == "zip":
        answer = Response(_zipped(bundle, content), mimetype="application/zip")
        answer.headers["Cache-Control"] = "no-cache"
    else:
        answer = Response(evidence_zip.encode(bundle), mimetype="application/json")
    answer.headers["Content-Disposition"] = f"attachment; filename={named}.evidence.{form}"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _opened(name: str, version: int) -> Release:
    """Return a release that this visitor may look into; before any file is looked up, so that all refusals are one."""
    release = catalogue.release(visitor.db(), name, version)
    if not visitor.may_open(release, catalogue.dataset(visitor.db(), name).agency):
        raise access.refusal(release)
    g.inside_restricted = access.is_restricted(release)
    return release


def _zipped(bundle: dict[str, Any], content: Path | None) -> Iterator[bytes]:
    """Give the zip, made while it is sent; the file is open as long as somebody takes it."""
    with content.open("rb") if content is not None else nullcontext() as source:
        yield from evidence_zip.pieces(bundle, source)


def _release(name: str, version: int) -> Release:
    release = _opened(name, version)
    if release.state == "erased":
        raise ErasedByLaw({"dataset": name, "version": version, "law": release.tombstone.get("erase_law", "")})
    if release.state == "withdrawn":
        raise Withdrawn({"dataset": name, "version": version, "law": release.tombstone.get("law", "")})
    return release


def _find(name: str, version: int, path: str) -> tuple[Release, ReleaseFile]:
    release = _release(name, version)
    return release, catalogue.file(visitor.db(), release, path)


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
