"""The log's files as C2SP tlog-tiles asks: `/log/checkpoint`, `/log/tile/…`."""

import re
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from app.security import headers, visitor
from archive.ledger.errors import BadTilePath, NoSuchTile
from archive.ledger.tiles import MAX_BUNDLE_BYTES, WIDTH, LocalTiles, decode_bundle, encode_bundle, parse_tile_path
from archive.merkle import HASH_BYTES

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
    folder = visitor.portal().folders.log
    if (folder / "tile" / place).is_file():
        answer = send_file(folder / "tile" / place, mimetype="application/octet-stream", etag=False)
    else:
        answer = Response(_beginning(folder, place), content_type="application/octet-stream")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return headers.immutable(answer)


def _beginning(folder: Path, place: str) -> bytes:
    """Return what a deleted partial file held: its full one begins with it."""
    try:
        path = parse_tile_path(f"tile/{place}")
        data = LocalTiles(folder).read(str(path.full), MAX_BUNDLE_BYTES)
        if path.level is not None:
            return data[: HASH_BYTES * path.width]
        return encode_bundle(decode_bundle(data, WIDTH, str(path.full))[: path.width])
    except (BadTilePath, NoSuchTile):
        abort(404)
