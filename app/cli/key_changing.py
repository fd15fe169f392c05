"""key list, rotate, revoke: wishes that the worker carries out, and the list that the log tells."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import told

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.db.keys import KeyChange
    from app.services.keys_of_log import KeyItem
    from app.wiring import Portal

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_AGENCY = click.option("--agency", metavar="SLUG", help="The keys of this agency.")
_NODE = click.option("--node", "of_node", is_flag=True, help="The key of the node's own statements.")
_LOG = click.option("--log", "of_log", is_flag=True, help="The key that signs the log's checkpoints.")
_USER = click.option("--user", metavar="EMAIL", help="Act as this person instead of the local shell.")


@click.command("list")
@_AGENCY
@_JSON
def key_list(agency: str | None, as_json: bool) -> int:
    """List every key there ever was: role, name, since which statement, who holds it, and what was said of it since."""
    from app.services import keys_of_log, names

    with told.portal() as portal:
        name = names.agency_key(portal.host, agency) if agency else ""
        found = keys_of_log.items(portal.log_keys.ring(), name)
    told.give([each.as_json() for each in found], as_json=as_json, text="\n".join(_line(each) for each in found))
    return told.OK


@click.command("rotate")
@_AGENCY
@_NODE
@_LOG
@click.option(
    "--next-key",
    "next_key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --log: the file next-log-key.txt that `init`, or the last rotation, wrote to be moved away.",
)
@click.option("--keep", is_flag=True, help="The old key stays in force beside the new one.")
@_USER
@_JSON
def key_rotate(
    agency: str | None, of_node: bool, of_log: bool, next_key: Path | None, keep: bool, user: str | None, as_json: bool
) -> int:
    """Make a new key; the old one signs for it and ends as superseded, and what it signed stays good.

    The log's next key was chosen when the present one was: --next-key brings it. From then on checkpoints carry both
    signatures, until `key revoke --log` ends the old one.
    """
    from app.cli import local
    from app.services import keychanges

    if of_log:
        return _rotate_log(agency, next_key, of_node=of_node, as_json=as_json)

    def ask(portal: "Portal", session: "Session") -> "KeyChange":
        return keychanges.rotate(
            session,
            portal.jobs,
            local.acting(session, user),
            portal.log_keys.ring(),
            _name(portal, agency, of_node=of_node),
            keep=keep,
            now=portal.clock.now(),
        )

    return _change(ask, as_json=as_json)


@click.command("revoke")
@_AGENCY
@_NODE
@_LOG
@click.option("--now", "at_once", is_flag=True, help="With --log: do not wait until both keys have signed long enough.")
@click.option("--keyid", default="", metavar="HEX", help="This key, by its 8 hex digits; else the newest in force.")
@click.option("--reason", required=True, type=click.Choice(["retired", "superseded", "compromised"]))
@click.option("--from-index", type=click.IntRange(1), help="What it signed from this statement on is doubtful.")
@click.option("--from-date", metavar="DAY", help="The same, from the first statement of this day (UTC) on.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_USER
@_JSON
def key_revoke(
    agency: str | None,
    of_node: bool,
    of_log: bool,
    at_once: bool,
    keyid: str,
    reason: str,
    from_index: int | None,
    from_date: str | None,
    yes: bool,
    user: str | None,
    as_json: bool,
) -> int:
    """End a key for ever: nothing that it signs from now on is taken into the log.

    What it signed before stays good, unless --from-index or --from-date says from where on it is doubtful. Every page
    that it touches says so.
    """
    from app.cli import local
    from app.services import keychanges

    if from_index and from_date:
        raise click.UsageError("--from-index or --from-date, not both")
    doubt = keychanges.Doubt(from_index, _day(from_date) if from_date else None)
    if not yes:
        click.confirm(f"Revoke the key as {reason}? This cannot be undone.", abort=True, err=True)

    def ask(portal: "Portal", session: "Session") -> "KeyChange":
        ring = portal.log_keys.ring()
        if of_log and not at_once:
            keychanges.require_overlap(session, ring, portal.settings.log_key_days, portal.clock.now())
        return keychanges.revoke(
            session,
            portal.jobs,
            local.acting(session, user),
            ring,
            portal.origin if of_log else _name(portal, agency, of_node=of_node),
            reason=reason,
            now=portal.clock.now(),
            keyid=keyid,
            doubt=doubt,
        )

    return _change(ask, as_json=as_json)


def _rotate_log(agency: str | None, next_key: Path | None, *, of_node: bool, as_json: bool) -> int:
    from app.cli import local
    from app.services import keychanges, logkeys

    if agency or of_node or next_key is None:
        raise click.UsageError("--log needs --next-key FILE, and neither --agency nor --node")

    def ask(portal: "Portal", session: "Session") -> "KeyChange":
        brought = logkeys.bring(next_key, portal.folders, portal.keys, portal.log_keys.ring())
        click.echo(f"the key after this one: {brought.following_file}  → move it off this machine", err=True)
        actor = local.acting(session, None)
        key, following = brought.key, brought.following
        return keychanges.rotate_log(
            session, portal.jobs, actor, portal.log_keys.ring(), key, following, now=portal.clock.now()
        )

    return _change(ask, as_json=as_json)


def _change(ask: Callable[["Portal", "Session"], "KeyChange"], *, as_json: bool) -> int:
    """Have a wish carried out, and show the keys of its name as they are then."""
    from app.cli import local
    from app.db.engine import transaction
    from app.services import keys_of_log

    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            change = ask(portal, session)
        index = local.await_key_change(portal, change.id)
        found = keys_of_log.items(portal.log_keys.ring(), change.name)
    told.give(
        {"name": change.name, "log_index": index, "keys": [each.as_json() for each in found]},
        as_json=as_json,
        text="\n".join([f"see log index {index}", *(_line(each) for each in found)]),
    )
    return told.OK


def _name(portal: "Portal", agency: str | None, *, of_node: bool) -> str:
    from app.services import names

    if bool(agency) == of_node:
        raise click.UsageError("give one of --agency SLUG, --node, --log")
    return names.agency_key(portal.host, agency) if agency else names.node_key(portal.host)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise click.UsageError("--from-date YYYY-MM-DD") from None


def _line(each: "KeyItem") -> str:
    state = "in force"
    if each.revoked_at is not None:
        doubt = f", doubtful from {each.void_from}" if each.void_from != each.revoked_at else ""
        state = f"{each.reason} at {each.revoked_at}{doubt}"
    return f"{each.role:8}{each.keyid}  {each.name}  since {each.since}, {each.custody}, {state}\n        {each.vkey}"
