"""The node as a witness (C2SP tlog-witness), what it hears from others, and the evidence of forks it keeps."""

import re

from flask import Blueprint, Response, abort, request, send_file

from app.federation.errors import BodyTooLarge
from app.federation.forks import ForkStore
from app.security import headers, visitor
from archive.ledger.note import MAX_NOTE_BYTES
from archive.ledger.witness import MAX_REQUEST_BYTES
from archive.records.keystore import KeyNotHere

blueprint = Blueprint("witness", __name__)
_HASH = re.compile(r"[0-9a-f]{64}")
_TEXT = "text/plain; charset=utf-8"


@blueprint.post("/witness/add-checkpoint")
def add_checkpoint() -> Response:
    """Cosign a peer's checkpoint that continues the last one; statuses and bodies are those of the specification."""
    try:
        witness = visitor.portal().witness
    except KeyNotHere:
        abort(404)
    if (request.content_length or 0) > MAX_REQUEST_BYTES:
        return Response("LED-113 too large\n", status=400, content_type=_TEXT)
    reply = witness.add_checkpoint(request.stream.read(MAX_REQUEST_BYTES + 1))
    return Response(reply.body, status=reply.status, content_type=reply.media_type)


@blueprint.get("/witness/<origin_hash>/checkpoint")
def cosigned(origin_hash: str) -> Response:
    """Return the last checkpoint that was cosigned of the log whose origin has this SHA-256 (hex)."""
    try:
        found = visitor.portal().witness.latest(origin_hash) if _HASH.fullmatch(origin_hash) else None
    except KeyNotHere:
        found = None
    if found is None:
        abort(404)
    answer = Response(found, content_type=_TEXT)
    answer.headers["Cache-Control"] = "public, max-age=5"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.post("/log/gossip")
def gossip() -> Response:
    """Take a checkpoint that somebody was shown of our log or a peer's, and compare it with what we know."""
    if (request.content_length or 0) > MAX_NOTE_BYTES:
        raise BodyTooLarge({"limit": MAX_NOTE_BYTES})
    raw = request.stream.read(MAX_NOTE_BYTES + 1)
    if len(raw) > MAX_NOTE_BYTES:
        raise BodyTooLarge({"limit": MAX_NOTE_BYTES})
    answer = Response(visitor.portal().exchange.saw(raw, "gossip", limited=True) + "\n", content_type=_TEXT)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/log/forks/<fork_id>.tlog-fork")
def fork(fork_id: str) -> Response:
    """Return the evidence of a fork; it is never taken away."""
    path = ForkStore(visitor.portal().folders.forks).path(fork_id)
    if path is None:
        abort(404)
    answer = send_file(path, mimetype="application/octet-stream", etag=False)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return headers.immutable(answer)
