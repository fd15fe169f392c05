"""Home, agencies, a dataset: what there is."""

from flask import Blueprint, Response

from app.security import visitor
from app.services import access, agencies, catalogue
from app.services.drafts import files_of
from app.services.errors import NoSuchThing
from app.services.units import file_format
from app.web import page
from app.web.previews import preview_of
from app.web.standings import standing_of
from archive.records.metadata import THEMES

blueprint = Blueprint("browse", __name__)
_NEWEST = 8


@blueprint.get("/")
def home() -> Response:
    """Return the search box, what is new, and numbers that are alive."""
    session = visitor.db()
    head = visitor.portal().log.checkpoint()
    return page.show(
        "browse/home.html",
        newest=catalogue.newest(session, _NEWEST),
        agencies=catalogue.agencies_with_counts(session),
        numbers=catalogue.numbers(session),
        themes=THEMES,
        log_size=head.size,
    )


@blueprint.get("/agencies")
def all_agencies() -> Response:
    """Return every agency."""
    return page.show("browse/agencies.html", agencies=catalogue.agencies_with_counts(visitor.db()))


@blueprint.get("/agencies/<slug>")
def agency(slug: str) -> Response:
    """Return an agency, its key and its datasets."""
    session = visitor.db()
    found = agencies.get(session, slug)
    return page.show(
        "browse/agency.html",
        agency=found,
        datasets=catalogue.datasets(session, agency=slug, limit=500),
        statements=catalogue.statements_of(session, visitor.portal().host, slug, 20),
    )


@blueprint.get("/datasets/<name>")
def dataset(name: str) -> Response:
    """Return a dataset: its newest release that is open, its files and the timeline of all releases."""
    session = visitor.db()
    found = catalogue.dataset(session, name)
    releases = catalogue.releases(session, name)
    newest = next((release for release in releases if release.version == found.latest_version), None)
    latest = next((each for each in releases if each.state == "published" and not access.is_restricted(each)), None)
    if latest is None and not releases:
        raise NoSuchThing({"what": "dataset", "name": name})
    files = files_of(session, latest.id) if latest else []
    return page.show(
        "browse/dataset.html",
        status=200 if newest else 410,
        dataset=found,
        agency=agencies.get(session, found.agency),
        releases=releases,
        latest=latest,
        closed=newest if newest and access.is_restricted(newest) else None,
        files=files,
        formats=sorted({file_format(file.path) for file in files}),
        preview=preview_of(latest, files[0]) if latest and files else None,
        preview_file=files[0] if files else None,
        log_size=visitor.portal().log.checkpoint().size,
        standing=standing_of(latest) if latest else None,
    )
