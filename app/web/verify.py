"""The verify page: which published file these bytes are. The hash is made in the browser; the file stays there."""

import re

from flask import Blueprint, Response, request

from app.db.catalogue import Dataset, Release
from app.security import visitor
from app.services import catalogue
from app.web import page

blueprint = Blueprint("verify", __name__)
_ORDER = ("latest", "superseded", "withdrawn")
_HASH = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@blueprint.get("/verify")
def verify() -> Response:
    """Return the page; with `?hash=` (from the form or from the script) also the answer."""
    given = request.args.get("hash", "").strip()[:200]
    match = _HASH.fullmatch(given)
    rows = catalogue.by_hash(visitor.db(), match[1].lower()) if match else []
    agencies = {agency.slug: agency for agency, _ in catalogue.agencies_with_counts(visitor.db())}
    found = [
        {"dataset": row[0], "release": row[1], "file": row[2], "agency": agencies[row[0].agency], "verdict": verdict}
        for row in rows
        for verdict in [_verdict(row[0], row[1])]
    ]
    found.sort(key=lambda each: _ORDER.index(str(each["verdict"])))
    return page.show(
        "verify/verify.html",
        given=given,
        sha256=match[1].lower() if match else "",
        malformed=bool(given) and match is None,
        found=found,
    )


def _verdict(dataset: Dataset, release: Release) -> str:
    """Return which of the eight answers (UX section 3) holds for bytes that this release carries."""
    if release.state == "withdrawn":
        return "withdrawn"
    return "latest" if release.version == dataset.latest_version else "superseded"
