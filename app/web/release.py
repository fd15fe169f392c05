"""One release and one file of it, permanent; of a withdrawn or erased one the tombstone (410)."""

from flask import Blueprint, Response, make_response, request

from app.db.catalogue import Dataset, Release
from app.security import headers, visitor
from app.services import access, agencies, catalogue
from app.services.drafts import files_of
from app.services.errors import BeingInscribed
from app.web import page
from app.web.previews import preview_of
from app.web.standings import standing_of
from archive.records.metadata import ReleaseRecord

blueprint = Blueprint("release", __name__)


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>")
def release(name: str, version: int) -> Response:
    """Return one release: its words, its files, its place in the log."""
    try:
        found = catalogue.release(visitor.db(), name, version)
    except BeingInscribed:
        return make_response(page.show("release/pending.html", 202, name=name, version=version))
    dataset = catalogue.dataset(visitor.db(), name)
    if found.state != "published":
        return _tombstone(dataset, found)
    if not visitor.may_open(found, dataset.agency):
        return _closed(dataset, found)
    record = ReleaseRecord.parse(found.record.encode())
    files = files_of(visitor.db(), found.id)
    answer = page.show(
        "release/release.html",
        dataset=dataset,
        release=found,
        record=record,
        files=files,
        agency=agencies.get(visitor.db(), dataset.agency),
        preview=preview_of(found, files[0]),
        preview_file=files[0],
        log_size=visitor.portal().log.checkpoint().size,
        standing=standing_of(found),
    )
    return _kept(found, answer)


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/table/<path:path>")
def table(name: str, version: int, path: str) -> Response:
    """Return a file's page: its first rows as written, its hash, its proof. `?sheet=` and `?member=` look inside."""
    found = catalogue.release(visitor.db(), name, version)
    dataset = catalogue.dataset(visitor.db(), name)
    if not visitor.may_open(found, dataset.agency):
        raise access.refusal(found)
    if found.state != "published":
        return _tombstone(dataset, found)
    file = catalogue.file(visitor.db(), found, path)
    sheet, member = request.args.get("sheet") or None, request.args.get("member") or None
    answer = page.show(
        "release/file.html",
        dataset=dataset,
        release=found,
        file=file,
        agency=agencies.get(visitor.db(), dataset.agency),
        preview=preview_of(found, file, sheet=sheet[:300] if sheet else None, member=member[:1024] if member else None),
        member=member,
        extraction=found.extraction.get(file.path, ""),
    )
    return _kept(found, answer)


def _closed(dataset: Dataset, found: Release) -> Response:
    """Return what everybody may know of a restricted release: that it is there, since when, and where in the log."""
    return page.show(
        "release/restricted.html",
        dataset=dataset,
        release=found,
        agency=agencies.get(visitor.db(), dataset.agency),
        log_size=visitor.portal().log.checkpoint().size,
        standing=standing_of(found),
    )


def _kept(found: Release, answer: Response) -> Response:
    return headers.for_its_people(answer) if access.is_restricted(found) else answer


def _tombstone(dataset: Dataset, found: Release) -> Response:
    session = visitor.db()
    if found.state == "erased":
        return page.show(
            "release/erased.html",
            410,
            dataset=dataset,
            release=found,
            agency=agencies.get(session, dataset.agency),
        )
    inside = visitor.may_open(found, dataset.agency)
    answer = page.show(
        "release/tombstone.html",
        410,
        dataset=dataset,
        release=found,
        record=ReleaseRecord.parse(found.record.encode()) if inside else None,
        files=files_of(session, found.id) if inside else [],
        agency=agencies.get(session, dataset.agency),
    )
    return _kept(found, answer)
