"""Service tokens: PyJWT with EdDSA, an audience, an end, and a row that can be revoked (UX section 10)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import jwt
from sqlmodel import Session

from app.db.accounts import Account, ApiToken, Membership
from app.policy import SCOPE_PUBLISH, SCOPES, Action, Actor, Role, require
from app.security.secrets import Secrets
from app.services import agencies
from app.services.accounts import actor_of, record
from app.services.errors import BadToken, BadWords, NoSuchThing

AUDIENCE = "ishibumi-api"
LONGEST = timedelta(days=366)
_CLAIMS = ["exp", "iat", "aud", "iss", "sub", "jti"]


def create(
    session: Session,
    secrets: Secrets,
    actor: Actor,
    account: Account,
    *,
    agency: str,
    name: str,
    scopes: Sequence[str],
    days: int,
    issuer: str,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Return a new token's row and the token itself, which is never shown again.

    Raises:
        NotAllowed: not the actor's to make; the scope `publish` (a standing approval) is an agency admin's to give.
        BadWords: unknown scopes, no name, or longer than a year.

    """
    owner = agencies.get(session, agency)
    require(actor, Action.OWN_TOKENS, owner.slug)
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(SCOPES):
        raise BadWords({"member": "scopes", "why": ", ".join(SCOPES)})
    if SCOPE_PUBLISH in wanted:
        require(actor, Action.MANAGE_PEOPLE, owner.slug)
    if not name.strip() or not timedelta(0) < timedelta(days=days) <= LONGEST:
        raise BadWords({"member": "name, days", "why": "1–100 / 1–366"})
    row = ApiToken(
        account_id=account.id,
        agency=owner.slug,
        name=name.strip()[:100],
        scopes=wanted,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": account.id,
        "jti": row.jti,
        "iat": int(now.timestamp()),
        "exp": int(row.expires_at.timestamp()),
    }
    text = jwt.encode(claims, secrets.token_key, algorithm="EdDSA", headers={"kid": secrets.token_kid})
    record(session, actor.label, "token.created", f"{owner.slug}/{row.name}", now, scopes=",".join(wanted))
    return row, text


def actor_of_token(session: Session, secrets: Secrets, text: str, *, issuer: str, now: datetime) -> Actor:
    """Return who a token speaks for: its account, in its agency only, within its scopes.

    Raises:
        BadToken: not ours, expired, revoked, for another audience, without an end, or of a disabled account.

    """
    claims = _claims(secrets, text, issuer)
    row = session.get(ApiToken, str(claims["jti"])[:64])
    if row is None or row.account_id != claims["sub"]:
        raise BadToken({"why": "unknown"})
    if row.revoked_at is not None:
        raise BadToken({"why": "revoked"})
    if row.expires_at <= now:
        raise BadToken({"why": "expired"})
    account = session.get(Account, row.account_id)
    if account is None or account.disabled_at is not None:
        raise BadToken({"why": "account closed"})
    if row.last_used_at is None or now - row.last_used_at > timedelta(minutes=1):
        row.last_used_at = now
        session.add(row)
    whole = actor_of(session, account, frozenset(row.scopes))
    mine = {row.agency: whole.roles.get(row.agency, frozenset())}
    return Actor(account.id, f"{account.name} ({row.name})", mine, is_operator=False, scopes=whole.scopes)


def revoke(session: Session, actor: Actor, jti: str, *, now: datetime) -> ApiToken:
    """End a token at once: one's own, or as an admin any of the agency. Raises NoSuchThing, NotAllowed."""
    row = session.get(ApiToken, jti)
    if row is None or (row.account_id != actor.account_id and Role.ADMIN not in actor.roles_in(row.agency)):
        raise NoSuchThing({"what": "token", "name": jti[:32]})
    row.revoked_at = row.revoked_at or now
    session.add(row)
    record(session, actor.label, "token.revoked", f"{row.agency}/{row.name}", now)
    return row


def has_role(session: Session, account: Account, agency: str) -> bool:
    """Return whether the account has any role in the agency."""
    return any(session.get(Membership, (account.id, agency, role.value)) for role in Role)


def _claims(secrets: Secrets, text: str, issuer: str) -> dict[str, object]:
    try:
        if jwt.get_unverified_header(text).get("kid") != secrets.token_kid:
            raise BadToken({"why": "foreign key"})
        claims: dict[str, object] = jwt.decode(
            text,
            secrets.token_key.public_key(),
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            issuer=issuer,
            options={"require": _CLAIMS},
        )
    except jwt.ExpiredSignatureError as wrong:
        raise BadToken({"why": "expired"}) from wrong
    except jwt.PyJWTError as wrong:
        raise BadToken({"why": type(wrong).__name__}) from wrong
    return claims
