"""People: accounts, passwords (argon2id), roles, and the slow-down after failed sign-ins."""

import re
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from app.db.accounts import Account, Agency, AuditEvent, Membership, SignInAttempt
from app.db.engine import locked_one
from app.policy import AGENCY_ROLES, Actor, Role
from app.services.errors import BadWords, NameTaken, NoSuchThing, TooManyTries, WeakPassword, WrongSignIn

MIN_PASSWORD = 12
FREE_TRIES = 5
MAX_WAIT_SECONDS = 900
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")
_COMMON_PARTS = ("password", "123456", "qwerty", "ishibumi", "パスワード")
_HASHER = PasswordHasher()


def add_account(
    session: Session, *, email: str, name: str, now: datetime, is_operator: bool = False, password: str = ""
) -> Account:
    """Return a new account.

    Raises:
        BadWords: not an e-mail address.
        NameTaken: the address has an account.
        WeakPassword: a password was given and is too easy.

    """
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise BadWords({"member": "email", "why": "name@example.jp"})
    if session.exec(select(Account).where(Account.email == address)).first():
        raise NameTaken({"what": "account", "name": address})
    account = Account(email=address, name=name[:200] or address, is_operator=is_operator, created_at=now)
    if password:
        set_password(account, password)
    session.add(account)
    session.flush()
    return account


def set_password(account: Account, password: str) -> None:
    """Keep the argon2id hash of `password`. Raises WeakPassword."""
    folded = password.casefold()
    if len(password) < MIN_PASSWORD or account.email in folded or any(part in folded for part in _COMMON_PARTS):
        raise WeakPassword
    account.password_hash = _HASHER.hash(password[:1024])


def grant(session: Session, account: Account, agency: str, role: Role) -> None:
    """Give `account` a role in `agency`; giving it twice is the same as once. Raises NoSuchThing, BadWords."""
    if role not in AGENCY_ROLES:
        raise BadWords({"member": "role", "why": ", ".join(AGENCY_ROLES)})
    if session.get(Agency, agency) is None:
        raise NoSuchThing({"what": "agency", "name": agency})
    if session.get(Membership, (account.id, agency, role.value)) is None:
        session.add(Membership(account_id=account.id, agency=agency, role=role.value))


def by_email(session: Session, email: str) -> Account:
    """Return the account of an address. Raises NoSuchThing."""
    account = session.exec(select(Account).where(Account.email == email.strip().lower())).first()
    if account is None:
        raise NoSuchThing({"what": "account", "name": email[:100]})
    return account


def actor_of(session: Session, account: Account, scopes: frozenset[str] | None = None) -> Actor:
    """Return who `account` is in every agency; with `scopes`, what a token of theirs is."""
    roles: dict[str, frozenset[Role]] = {}
    for membership in session.exec(select(Membership).where(Membership.account_id == account.id)):
        roles[membership.agency] = roles.get(membership.agency, frozenset()) | {Role(membership.role)}
    return Actor(account.id, account.name, roles, account.is_operator, scopes)


def authenticate(session: Session, *, email: str, password: str, network: str, now: datetime) -> Account | None:
    """Return the account, or None when address or password is wrong; the same argon2 work is done in both cases.

    The caller commits also when the answer is None, so that the failure is counted.

    Raises:
        TooManyTries: this address or network failed too often of late.

    """
    address = email.strip().lower()[:254]
    attempts = [
        _attempt(session, f"account:{address}", now),
        _attempt(session, f"network:{network[:100]}", now),
    ]
    for attempt, free in zip(attempts, (FREE_TRIES, FREE_TRIES * 4), strict=True):
        _check_wait(attempt, free, now)
    account = session.exec(select(Account).where(Account.email == address)).first()
    known_hash = account.password_hash if account and account.password_hash else _nobodys_hash()
    right = _matches(known_hash, password[:1024]) and account is not None and account.disabled_at is None
    # Others may have failed while this one was worked on: many tries at once are not free of the wait either.
    for attempt, free in zip(attempts, (FREE_TRIES, FREE_TRIES * 4), strict=True):
        counted = locked_one(session, SignInAttempt, _kept(session, attempt))
        _check_wait(counted, free, now)
        counted.failures = 0 if right else counted.failures + 1
        counted.last_at = now
        session.add(counted)
    return account if right else None


def record(session: Session, actor: str, action: str, subject: str, now: datetime, **detail: str) -> None:
    """Add one line to the audit trail."""
    session.add(AuditEvent(at=now, actor=actor[:200], action=action, object=subject[:300], detail=detail))


def require_signed_in(account: Account | None) -> Account:
    """Return the account. Raises WrongSignIn when there is none: one answer for unknown and wrong."""
    if account is None:
        raise WrongSignIn
    return account


@cache
def _nobodys_hash() -> str:
    """Return a hash that no password has: the same work is done for an account that does not exist."""
    return _HASHER.hash(secrets.token_hex(16))


def _matches(known_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(known_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _attempt(session: Session, key: str, now: datetime) -> SignInAttempt:
    return session.get(SignInAttempt, key) or SignInAttempt(key=key, failures=0, last_at=now)


def _kept(session: Session, attempt: SignInAttempt) -> str:
    """Return the key of `attempt` after seeing to it that there is a row: somebody else may add it at once."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(SignInAttempt) if on_sqlite else postgresql.insert(SignInAttempt)
    row = {"key": attempt.key, "failures": 0, "last_at": attempt.last_at}
    session.connection().execute(insert.values(row).on_conflict_do_nothing())
    return attempt.key


def _check_wait(attempt: SignInAttempt, free: int, now: datetime) -> None:
    """After `free` failures every further try waits twice as long as the one before, at most 15 minutes."""
    if attempt.failures < free:
        return
    wait = min(2 ** min(attempt.failures - free + 1, 12), MAX_WAIT_SECONDS)
    until = attempt.last_at + timedelta(seconds=wait)
    if now < until:
        raise TooManyTries({"seconds": int((until - now).total_seconds()) + 1})
