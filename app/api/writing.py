"""API v1, publishing with a token: make a draft, put files into it, submit it."""

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.api import arguments
from app.db.catalogue import Dataset, Release, ReleaseState
from app.db.engine import transaction
from app.security import visitor
from app.services import drafts, items, keychanges
from app.services.errors import BadWords
from app.services.intake import take
from app.services.words import Words

blueprint = Blueprint("writing", __name__, url_prefix="/api/v1")
MAX_WAIT_SECONDS = 60
_POLL_SECONDS = 0.05


@blueprint.post("/datasets/<name>/releases")
def start(name: str) -> tuple[Response, int]:
    """Make a draft; the dataset too when it does not exist and a title is given."""
    actor, given = visitor.bearer(), arguments.body()
    words = _words(given)
    with transaction(visitor.portal().engine) as session:
        now = visitor.portal().clock.now()
        if session.get(Dataset, name) is None:
            agency = arguments.text_of(given, "agency") or next(iter(actor.roles), "")
            drafts.create_dataset(session, actor, name=name, agency=agency, words=words, now=now)
        release = drafts.start_release(
            session,
            actor,
            dataset=name,
            kind=arguments.text_of(given, "kind", "update"),
            note=arguments.texts_of(given, "note"),
            now=now,
            access=arguments.text_of(given, "access") or None,
        )
        drafts.reword(session, actor, release.id, words)
        item = _item(release, [])
    return jsonify(item), 201


@blueprint.put("/releases/<release_id>/files/<path:path>")
def put_file(release_id: str, path: str) -> tuple[Response, int]:
    """Take the body as a file of the draft; it streams to the disk and is hashed on the way."""
    actor, portal = visitor.bearer(), visitor.portal()
    with transaction(portal.engine) as session:
        drafts.open_draft(session, actor, release_id)
    request.max_content_length = portal.settings.max_upload_bytes
    portal.staging.require_space(request.content_length or 0)
    # A connection that broke looks like the end of the body: only the promised length tells that something is missing.
    file = take(portal.staging, request.stream, path, request.content_length)
    with transaction(portal.engine) as session:
        drafts.add_file(session, actor, release_id, file, most=portal.settings.max_files_per_release)
    found = {"path": path, "bytes": file.size, "sha256": file.sha256.hex(), "media_type": file.media_type}
    return jsonify(found), 201


@blueprint.delete("/releases/<release_id>/files/<path:path>")
def delete_file(release_id: str, path: str) -> tuple[str, int]:
    """Take a file out of the draft."""
    actor = visitor.bearer()
    with transaction(visitor.portal().engine) as session:
        drafts.remove_file(session, actor, release_id, path)
    return "", 204


@blueprint.post("/releases/<release_id>/submit")
def submit(release_id: str) -> tuple[Response, int]:
    """Submit the draft. With `?wait=` seconds the answer comes when it is published, or with 202 when it is not yet."""
    actor, wait = visitor.bearer(), arguments.number("wait") or 0
    if wait > MAX_WAIT_SECONDS:
        raise BadWords({"member": "wait", "why": f"0–{MAX_WAIT_SECONDS}"})
    portal = visitor.portal()
    with transaction(portal.engine) as session:
        keychanges.require_key(session, portal.log_keys.ring(), portal.host, release_id)
        drafts.submit(session, portal.jobs, actor, release_id, origin=portal.host, now=portal.clock.now())
    end = time.monotonic() + wait
    while True:
        with transaction(portal.engine) as session:
            release = session.get_one(Release, release_id)
            item = _item(release, drafts.files_of(session, release_id))
        if release.state != ReleaseState.APPROVED.value or time.monotonic() >= end:
            return jsonify(item), 200 if release.state == ReleaseState.PUBLISHED.value else 202
        time.sleep(_POLL_SECONDS)


@blueprint.get("/releases/<release_id>")
def state(release_id: str) -> Response:
    """Return how a release of the token's agency stands."""
    actor = visitor.bearer()
    release, files = drafts.look(visitor.db(), actor, release_id)
    return jsonify(_item(release, files))


@blueprint.delete("/releases/<release_id>")
def discard(release_id: str) -> tuple[str, int]:
    """Throw a draft away."""
    actor = visitor.bearer()
    with transaction(visitor.portal().engine) as session:
        drafts.discard(session, actor, release_id, now=visitor.portal().clock.now())
    return "", 204


def _words(given: dict[str, Any]) -> Words:
    return Words(
        title=arguments.texts_of(given, "title"),
        description=arguments.texts_of(given, "description"),
        reading=given.get("reading") and arguments.text_of(given, "reading"),
        licence=given.get("licence") and arguments.text_of(given, "licence"),
        themes=arguments.list_of(given, "themes"),
        keywords=arguments.list_of(given, "keywords"),
        period=given.get("period") and arguments.text_of(given, "period"),
        area=given.get("area") and arguments.text_of(given, "area"),
        contact=given.get("contact") and arguments.text_of(given, "contact"),
    )


def _item(release: Release, files: list[Any]) -> dict[str, Any]:
    return items.release_item(release, files, base=visitor.portal().settings.base_url)
