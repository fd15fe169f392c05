"""Service tokens: what makes one, what ends one, and every way to fake one (UX section 10)."""

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.db.engine import transaction
from app.policy import NotAllowed
from app.security import tokens
from app.security.secrets import Secrets
from app.services.errors import BadToken, BadWords, NoSuchThing
from tests.town import HOST, Town
from tests.unit.app.services.test_line import actor


def secrets_of(town: Town) -> Secrets:
    return Secrets(town.portal.node_secret)


def make(town: Town, name: str = "ann", agency: str = "solo", scopes=("draft",), days: int = 30):
    with transaction(town.portal.engine) as session:
        return tokens.create(
            session,
            secrets_of(town),
            actor(town, name),
            town.account(name),
            agency=agency,
            name="cron",
            scopes=scopes,
            days=days,
            issuer=HOST,
            now=town.portal.clock.now(),
        )


def check(town: Town, text: str, **given):
    with transaction(town.portal.engine) as session:
        now = given.pop("now", town.portal.clock.now())
        return tokens.actor_of_token(session, secrets_of(town), text, issuer=HOST, now=now)


def test_a_token_speaks_for_its_account_in_its_agency_within_its_scopes(town: Town) -> None:
    row, text = make(town)
    who = check(town, text)
    assert who.account_id == town.account("ann").id
    assert set(who.roles) == {"solo"}
    assert (who.scopes, who.is_operator) == (frozenset({"draft"}), False)
    with transaction(town.portal.engine) as session:
        assert session.get_one(type(row), row.jti).last_used_at is not None


def test_publish_is_for_an_admin_to_give(town: Town) -> None:
    make(town, "ann", "solo", ("draft", "publish"))
    with pytest.raises(NotAllowed):
        make(town, "uploader", "duo", ("publish",))
    with pytest.raises(NotAllowed):
        make(town, "auditor", "duo")
    with pytest.raises(BadWords):
        make(town, scopes=("everything",))
    with pytest.raises(BadWords):
        make(town, days=400)


def test_revoked_expired_and_closed(town: Town) -> None:
    row, text = make(town)
    with pytest.raises(BadToken):
        check(town, text, now=town.portal.clock.now() + timedelta(days=31))
    with transaction(town.portal.engine) as session:
        with pytest.raises(NoSuchThing):
            tokens.revoke(session, actor(town, "uploader"), row.jti, now=town.portal.clock.now())
        tokens.revoke(session, actor(town, "ann"), row.jti, now=town.portal.clock.now())
    with pytest.raises(BadToken) as refused:
        check(town, text)
    assert refused.value.params["why"] == "revoked"


def claims_of(text: str) -> dict:
    return jwt.decode(text, options={"verify_signature": False})


@pytest.mark.parametrize("claim", ["exp", "iat", "aud", "iss", "sub", "jti"])
def test_every_claim_is_required(town: Town, claim: str) -> None:
    _, text = make(town)
    claims = claims_of(text)
    del claims[claim]
    secrets = secrets_of(town)
    forged = jwt.encode(claims, secrets.token_key, algorithm="EdDSA", headers={"kid": secrets.token_kid})
    with pytest.raises(BadToken):
        check(town, forged)


def forge_foreign_key(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": secrets.token_kid})


def forge_foreign_kid(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(claims, secrets.token_key, algorithm="EdDSA", headers={"kid": "0" * 16})


def forge_none(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": secrets.token_kid})


def forge_hmac(claims: dict, secrets: Secrets) -> str:
    public = secrets.token_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims, public, algorithm="HS256", headers={"kid": secrets.token_kid})


def forge_audience(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(
        {**claims, "aud": "other"}, secrets.token_key, algorithm="EdDSA", headers={"kid": secrets.token_kid}
    )


def forge_issuer(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(
        {**claims, "iss": "other"}, secrets.token_key, algorithm="EdDSA", headers={"kid": secrets.token_kid}
    )


def forge_subject(claims: dict, secrets: Secrets) -> str:
    return jwt.encode(
        {**claims, "sub": "other"}, secrets.token_key, algorithm="EdDSA", headers={"kid": secrets.token_kid}
    )


@pytest.mark.parametrize(
    "forge",
    [forge_foreign_key, forge_foreign_kid, forge_none, forge_hmac, forge_audience, forge_issuer, forge_subject],
)
def test_a_forged_token_is_refused(town: Town, forge) -> None:
    _, text = make(town)
    with pytest.raises(BadToken):
        check(town, forge(claims_of(text), secrets_of(town)))


def test_nothing_secret_is_shown(town: Town) -> None:
    assert town.portal.node_secret.hex() not in repr(secrets_of(town))
