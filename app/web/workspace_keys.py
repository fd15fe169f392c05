"""An agency's signing keys: the list for its people, and rotation and revocation by its administrator."""

from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, request, url_for

from app.db.engine import transaction
from app.policy import Action, allows, require
from app.security import visitor
from app.services import agencies, keychanges, keys_of_log, names
from app.services.errors import BadKeyWish
from app.services.keychanges import Doubt
from app.web import again, page
from archive.errors import IshibumiError

blueprint = Blueprint("workspace_keys", __name__, url_prefix="/workspace/agencies")
_INDEX_DIGITS = 12


@blueprint.before_request
def _guard() -> Response | None:
    if request.method == "POST":
        visitor.check_form()
    if visitor.account() is None:
        return redirect(url_for("workspace.sign_in_form", next=request.path))  # type: ignore[return-value]  # Werkzeug's type
    return None


@blueprint.get("/<slug>/keys")
def keys(slug: str) -> Response:
    """Return every key that the agency ever had, and what may be done about them."""
    return _keys(slug, None)


@blueprint.post("/<slug>/keys/rotate")
def rotate(slug: str) -> Response:
    """Ask for a new key; the person proves again that it is them."""
    portal = visitor.portal()
    try:
        again.prove()
        with transaction(portal.engine) as session:
            keychanges.rotate(
                session,
                portal.jobs,
                visitor.actor(),
                portal.log_keys.ring(),
                names.agency_key(portal.host, slug),
                keep=request.form.get("keep") == "yes",
                now=portal.clock.now(),
            )
    except IshibumiError as refused:
        return _keys(slug, refused)
    return redirect(url_for("workspace_keys.keys", slug=slug), 303)  # type: ignore[return-value]  # Werkzeug's type


@blueprint.post("/<slug>/keys/revoke")
def revoke(slug: str) -> Response:
    """Ask for the end of a key; the person proves again that it is them."""
    portal, form = visitor.portal(), request.form
    try:
        again.prove()
        with transaction(portal.engine) as session:
            keychanges.revoke(
                session,
                portal.jobs,
                visitor.actor(),
                portal.log_keys.ring(),
                names.agency_key(portal.host, slug),
                reason=form.get("reason", ""),
                now=portal.clock.now(),
                keyid=form.get("keyid", ""),
                doubt=_doubt(form.get("from_index", "").strip(), form.get("from_date", "").strip()),
            )
    except IshibumiError as refused:
        return _keys(slug, refused)
    return redirect(url_for("workspace_keys.keys", slug=slug), 303)  # type: ignore[return-value]  # Werkzeug's type


def _doubt(index: str, day: str) -> Doubt:
    if index and not (index.isascii() and index.isdigit() and len(index) < _INDEX_DIGITS):
        raise BadKeyWish({"why": "0–9"})
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) if day and not index else None
    except ValueError as wrong:
        raise BadKeyWish({"why": "YYYY-MM-DD"}) from wrong
    return Doubt(int(index) if index else None, moment)


def _keys(slug: str, refused: IshibumiError | None) -> Response:
    portal, session, actor = visitor.portal(), visitor.db(), visitor.actor()
    agency = agencies.get(session, slug)
    require(actor, Action.SEE_DRAFTS, slug)
    name = names.agency_key(portal.host, slug)
    return page.show(
        "workspace/keys.html",
        422 if refused else 200,
        agency=agency,
        keys=keys_of_log.items(portal.log_keys.ring(), name),
        under_way=keychanges.under_way(session, name),
        may=allows(actor, Action.MANAGE_KEYS, slug),
        values=request.form.to_dict(),
        error=refused.sentence(visitor.language_tag()) if refused else None,
    )
