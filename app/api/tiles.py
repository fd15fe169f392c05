"""The log's files as C2SP tlog-tiles asks: `/log/checkpoint`, `/log/tile/…`; and its proofs of time."""

import re
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from app.security import headers, visitor
from archive.ledger.anchor import folder
from archive.ledger.errors import BadTilePath, NoSuchTile
from archive.ledger.tiles import MAX_BUNDLE_BYTES, WIDTH, LocalTiles, decode_bundle, encode_bundle, parse_tile_path
from archive.merkle import HASH_BYTES

blueprint = Blueprint("tiles", __name__)
_ANCHOR = re.compile(r"checkpoint|[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\.(?:tsr|ots|header)")
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
    log = visitor.portal().folders.log
    if (log / "tile" / place).is_file():
        answer = send_file(log / "tile" / place, mimetype="application/octet-stream", etag=False)
    else:
        answer = Response(_beginning(log, place), content_type="application/octet-stream")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return headers.immutable(answer)


def _beginning(log: Path, place: str) -> bytes:
    """Return what a deleted partial file held: its full one begins with it."""
    try:
        path = parse_tile_path(f"tile/{place}")
        data = LocalTiles(log).read(str(path.full), MAX_BUNDLE_BYTES)
        if path.level is not None:
            return data[: HASH_BYTES * path.width]
        return encode_bundle(decode_bundle(data, WIDTH, str(path.full))[: path.width])
    except (BadTilePath, NoSuchTile):
        abort(404)


@blueprint.get("/log/anchor/<int:size>/<name>")
def anchor(size: int, name: str) -> Response:
    """Return a file of a proof of time; the proof of a calendar may still be replaced by one that proves more."""
    place = visitor.portal().folders.log / folder.FOLDER / str(size) / name
    if not _ANCHOR.fullmatch(name) or not place.is_file():
        abort(404)
    answer = send_file(place, mimetype="application/octet-stream", etag=False)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer
