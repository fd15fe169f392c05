"""The log page: checkpoint, keys, latest statements; and one statement whole."""

import json

import segno
from flask import Blueprint, Response, request
from markupsafe import Markup

from app.security import visitor
from app.services import anchoring, catalogue, keys_of_log, peering
from app.services.errors import NoSuchThing
from app.web import page
from archive.ledger import fingerprint
from archive.ledger.statement_check import read_statement
from archive.merkle import leaf_hash

blueprint = Blueprint("logpage", __name__)
_LATEST = 30
_ANCHORS = 10
_QR_BYTES = 1_500


@blueprint.get("/log")
def log() -> Response:
    """Return the log's head, its keys, what it said last, and how to trust it."""
    portal = visitor.portal()
    below = request.args.get("below", "")
    number = int(below) if below.isascii() and below.isdigit() and len(below) < 12 else None  # noqa: PLR2004 - any log
    rows = catalogue.statements(visitor.db(), below=number, limit=_LATEST)
    return page.show(
        "log/log.html",
        head=portal.log.checkpoint(),
        witnesses=peering.standing(visitor.db(), portal.log.checkpoint(), portal.settings.quorum),
        forks=peering.forks(portal.folders),
        anchors=anchoring.anchors(portal.folders, portal.clock.now(), _ANCHORS),
        origin=portal.origin,
        keys=keys_of_log.public_keys(portal.log),
        policy=portal.policy,
        words=fingerprint.spoken(portal.log_key.vkey),
        qr=_qr(portal.policy, portal.log_key.vkey),
        statements=rows,
        older=rows[-1].log_index if len(rows) == _LATEST else None,
    )


def _qr(policy: str, vkey: str) -> Markup:
    """Return the policy as a QR code (SVG), or the log's key alone when the policy is too long for one."""
    code = segno.make(policy if len(policy) <= _QR_BYTES else vkey, error="m")
    return Markup(code.svg_inline(scale=3, border=2, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S704 - segno's


@blueprint.get("/log/statements/<int(max=999999999999):index>")
def statement(index: int) -> Response:
    """Return one statement: what it says, who signed it, its leaf hash."""
    portal = visitor.portal()
    if index >= portal.log.checkpoint().size:
        raise NoSuchThing({"what": "statement", "name": str(index)})
    entry = portal.log.entry(index)
    found = read_statement(entry)
    return page.show(
        "log/statement.html",
        index=index,
        statement=found,
        leaf=leaf_hash(entry).hex(),
        body=json.dumps(found.body, ensure_ascii=False, indent=2),
        entry=entry.decode(),
    )
