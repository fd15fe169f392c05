"""Makes the Flask application of one node."""

import logging
import sys
import time
from pathlib import Path

import structlog
from flask import Flask, Response, abort, g, request
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from app import api, web
from app.config import Settings, load_settings
from app.security import headers, visitor
from app.security.forms import StreamingRequest
from app.wiring import Portal, open_portal

ROOT = Path(__file__).parent.parent
_QUIET = ("/healthz", "/readyz", "/static/")


def create_app(settings: Settings, portal: Portal | None = None) -> Flask:
    """Return the application of the node in `settings.data_dir`.

    Raises:
        NoNode, BadSettings, NotAnArchive: it refuses to start rather than show an empty portal.

    """
    app = Flask("ishibumi", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "app" / "static"))
    app.request_class = StreamingRequest
    if settings.proxies:
        near = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)
        app.wsgi_app = near  # type: ignore[method-assign]  # as Flask's documentation says
    app.extensions["ishibumi"] = portal or open_portal(settings)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_form_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_form_bytes,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "app" / "translations"),
        BABEL_DEFAULT_LOCALE="en",
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's default provider has it
    Babel(app, locale_selector=visitor.locale)
    app.before_request(_begin)
    app.after_request(headers.finish)
    app.after_request(_log)
    app.teardown_appcontext(visitor.close_db)
    api.register(app)
    web.register(app)
    return app


def from_environment() -> Flask:
    """Return the application that the environment's settings describe; gunicorn's entry."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    return create_app(settings)


def set_up_logs(level: str) -> None:
    """Write log lines as JSON to stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _begin() -> None:
    g.begun = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=visitor.request_id())
    if "\x00" in request.path:
        abort(404)  # PostgreSQL has no such text, so it names nothing


def _log(response: Response) -> Response:
    """One line a request: no query values, no cookies, no addresses."""
    if not request.path.startswith(_QUIET):
        structlog.get_logger("http").info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round((time.perf_counter() - g.begun) * 1000, 1),
        )
    return response
