"""Errors: RFC 9457 problem documents for machines, pages for people; one catalogue of codes behind both."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, render_template, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # it has no types
from werkzeug.exceptions import HTTPException

from app.federation.errors import FederationError
from app.policy import NotAllowed, OwnWork
from app.security import visitor
from app.services.errors import ServiceError
from archive.errors import IshibumiError

_STATUS: dict[type[IshibumiError], int] = {NotAllowed: 403, OwnWork: 403}
_STATUS_BY_CODE = {"SEA-104": 503, "SEA-112": 410, "LED-112": 503}
_STATUS_BY_NAME = {
    "TooLarge": 413,
    "StoreFull": 507,
    "StoreUnavailable": 503,
    "CommitConflict": 409,
    "LengthMismatch": 400,
}


def status_of(error: IshibumiError) -> int:
    """Return the HTTP status of an error we know."""
    if isinstance(error, ServiceError | FederationError):
        return error.status
    found = _STATUS_BY_CODE.get(error.code) or _STATUS_BY_NAME.get(type(error).__name__)
    return found or _STATUS.get(type(error), 422)


def for_machines() -> bool:
    """Return whether the one who asks wants a problem document rather than a page."""
    if request.path.startswith(
        ("/api/", "/log/checkpoint", "/log/tile/", "/log/gossip", "/log/forks/", "/witness/", "/healthz", "/readyz")
    ):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/problem+json", "application/json"])
    return best in ("application/problem+json", "application/json")


def problem(status: int, code: str, title: str, detail: str, params: dict[str, str] | None = None) -> Response:
    """Return a problem document."""
    answer = jsonify(
        {
            "type": f"{visitor.portal().settings.base_url}/problems/{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": f"urn:ishibumi:request:{visitor.request_id()}",
            "code": code,
            "params": params or {},
        }
    )
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def register(app: Flask) -> None:
    """Handle every error of the application; nothing raw leaves it."""
    app.register_error_handler(IshibumiError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, _garbled)
    app.register_error_handler(Exception, _unknown)


def _known(error: IshibumiError) -> Response:
    return _answer(status_of(error), error.code, error.sentence(visitor.language_tag()), error.params)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = _answer(status, f"HTTP-{status}", "", {})
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "Content-Range"):
            answer.headers[name] = value
    return answer


def _garbled(_error: Exception) -> Response:
    """The server that we run under noticed while we read the body: its chunks are no chunks."""
    return _answer(400, "HTTP-400", "", {})


def _unknown(error: Exception) -> Response:
    """The request edge: what nobody foresaw is logged whole and told as one sentence with the request's id."""
    structlog.get_logger("http").error("unexpected", exc_info=error)
    return _answer(500, "HTTP-500", "", {})


def _answer(status: int, code: str, detail: str, params: dict[str, str]) -> Response:
    title = HTTPStatus(status).phrase
    if for_machines():
        return problem(status, code, title, detail or title, params)
    page = render_template(
        "error.html", status=status, code=code, detail=detail, request_id=visitor.request_id(), path=request.path
    )
    # It has the reader's form token, and a cache would keep a 404 or 410 that does not say so.
    return Response(page, status=status, headers={"Cache-Control": "no-store"})
