"""What is final is approved by somebody who proves once more that it is them (UX section 10)."""

from flask import request

from app.db.engine import transaction
from app.security import visitor
from app.services import accounts


def prove() -> None:
    """Return if this form has the password of whoever is signed in. Raises WrongSignIn, TooManyTries."""
    portal, account = visitor.portal(), visitor.account()
    with transaction(portal.engine) as session:
        again = accounts.authenticate(
            session,
            email=account.email if account else "",
            password=request.form.get("password", ""),
            network=request.remote_addr or "",
            now=portal.clock.now(),
        )
    accounts.require_signed_in(again)
