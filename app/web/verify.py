"""The verify page: which published file these bytes are. The hash is made in the browser; the file stays there."""

import re
from hashlib import sha256

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from app.db.catalogue import Dataset, Release
from app.security import headers, visitor
from app.services import catalogue
from app.services.errors import NoSuchThing
from app.web import browser_verifier, page
from app.web.standings import standing_of

blueprint = Blueprint("verify", __name__)
_ORDER = ("latest", "superseded", "withdrawn")
_SCRIPTS = ("page.js", "worker.js")
_HASH = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


@blueprint.get("/verify")
def verify() -> Response:
    """Return the page; with `?hash=` (from the form or from the script) also the answer."""
    given = request.args.get("hash", "").strip()[:200]
    match = _HASH.fullmatch(given)
    rows = catalogue.by_hash(visitor.db(), match[1].lower()) if match else []
    rows = sorted(rows, key=lambda row: _ORDER.index(_verdict(row[0], row[1])))
    agencies = {agency.slug: agency for agency, _ in catalogue.agencies_with_counts(visitor.db())}
    found = [
        {"dataset": row[0], "release": row[1], "file": row[2], "agency": agencies[row[0].agency], "verdict": verdict}
        for row in rows
        for verdict in [_verdict(row[0], row[1])]
    ]
    saved = browser_verifier.saved_page()
    return page.show(
        "verify/verify.html",
        given=given,
        sha256=match[1].lower() if match else "",
        malformed=bool(given) and match is None,
        found=found,
        standing=standing_of(rows[0][1]) if rows else None,
        saved=False,
        policy=visitor.portal().policy,
        program=_address("page.js"),
        worker=_address("worker.js"),
        words_json=_words(),
        offline_sha256=saved.sha256,
        offline_size=len(saved.content),
    )


@blueprint.get("/verify/script/<name>")
def script(name: str) -> Response:
    """Return the verifier for browsers as one script; its address carries its hash, so that it is kept for ever."""
    if name not in _SCRIPTS:
        raise NoSuchThing({"what": "script", "name": name[:40]})
    return headers.immutable(Response(browser_verifier.script(name), mimetype="text/javascript"))


@blueprint.get("/verify/offline.html")
def offline() -> Response:
    """Return the page that checks evidence from disk, as a file to keep; /verify shows its SHA-256."""
    saved = browser_verifier.saved_page()
    answer = Response(saved.content, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = f"{saved.policy}; frame-ancestors 'none'"
    answer.headers["Content-Disposition"] = "attachment; filename=ishibumi-verify.html"
    return answer


def _address(name: str) -> str:
    return f"/verify/script/{name}?v={sha256(browser_verifier.script(name).encode()).hexdigest()[:12]}"


def _words() -> Markup:
    """Return the verifier's words in the reader's language as JSON, safe inside a script element."""
    told = render_template("verify/words.html", words=browser_verifier.words(visitor.language_tag()))
    return Markup(told)  # noqa: S704 - made by `tojson`


def _verdict(dataset: Dataset, release: Release) -> str:
    """Return which of the eight answers (UX section 3) holds for bytes that this release carries."""
    if release.state == "withdrawn":
        return "withdrawn"
    return "latest" if release.version == dataset.latest_version else "superseded"
