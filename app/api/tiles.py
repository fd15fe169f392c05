"""The log's files as C2SP tlog-tiles asks: `/log/checkpoint`, `/log/tile/…`."""

import re

from flask import Blueprint, Response, abort, send_file

from app.security import headers, visitor

blueprint = Blueprint("tiles", __name__)
_TILE = re.compile(
    r"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}"
    r"(?:\.p/(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


@blueprint.get("/log/checkpoint")
def checkpoint() -> Response:
    """Return the newest signed head; it changes, so it is kept for 5 seconds at most."""
    answer = Response(visitor.portal().log.checkpoint().raw, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=5"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/log/tile/<path:place>")
def tile(place: str) -> Response:
    """Return a tile or an entry bundle; a file once served never changes."""
    if not _TILE.fullmatch(place):
        abort(404)
    path = visitor.portal().folders.log / "tile" / place
    if not path.is_file():
        abort(404)
    answer = send_file(path, mimetype="application/octet-stream", etag=False)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return headers.immutable(answer)
