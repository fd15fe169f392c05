"""Browser sessions: the cookie holds random bytes, the database their SHA-256; a new id at every sign-in."""

import hashlib
import hmac
import secrets as random
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, update

from app.db.accounts import Account, SignIn

COOKIE_BYTES = 32


def new_cookie() -> str:
    """Return a fresh cookie value; for a visitor who has not signed in it only carries the CSRF token."""
    return random.token_urlsafe(COOKIE_BYTES)


def sign_in(session: Session, account: Account, now: datetime) -> str:
    """Return the cookie of a new session of `account`."""
    cookie = new_cookie()
    session.add(SignIn(id_hash=_hash(cookie), account_id=account.id, created_at=now, seen_at=now))
    return cookie


def account_of(session: Session, cookie: str, *, now: datetime, idle: timedelta, total: timedelta) -> Account | None:
    """Return whose session this is, or None when there is none, it is over, or the account is closed."""
    row = session.get(SignIn, _hash(cookie))
    if row is None:
        return None
    if now - row.seen_at > idle or now - row.created_at > total:
        sign_out(session, cookie)
        return None
    account = session.get(Account, row.account_id)
    if account is None or account.disabled_at is not None:
        return None
    if now - row.seen_at > timedelta(minutes=1):
        # A statement of its own: a sign-out at the same moment leaves nothing to update, and that is no fault.
        session.exec(update(SignIn).where(col(SignIn.id_hash) == row.id_hash).values(seen_at=now))
    return account


def sign_out(session: Session, cookie: str) -> None:
    """End one session."""
    session.exec(delete(SignIn).where(col(SignIn.id_hash) == _hash(cookie)))


def sign_out_everywhere(session: Session, account: Account) -> None:
    """End every session of an account."""
    session.exec(delete(SignIn).where(col(SignIn.account_id) == account.id))


def same(left: str, right: str) -> bool:
    """Return whether two secrets are equal, in time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
