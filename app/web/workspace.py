"""The agency's desk: sign in, my tasks, a dataset's drafts, upload, submit, approve, return."""

from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, send_file, url_for

from app.db.catalogue import Dataset, Release, ReleaseFile
from app.db.engine import transaction
from app.policy import Action, Actor, Role, allows
from app.security import headers, sessions, visitor
from app.services import accounts, agencies, desk, drafts, keychanges
from app.services.errors import BadWords, NoSuchThing, ServiceError
from app.services.intake import take
from app.services.words import KINDS, LICENCES, Words
from app.web import again, page
from app.web.previews import preview_of_draft, staged
from archive.errors import IshibumiError
from archive.records.metadata import THEMES

blueprint = Blueprint("workspace", __name__, url_prefix="/workspace")
_LANGS = ("ja", "en", "zh-Hant")


@blueprint.before_request
def _guard() -> Response | None:
    """Every form is checked; every page but sign-in needs somebody signed in."""
    if request.method == "POST":
        # Reading the form's token reads the body: only somebody signed in may send a large one.
        if request.endpoint == "workspace.upload" and visitor.account() is not None:
            request.max_content_length = visitor.portal().settings.max_upload_bytes
        visitor.check_form()
    if request.endpoint not in ("workspace.sign_in", "workspace.sign_in_form") and visitor.account() is None:
        return redirect(url_for("workspace.sign_in_form", next=request.path))  # type: ignore[return-value]  # Werkzeug's type
    return None


@blueprint.get("/sign-in")
def sign_in_form() -> Response:
    """Return the sign-in page."""
    return page.show("workspace/sign_in.html", error=None, email="", following=_following(request.args.get("next")))


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Begin a session with a new id, or say in the same words that address or password is wrong."""
    portal, email = visitor.portal(), request.form.get("email", "")
    following = _following(request.form.get("next"))
    try:
        with transaction(portal.engine) as session:
            found = accounts.authenticate(
                session,
                email=email,
                password=request.form.get("password", ""),
                network=request.remote_addr or "",
                now=portal.clock.now(),
            )
            accounts.record(
                session,
                found.email if found else "unknown",
                "sign-in" if found else "sign-in.failed",
                "",
                portal.clock.now(),
            )
            cookie = ""
            if found:
                sessions.sign_out(session, visitor.visitor_cookie())  # who was signed in here before is not any more
                cookie = sessions.sign_in(session, found, portal.clock.now())
        accounts.require_signed_in(found)
    except ServiceError as refused:
        sentence = refused.sentence(visitor.language_tag())
        return page.show(
            "workspace/sign_in.html", refused.status, error=sentence, email=email[:254], following=following
        )
    visitor.renew_cookie(cookie)
    return _go(following)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this session."""
    with transaction(visitor.portal().engine) as session:
        sessions.sign_out(session, visitor.visitor_cookie())
    visitor.renew_cookie(sessions.new_cookie())
    return _go("/")


@blueprint.get("/")
def home() -> Response:
    """Return my tasks: to approve, drafts, on their way, and the datasets of my agencies."""
    actor, session = visitor.actor(), visitor.db()
    mine = sorted(slug for slug in actor.roles if allows(actor, Action.SEE_DRAFTS, slug))
    return page.show(
        "workspace/home.html",
        tasks=desk.tasks(session, mine),
        agencies=[agencies.get(session, slug) for slug in mine],
        may_edit=[slug for slug in mine if allows(actor, Action.EDIT_DRAFT, slug)],
        approves=[slug for slug in mine if Role.APPROVER in actor.roles_in(slug)],
    )


@blueprint.get("/datasets/new")
def new_dataset_form() -> Response:
    """Return the form for a new dataset."""
    return _dataset_form(None, {}, "")


@blueprint.post("/datasets/new")
def new_dataset() -> Response:
    """Make a dataset and its first draft."""
    portal, form = visitor.portal(), request.form
    try:
        with transaction(portal.engine) as session:
            actor = visitor.actor()
            name = form.get("name", "").strip()
            drafts.create_dataset(
                session, actor, name=name, agency=form.get("agency", ""), words=_words(), now=portal.clock.now()
            )
            release = drafts.start_release(session, actor, dataset=name, kind="update", note={}, now=portal.clock.now())
    except IshibumiError as refused:
        return _dataset_form(refused, form.to_dict(), form.get("agency", ""))
    return _go(url_for("workspace.draft", release_id=release.id))


@blueprint.post("/datasets/<name>/releases")
def new_release(name: str) -> Response:
    """Make a draft of the next release."""
    portal = visitor.portal()
    with transaction(portal.engine) as session:
        release = drafts.start_release(
            session, visitor.actor(), dataset=name, kind="update", note={}, now=portal.clock.now()
        )
    return _go(url_for("workspace.draft", release_id=release.id))


@blueprint.get("/releases/<release_id>")
def draft(release_id: str) -> Response:
    """Return a release on its way: files, words, state, and what the reader may do with it."""
    return _draft(release_id)


@blueprint.get("/releases/<release_id>/table/<path:path>")
def look(release_id: str, path: str) -> Response:
    """Return what stands in a file that is not published yet: an approver must see what is approved."""
    release, file = _draft_file(release_id, path)
    dataset = visitor.db().get_one(Dataset, release.dataset)
    sheet, member = request.args.get("sheet") or None, request.args.get("member") or None
    return page.show(
        "workspace/look.html",
        release=release,
        dataset=drafts.spoken_dataset(dataset, release),
        file=file,
        member=member,
        preview=preview_of_draft(file, sheet=sheet[:300] if sheet else None, member=member[:1024] if member else None),
    )


@blueprint.get("/releases/<release_id>/files/<path:path>")
def download(release_id: str, path: str) -> Response:
    """Return the bytes of a file that is not published yet, to people of its agency: to be saved, never to be run."""
    _, file = _draft_file(release_id, path)
    answer = send_file(staged(file), mimetype="application/octet-stream", etag=False, max_age=None)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2])}"
    answer.headers["Content-Security-Policy"] = headers.FILE_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/releases/<release_id>/files")
def upload(release_id: str) -> Response:
    """Take files of a plain form into the draft."""
    portal, actor = visitor.portal(), visitor.actor()
    with transaction(portal.engine) as session:
        drafts.open_draft(session, actor, release_id)
    try:
        files = [file for file in request.files.getlist("files") if file.filename]
        if not files:
            raise BadWords({"member": "files", "why": "1–"})
        staged = [take(portal.staging, file.stream, (file.filename or "").replace("\\", "/")) for file in files]
        with transaction(portal.engine) as session:
            for file in staged:
                drafts.add_file(session, actor, release_id, file, most=portal.settings.max_files_per_release)
    except IshibumiError as refused:
        return _draft(release_id, refused)
    return _go(url_for("workspace.draft", release_id=release_id))


@blueprint.post("/releases/<release_id>/remove")
def remove_file(release_id: str) -> Response:
    """Take a file out of the draft."""
    with transaction(visitor.portal().engine) as session:
        drafts.remove_file(session, visitor.actor(), release_id, request.form.get("path", ""))
    return _go(url_for("workspace.draft", release_id=release_id))


@blueprint.post("/releases/<release_id>/submit")
def submit(release_id: str) -> Response:
    """Keep the words of the draft and submit it (button `save` keeps them only)."""
    portal, actor, form = visitor.portal(), visitor.actor(), request.form
    try:
        with transaction(portal.engine) as session:
            drafts.describe(
                session,
                actor,
                release_id,
                kind=form.get("kind", "update"),
                note=_texts("note"),
                words=_words(),
                access=form.get("access"),
            )
            if form.get("then") == "submit":
                keychanges.require_key(session, portal.log_keys.ring(), portal.host, release_id)
                drafts.submit(session, portal.jobs, actor, release_id, origin=portal.host, now=portal.clock.now())
    except IshibumiError as refused:
        return _draft(release_id, refused)
    return _go(url_for("workspace.draft", release_id=release_id))


@blueprint.post("/releases/<release_id>/approve")
def approve(release_id: str) -> Response:
    """Approve exactly what was shown; the person proves again that it is them."""
    portal = visitor.portal()
    try:
        again.prove()
        with transaction(portal.engine) as session:
            keychanges.require_key(session, portal.log_keys.ring(), portal.host, release_id)
            digest = request.form.get("digest", "")
            drafts.approve(session, portal.jobs, visitor.actor(), release_id, digest, now=portal.clock.now())
    except IshibumiError as refused:
        return _draft(release_id, refused)
    return _go(url_for("workspace.draft", release_id=release_id))


@blueprint.post("/releases/<release_id>/return")
def take_back(release_id: str) -> Response:
    """Make it a draft again, with a comment."""
    with transaction(visitor.portal().engine) as session:
        drafts.take_back(
            session,
            visitor.actor(),
            release_id,
            because=request.form.get("because", ""),
            now=visitor.portal().clock.now(),
        )
    return _go(url_for("workspace.draft", release_id=release_id))


@blueprint.post("/releases/<release_id>/discard")
def discard(release_id: str) -> Response:
    """Throw a draft away."""
    with transaction(visitor.portal().engine) as session:
        drafts.discard(session, visitor.actor(), release_id, now=visitor.portal().clock.now())
    return _go(url_for("workspace.home"))


def _draft_file(release_id: str, path: str) -> tuple[Release, ReleaseFile]:
    release, files = drafts.look(visitor.db(), visitor.actor(), release_id)
    for file in files:
        if file.path == path:
            return release, file
    raise NoSuchThing({"what": "file", "name": path[:200]})


def _draft(release_id: str, refused: IshibumiError | None = None) -> Response:
    session, actor = visitor.db(), visitor.actor()
    release, files = drafts.look(session, actor, release_id)
    dataset = session.get_one(Dataset, release.dataset)
    return page.show(
        "workspace/draft.html",
        422 if refused else 200,
        release=release,
        files=files,
        dataset=drafts.spoken_dataset(dataset, release),
        agency=agencies.get(session, dataset.agency),
        may_edit=allows(actor, Action.EDIT_DRAFT, dataset.agency) and release.state == "draft",
        may_take_back=allows(actor, Action.EDIT_DRAFT, dataset.agency) and release.state == "submitted",
        may_approve=release.state == "submitted" and _may_approve(actor, dataset, release),
        approvers=desk.approvers(session, dataset.agency),
        kinds=KINDS,
        licences=LICENCES,
        themes=THEMES,
        error=refused.sentence(visitor.language_tag()) if refused else None,
    )


def _may_approve(actor: Actor, dataset: Dataset, release: Release) -> bool:
    made_by = {release.submitted_by, release.edited_by, release.created_by}
    return allows(actor, Action.APPROVE, dataset.agency, made_by)


def _dataset_form(refused: IshibumiError | None, values: dict[str, str], agency: str) -> Response:
    session, actor = visitor.db(), visitor.actor()
    mine = [agencies.get(session, slug) for slug in sorted(actor.roles) if allows(actor, Action.EDIT_DRAFT, slug)]
    return page.show(
        "workspace/new_dataset.html",
        422 if refused else 200,
        agencies=mine,
        chosen=agency,
        values=values,
        licences=LICENCES,
        themes=THEMES,
        error=refused.sentence(visitor.language_tag()) if refused else None,
    )


def _texts(member: str) -> dict[str, str]:
    return {lang: text for lang in _LANGS if (text := request.form.get(f"{member}.{lang}", "").strip())}


def _words() -> Words:
    form = request.form
    return Words(
        title=_texts("title"),
        description=_texts("description"),
        reading=form.get("reading"),
        licence=form.get("licence"),
        themes=form.getlist("themes") if "themes" in form else None,
        keywords=form["keywords"].replace("、", ",").split(",") if "keywords" in form else None,
        period=form.get("period"),
        area=form.get("area"),
        contact=form.get("contact"),
    )


def _following(given: str | None) -> str:
    """Return where to go after sign-in: a path of this site, never another's address (open redirect)."""
    ours = given is not None and given.startswith("/workspace/") and given.isprintable()
    if given and ours and "\\" not in given and "//" not in given:
        return given[:300]
    return "/workspace/"


def _go(where: str) -> Response:
    return redirect(where, 303)  # type: ignore[return-value]  # Werkzeug's response is Flask's here
