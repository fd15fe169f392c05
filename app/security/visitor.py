"""Who makes this request, and what belongs to it: the portal, a read session, the language, the actor, the CSRF token.

Everything lives in Flask's `g` for one request; nothing survives it.
"""

import secrets as random
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from flask import current_app, g, request
from sqlmodel import Session

from app.db.accounts import Account
from app.db.catalogue import Release
from app.db.engine import transaction
from app.policy import CITIZEN, Actor
from app.security import sessions, tokens
from app.security.secrets import Secrets
from app.services import access
from app.services.accounts import actor_of
from app.services.errors import BadToken, BadWords, ServiceError

if TYPE_CHECKING:
    from app.wiring import Portal

LANGUAGES = ("ja", "en", "zh_Hant")
_TAGS = {"ja": "ja", "en": "en", "zh_Hant": "zh-Hant"}
LANGUAGE_COOKIE = "lang"
_SAFE_SITES = (None, "same-origin", "none")


class ForgedForm(ServiceError):
    code = "APP-060"
    status = 403
    ja = "この送信は、このサイトの画面から来たものと確かめられません。画面を開き直してください。"
    en = "This could not be told to come from a page of this site. Open the page again and repeat it."
    zh = "無法確認此送出來自本站頁面。請重新開啟頁面後再試。"


def portal() -> "Portal":
    """Return the node this application serves."""
    return cast("Portal", current_app.extensions["ishibumi"])


def secrets() -> Secrets:
    """Return what is derived from the node secret."""
    return Secrets(portal().node_secret)


def db() -> Session:
    """Return the read session of this request; what is changed in it is not kept (use `transaction`)."""
    if "db" not in g:
        g.db = Session(portal().engine, expire_on_commit=False)
    return cast("Session", g.db)


def close_db(_error: BaseException | None = None) -> None:
    """Close the read session at the end of the request."""
    session = g.pop("db", None)
    if session is not None:
        session.close()


def locale() -> str:
    """Return the language of this answer as gettext knows it: `?lang=`, then the cookie, then Accept-Language."""
    if "locale" not in g:
        g.locale = _asked_locale()
    return cast("str", g.locale)


def language_tag() -> str:
    """Return the language of this answer as BCP 47 and our records write it."""
    return _TAGS[locale()]


def cookie_name() -> str:
    """Return the name of the session cookie."""
    return "__Host-ishibumi" if portal().settings.secure_cookies else "ishibumi"


def visitor_cookie() -> str:
    """Return this browser's cookie, a fresh one (set by the answer) when it has none."""
    if "visitor" not in g:
        given = request.cookies.get(cookie_name(), "")
        known = 20 <= len(given) <= 100  # noqa: PLR2004 - what `new_cookie` makes, with room
        g.visitor = given if known else sessions.new_cookie()
        g.visitor_is_new = not known
    return cast("str", g.visitor)


def renew_cookie(cookie: str) -> None:
    """Give this browser another cookie with the answer: at sign-in and sign-out (no session fixation)."""
    g.visitor, g.visitor_is_new = cookie, True
    g.pop("account", None)


def account() -> Account | None:
    """Return who is signed in here, if anybody."""
    if "account" not in g:
        settings = portal().settings
        with transaction(portal().engine) as session:
            g.account = sessions.account_of(
                session,
                visitor_cookie(),
                now=portal().clock.now(),
                idle=timedelta(minutes=settings.session_idle_minutes),
                total=timedelta(hours=settings.session_total_hours),
            )
    return cast("Account | None", g.account)


def actor() -> Actor:
    """Return who acts in a browser; a citizen when nobody is signed in."""
    if "actor" not in g:
        found = account()
        g.actor = actor_of(db(), found) if found else CITIZEN
    return cast("Actor", g.actor)


def bearer() -> Actor:
    """Return who the request's token speaks for; the API takes nothing else, never a cookie.

    Raises:
        BadToken: there is none, or it is not valid.

    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text or len(text) > 4096:  # noqa: PLR2004 - far above any token of ours
        raise BadToken({"why": "missing"})
    with transaction(portal().engine) as session:
        return tokens.actor_of_token(session, secrets(), text.strip(), issuer=portal().host, now=portal().clock.now())


def may_open(release: Release, agency: str) -> bool:
    """Return whether this visitor may see inside a release of `agency`; of an open one nobody asks who they are."""
    return not access.is_restricted(release) or access.may_open(actor(), release, agency)


def csrf_token() -> str:
    """Return the token that every form of this visitor carries."""
    return secrets().csrf_token(visitor_cookie())


def check_form() -> None:
    """Return if this POST comes from a page of ours and holds text. Raises ForgedForm, BadWords."""
    if request.headers.get("Sec-Fetch-Site") not in _SAFE_SITES:
        raise ForgedForm  # before the body is read
    given = request.form.get("csrf", "") or request.headers.get("X-CSRF-Token", "")
    if not sessions.same(given, csrf_token()):
        raise ForgedForm
    for name, values in request.form.lists():
        if any("\x00" in value for value in values):
            raise BadWords({"member": name[:40], "why": "NUL"})


def request_id() -> str:
    """Return the id that this request has in the log and on error pages."""
    if "request_id" not in g:
        g.request_id = random.token_hex(8)
    return cast("str", g.request_id)


def _known(tag: str | None) -> str | None:
    if not tag:
        return None
    folded = tag.replace("_", "-").lower()
    if folded.startswith("zh"):
        return "zh_Hant"
    return folded[:2] if folded[:2] in ("ja", "en") else None


def _asked_locale() -> str:
    for given in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        chosen = _known(given)
        if chosen:
            return chosen
    best = request.accept_languages.best_match(["ja", "en", "zh-Hant", "zh-TW", "zh-HK", "zh"], "ja")
    return _known(best) or "ja"
