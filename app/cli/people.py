"""agency, user, token: who may act on this node."""

import secrets as random
import sys
from typing import TYPE_CHECKING

import click

from app.cli import told

if TYPE_CHECKING:
    from app.policy import Role

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_GENERATED_BYTES = 15


@click.group()
def agency_command() -> None:
    """Agencies of this node."""


@agency_command.command("add", short_help="Make an agency and its signing key.")
@click.argument("slug")
@click.option("--title", required=True, help="Its name in Japanese.")
@click.option("--title-en", default="", help="Its name in English.")
@click.option("--title-zh", default="", help="Its name in Traditional Chinese.")
@click.option("--approvals", type=click.IntRange(1, 2), default=2, show_default=True, help="People needed to publish.")
@_JSON
def agency_add(slug: str, title: str, title_en: str, title_zh: str, approvals: int, as_json: bool) -> int:
    """Make an agency; its signing key is made, sealed and added to the log."""
    from app.cli import local
    from app.db.engine import transaction
    from app.services import agencies

    titles = {lang: text for lang, text in {"ja": title, "en": title_en, "zh-Hant": title_zh}.items() if text}
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            agencies.add_agency(
                session,
                portal.jobs,
                local.acting(session, None),
                slug=slug,
                title=titles,
                approvals=approvals,
                now=portal.clock.now(),
            )
        index = local.await_key(portal, slug)
    told.give(
        {"slug": slug, "title": titles, "approvals": approvals, "log_index": index},
        as_json=as_json,
        text=f"{slug}: {title}, {approvals} approvals, key added at log index {index}",
    )
    return told.OK


@agency_command.command("list")
@_JSON
def agency_list(as_json: bool) -> int:
    """List the agencies."""
    from app.db.engine import transaction
    from app.services import agencies, items

    with told.portal() as portal, transaction(portal.engine) as session:
        rows = agencies.all_agencies(session)
        found = [{**items.agency_item(row, base=portal.settings.base_url), "approvals": row.approvals} for row in rows]
    told.give(found, as_json=as_json, text="\n".join(f"{row.slug}  {told.words(row.title)}" for row in rows))
    return told.OK


@click.group()
def user_command() -> None:
    """People and their roles."""


@user_command.command("add")
@click.argument("email")
@click.option("--name", default="", help="How pages call this person.")
@click.option("--agency", metavar="SLUG", help="The agency of --role.")
@click.option(
    "--role", "roles", multiple=True, help="uploader, approver, admin or auditor; can be given more than once."
)
@click.option("--operator", is_flag=True, help="May look after this node (not publish).")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of making one.")
@_JSON
def user_add(
    email: str,
    name: str,
    agency: str | None,
    roles: tuple[str, ...],
    operator: bool,
    password_stdin: bool,
    as_json: bool,
) -> int:
    """Make an account. Without --password-stdin a random password is made and shown once."""
    from app.db.engine import transaction
    from app.services import accounts

    if roles and not agency:
        raise click.UsageError("--role needs --agency")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _new_password()
    with told.portal() as portal, transaction(portal.engine) as session:
        account = accounts.add_account(
            session, email=email, name=name, now=portal.clock.now(), is_operator=operator, password=password
        )
        for role in roles:
            accounts.grant(session, account, agency or "", _role(role))
        accounts.record(session, "local shell", "account.added", account.email, portal.clock.now())
    found = {"email": account.email, "roles": list(roles), "agency": agency, "operator": operator}
    shown = "" if password_stdin else f"\npassword (shown once): {password}"
    told.give(
        found if password_stdin else {**found, "password": password},
        as_json=as_json,
        text=f"{account.email}: {', '.join(roles) or 'no role'} in {agency or '-'}{shown}",
    )
    return told.OK


@user_command.command("password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of making one.")
def user_password(email: str, password_stdin: bool) -> int:
    """Give an account another password and end its sessions."""
    from app.db.engine import transaction
    from app.security import sessions
    from app.services import accounts

    password = sys.stdin.readline().rstrip("\n") if password_stdin else _new_password()
    with told.portal() as portal, transaction(portal.engine) as session:
        account = accounts.by_email(session, email)
        accounts.set_password(account, password)
        sessions.sign_out_everywhere(session, account)
        session.add(account)
        accounts.record(session, "local shell", "account.password", account.email, portal.clock.now())
    click.echo(f"{email}" if password_stdin else f"{email}\npassword (shown once): {password}")
    return told.OK


@click.group()
def token_command() -> None:
    """Service tokens for the API."""


@token_command.command("create")
@click.option("--user", "email", required=True, metavar="EMAIL", help="The account the token acts for.")
@click.option("--agency", required=True, metavar="SLUG")
@click.option("--name", required=True, help="What it is for; shown in lists.")
@click.option("--scope", "scopes", multiple=True, default=("draft",), show_default=True, help="draft, publish.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
@_JSON
def token_create(email: str, agency: str, name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> int:
    """Make a token; it is shown once. The scope `publish` is a standing approval and marked so."""
    from app.cli import local
    from app.db.engine import transaction
    from app.security import tokens
    from app.security.secrets import Secrets
    from app.services import accounts

    with told.portal() as portal, transaction(portal.engine) as session:
        row, text = tokens.create(
            session,
            Secrets(portal.node_secret),
            local.acting(session, None),
            accounts.by_email(session, email),
            agency=agency,
            name=name,
            scopes=scopes,
            days=days,
            issuer=portal.host,
            now=portal.clock.now(),
        )
    found = {
        "jti": row.jti,
        "name": row.name,
        "scopes": row.scopes,
        "expires_at": row.expires_at.isoformat(),
        "token": text,
    }
    told.give(found, as_json=as_json, text=text)
    if not as_json:
        click.echo(f"until {row.expires_at.date()}; to end it before: ishibumi token revoke {row.jti}", err=True)
    return told.OK


@token_command.command("list")
@_JSON
def token_list(as_json: bool) -> int:
    """List the tokens: the jti that `revoke` takes, what each is for, until when. Never the token itself."""
    from sqlmodel import col, select

    from app.db.accounts import ApiToken
    from app.db.engine import transaction

    with told.portal() as portal, transaction(portal.engine) as session:
        rows = session.exec(select(ApiToken).order_by(col(ApiToken.expires_at))).all()
        found = [
            {
                "jti": row.jti,
                "name": row.name,
                "agency": row.agency,
                "scopes": row.scopes,
                "expires_at": row.expires_at.isoformat(),
                "revoked": row.revoked_at is not None,
            }
            for row in rows
        ]
    lines = [
        f"{one['jti']}  {'revoked' if one['revoked'] else 'until ' + str(one['expires_at'])[:10]}  {one['agency']}  "
        f"{one['name']}"
        for one in found
    ]
    told.give(found, as_json=as_json, text="\n".join(lines) or "no token yet → ishibumi token create")
    return told.OK


@token_command.command("revoke")
@click.argument("jti")
def token_revoke(jti: str) -> int:
    """End a token at once; `token list` shows its jti."""
    from app.cli import local
    from app.db.engine import transaction
    from app.security import tokens

    with told.portal() as portal, transaction(portal.engine) as session:
        row = tokens.revoke(session, local.acting(session, None), jti, now=portal.clock.now())
    click.echo(f"{row.name}: revoked")
    return told.OK


def _new_password() -> str:
    return random.token_urlsafe(_GENERATED_BYTES)


def _role(text: str) -> "Role":
    from app.policy import Role

    try:
        return Role(text)
    except ValueError:
        raise click.UsageError("--role: uploader, approver, admin or auditor") from None
