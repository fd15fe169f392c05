"""Headers of every answer: what a page may load, who may frame it, what a published file may never do (UX 10)."""

from flask import Response, g, request

from app.security import visitor

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'none'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "sandbox; default-src 'none'"
_YEAR_SECONDS = 365 * 24 * 3600


def finish(response: Response) -> Response:
    """Set the headers that every answer has, and the visitor's cookie where one was made."""
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
    response.headers["X-Request-Id"] = visitor.request_id()
    settings = visitor.portal().settings
    if settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}")
    if g.get("visitor_is_new") and "visitor" in g:
        response.set_cookie(
            visitor.cookie_name(),
            g.visitor,
            secure=settings.secure_cookies,
            httponly=True,
            samesite="Lax",
            path="/",
        )
        response.headers["Cache-Control"] = "no-store"
    if request.args.get("lang") and response.mimetype == "text/html":
        response.set_cookie(
            visitor.LANGUAGE_COOKIE,
            visitor.language_tag(),
            max_age=_YEAR_SECONDS,
            secure=settings.secure_cookies,
            samesite="Lax",
        )
    return response


def for_its_people(response: Response) -> Response:
    """Mark an answer about the inside of a restricted release: no cache keeps it, and no other page may read it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    for name in ("ETag", "Last-Modified", "Repr-Digest", "Access-Control-Allow-Origin"):
        response.headers.pop(name, None)
    return response


def immutable(response: Response) -> Response:
    """Mark an answer that never changes: a full tile, a static file with its hash in the name."""
    response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
    return response
