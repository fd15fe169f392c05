"""/healthz (the process answers), /readyz (database, archive, log and index answer), /metrics."""

from ipaddress import ip_address

import sqlalchemy as sa
from flask import Blueprint, Response, abort, jsonify, request

from app.db.engine import transaction
from app.security import visitor
from app.security.sessions import same
from app.services import catalogue
from archive.errors import IshibumiError
from search.index import current_generation

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Return 200 while this process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Return each part's standing; 503 when one is missing."""
    found = {"database": _database(), "archive": _archive(), "log": _log(), "index": _index()}
    ready = all(state == "ok" for state in found.values())
    return jsonify({"status": "ok" if ready else "not ready", "parts": found}), 200 if ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return a few numbers in the Prometheus text format, to loopback or to the bearer of the metrics token."""
    token = visitor.portal().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not _near() and not (token and same(given, token)):
        abort(403)
    with transaction(visitor.portal().engine) as session:
        numbers = catalogue.numbers(session)
    jobs = visitor.portal().jobs.counts()
    lines = [
        f"ishibumi_datasets {numbers.datasets}",
        f"ishibumi_releases {numbers.releases}",
        f"ishibumi_bytes_kept {numbers.bytes}",
        f"ishibumi_log_size {visitor.portal().log.checkpoint().size}",
        *(f'ishibumi_jobs{{state="{state}"}} {jobs.get(state, 0)}' for state in ("waiting", "running", "failed")),
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


def _near() -> bool:
    """Return whether somebody on this machine asks, and not its proxy for anybody in the world."""
    settings = visitor.portal().settings
    hidden = settings.secure_cookies or {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers.keys())
    if hidden and not settings.proxies:
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _database() -> str:
    try:
        with visitor.portal().engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return "unreachable"
    return "ok"


def _archive() -> str:
    try:
        visitor.portal().root.require_marker()
    except IshibumiError as missing:
        return missing.code
    return "ok"


def _log() -> str:
    try:
        visitor.portal().log.checkpoint()
    except IshibumiError as missing:
        return missing.code
    return "ok"


def _index() -> str:
    return "ok" if current_generation(visitor.portal().folders.index) else "none"
