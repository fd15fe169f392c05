"""Withdrawals, amendments and erasures: asked for by one person, approved by another."""

from flask import Blueprint, Response, redirect, request, url_for

from app.db.engine import transaction
from app.policy import Action, allows, require
from app.security import visitor
from app.services import catalogue, changes, desk, drafts
from app.services.access import OPEN
from app.services.words import Words
from app.web import again, page
from archive.errors import IshibumiError

blueprint = Blueprint("workspace_changes", __name__, url_prefix="/workspace")


@blueprint.before_request
def _guard() -> Response | None:
    if request.method == "POST":
        visitor.check_form()
    if visitor.account() is None:
        return redirect(url_for("workspace.sign_in_form", next=request.path))  # type: ignore[return-value]  # Werkzeug's type
    return None


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/withdraw")
def withdraw_form(name: str, version: int) -> Response:
    """Return the form, with what stays visible for ever."""
    return _form(name, version, None)


@blueprint.post("/datasets/<name>/v<int(max=999999999):version>/withdraw")
def withdraw(name: str, version: int) -> Response:
    """Ask for the withdrawal."""
    portal = visitor.portal()
    try:
        with transaction(portal.engine) as session:
            changes.request_withdrawal(
                session,
                portal.jobs,
                visitor.actor(),
                dataset=name,
                version=version,
                ground=request.form.get("ground", ""),
                law=request.form.get("law", ""),
                reason=request.form.get("reason", ""),
                now=portal.clock.now(),
            )
    except IshibumiError as refused:
        return _form(name, version, refused)
    return redirect(url_for("workspace.home"), 303)  # type: ignore[return-value]  # Werkzeug's type


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/open")
def open_form(name: str, version: int) -> Response:
    """Return the form, with what becomes public for ever."""
    return _form(name, version, None, "workspace/open.html")


@blueprint.post("/datasets/<name>/v<int(max=999999999):version>/open")
def open_to_all(name: str, version: int) -> Response:
    """Ask that a restricted release be opened to everybody."""
    portal = visitor.portal()
    try:
        with transaction(portal.engine) as session:
            changes.request_amendment(
                session,
                portal.jobs,
                visitor.actor(),
                dataset=name,
                version=version,
                words=Words(),
                reason=request.form.get("reason", ""),
                now=portal.clock.now(),
                access=OPEN,
            )
    except IshibumiError as refused:
        return _form(name, version, refused, "workspace/open.html")
    return redirect(url_for("workspace.home"), 303)  # type: ignore[return-value]  # Werkzeug's type


@blueprint.get("/datasets/<name>/v<int(max=999999999):version>/erase")
def erase_form(name: str, version: int) -> Response:
    """Return the form, with what is destroyed and what stays."""
    return _form(name, version, None, "workspace/erase.html")


@blueprint.post("/datasets/<name>/v<int(max=999999999):version>/erase")
def erase(name: str, version: int) -> Response:
    """Ask for the erasure; it waits for a second person in every agency."""
    portal = visitor.portal()
    try:
        with transaction(portal.engine) as session:
            changes.request_erasure(
                session,
                portal.jobs,
                visitor.actor(),
                dataset=name,
                version=version,
                paths=request.form.getlist("path"),
                ground=request.form.get("ground", ""),
                law=request.form.get("law", ""),
                reason=request.form.get("reason", ""),
                order=request.form.get("order", ""),
                now=portal.clock.now(),
            )
    except IshibumiError as refused:
        return _form(name, version, refused, "workspace/erase.html")
    return redirect(url_for("workspace.home"), 303)  # type: ignore[return-value]  # Werkzeug's type


@blueprint.post("/changes/<change_id>/approve")
def approve(change_id: str) -> Response:
    """Approve what somebody else asked for (words, withdrawal, erasure); the person proves again that it is them."""
    portal = visitor.portal()
    again.prove()
    with transaction(portal.engine) as session:
        changes.approve_change(session, portal.jobs, visitor.actor(), change_id, now=portal.clock.now())
    return redirect(url_for("workspace.home"), 303)  # type: ignore[return-value]  # Werkzeug's type


def _form(
    name: str, version: int, refused: IshibumiError | None, template: str = "workspace/withdraw.html"
) -> Response:
    session, actor = visitor.db(), visitor.actor()
    dataset = catalogue.dataset(session, name)
    require(actor, Action.REQUEST_CHANGE, dataset.agency)
    release = catalogue.release(session, name, version)
    return page.show(
        template,
        422 if refused else 200,
        dataset=dataset,
        release=release,
        files=drafts.files_of(session, release.id),
        chosen=request.form.getlist("path"),
        grounds=changes.GROUNDS,
        values=request.form.to_dict(),
        two_people=desk.needs_two(session, dataset.agency),
        may=allows(actor, Action.REQUEST_CHANGE, dataset.agency),
        error=refused.sentence(visitor.language_tag()) if refused else None,
    )
