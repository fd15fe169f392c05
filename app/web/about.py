"""About, help, the page of each error code, robots.txt."""

from flask import Blueprint, Response, jsonify

from app.security import visitor
from app.services import peering, wellknown
from app.services.errors import NoSuchThing
from app.web import page
from app.web.standings import stamp_of
from archive.errors import catalogue

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def about() -> Response:
    """Return what this is and how one knows that a file is genuine."""
    portal = visitor.portal()
    return page.show(
        "about/about.html",
        policy=portal.policy,
        origin=portal.origin,
        witnesses=peering.standing(visitor.db(), portal.log.checkpoint(), portal.settings.quorum),
        stamped=stamp_of(0) is not None,
    )


@blueprint.get("/.well-known/ishibumi.json")
def well_known() -> Response:
    """Return the keys in force, as an office may also serve them on its own domain."""
    answer = jsonify(wellknown.document(visitor.portal().log_keys.ring()))
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/help")
def help_page() -> Response:
    """Return how to search, to verify and to publish."""
    return page.show("about/help.html")


@blueprint.get("/problems/<code>")
def problem(code: str) -> Response:
    """Return what an error code means, in three languages."""
    found = catalogue().get(code)
    if found is None:
        raise NoSuchThing({"what": "code", "name": code[:20]})
    return page.show("about/problem.html", code=code, found=found)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Welcome crawlers, but not into the endless pages of search."""
    return Response("User-agent: *\nDisallow: /search?\nDisallow: /workspace/\n", mimetype="text/plain")
