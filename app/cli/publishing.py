"""publish, amend, withdraw: on this node, or on a remote one with a token."""

from pathlib import Path
from typing import Any

import click

from app.cli import told

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_USER = click.option("--user", metavar="EMAIL", help="Act as this person instead of the local shell.")


def _words(title: str | None, lang: str, description: str | None, licence: str | None) -> Any:
    from app.services.words import Words

    return Words(
        title={lang: title} if title else {}, description={lang: description} if description else {}, licence=licence
    )


@click.command()
@click.option("--dataset", required=True, metavar="NAME", help="a-z, 0-9 and hyphens; final once used.")
@click.option("--title", help="Needed for the first release.")
@click.option("--lang", default="ja", show_default=True, type=click.Choice(["ja", "en", "zh-Hant", "zh-Hans"]))
@click.option("--description", help="What it is, in a few sentences.")
@click.option("--agency", metavar="SLUG", help="Who publishes; the node's only agency by default.")
@click.option("--licence", metavar="ID", help="For example CC-BY-4.0 (the default), CC0-1.0, PDL-1.0.")
@click.option(
    "--kind",
    default="update",
    metavar="KIND",
    show_default=True,
    help="update, addition, correction, replacement, format.",
)
@click.option("--note", default="", help="What changed, in one sentence.")
@click.option(
    "--restricted/--open",
    "restricted",
    default=None,
    help="Only the agency's people can open it, or everybody can; like the release before by default.",
)
@click.option("--server", metavar="URL", help="A remote node; needs --token.")
@click.option("--token", metavar="T", help="Service token of the remote node.")
@click.option("--wait/--no-wait", default=False, help="Under two approvals: wait until somebody approved.")
@_USER
@_JSON
@_FILES
def publish_command(files: tuple[Path, ...], server: str | None, token: str | None, as_json: bool, **given: Any) -> int:
    """Publish FILES (or folders) as the next release of a dataset; the first release makes the dataset."""
    found = [*_named(files)]
    given["access"] = _access(given.pop("restricted"))
    if server:
        from app.cli import remote

        if not token:
            raise click.UsageError("--server needs --token")
        item = remote.publish(server, token, found, given)
    else:
        item = _publish_here(found, given)
    if as_json:
        told.give(item, as_json=True, text="")
        return told.OK
    if item["state"] == "submitted":
        click.echo(f"{item['dataset']} v{item['version']}: waiting for approval")
        return told.OK
    click.echo(f"{item['dataset']} v{item['version']}  {item['state']}  log index {item['log_index']}")
    for file in item["files"]:
        click.echo(f"  sha256:{file['sha256']}  {told.size(file['bytes'])}  {file['path']}")
    click.echo(f"  {item['url']}")
    return told.OK


@click.command()
@click.argument("name")
@click.option("--version", "version", required=True, type=click.IntRange(1))
@click.option("--title")
@click.option("--lang", default="ja", show_default=True, type=click.Choice(["ja", "en", "zh-Hant", "zh-Hans"]))
@click.option("--description")
@click.option("--licence", metavar="ID")
@click.option("--reason", required=True, help="Why; it is public for ever.")
@_USER
@_JSON
def amend_command(name: str, version: int, reason: str, user: str | None, as_json: bool, **given: Any) -> int:
    """Correct the words of a published release. The files and the number stay; both records are kept."""
    from app.cli import local
    from app.db.engine import transaction
    from app.services import changes

    if not (given["title"] or given["description"] or given["licence"]):
        raise click.UsageError("nothing to correct: give --title, --description or --licence")
    words = _words(given["title"], given["lang"], given["description"], given["licence"])
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            actor = local.acting(session, user)
            change = changes.request_amendment(
                session,
                portal.jobs,
                actor,
                dataset=name,
                version=version,
                words=words,
                reason=reason,
                now=portal.clock.now(),
            )
        return tell_change(portal, change.id, change.state, f"{name} v{version}", as_json=as_json)


@click.command()
@click.argument("name")
@click.option("--version", "version", required=True, type=click.IntRange(1))
@click.option("--reason", required=True, help="Why, in public, for ever.")
@click.option("--law", required=True, help="Law and article the decision rests on.")
@click.option(
    "--ground", default="other", show_default=True, help="personal-data, legal-order, error, rights, safety, other."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_USER
@_JSON
def withdraw_command(
    name: str, version: int, reason: str, law: str, ground: str, yes: bool, user: str | None, as_json: bool
) -> int:
    """Withdraw a release: pages and files answer 410 with the tombstone, the bytes stay in the archive."""
    from app.cli import local
    from app.db.engine import transaction
    from app.services import changes

    if not yes:
        _ask(name, version, f"{reason} ({law})")
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            change = changes.request_withdrawal(
                session,
                portal.jobs,
                local.acting(session, user),
                dataset=name,
                version=version,
                ground=ground,
                law=law,
                reason=reason,
                now=portal.clock.now(),
            )
        return tell_change(portal, change.id, change.state, f"{name} v{version}", as_json=as_json)


def _publish_here(files: list[tuple[Path, str]], given: dict[str, Any]) -> dict[str, Any]:
    from app.cli import local
    from app.db.catalogue import Dataset, Release
    from app.db.engine import transaction
    from app.services import drafts, items, keychanges

    words = _words(given["title"], given["lang"], given["description"], given["licence"])
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            actor = local.acting(session, given["user"])
            dataset = session.get(Dataset, given["dataset"])
            if dataset is None:
                agency = given["agency"] or _only_agency(sorted(actor.roles))
                drafts.create_dataset(
                    session, actor, name=given["dataset"], agency=agency, words=words, now=portal.clock.now()
                )
        staged = [local.stage(portal, path, name) for path, name in files]
        with transaction(portal.engine) as session:
            release = drafts.start_release(
                session,
                actor,
                dataset=given["dataset"],
                kind=given["kind"],
                note={given["lang"]: given["note"]} if given["note"] else {},
                now=portal.clock.now(),
                access=given["access"],
            )
            drafts.reword(session, actor, release.id, words)
            for file in staged:
                drafts.add_file(session, actor, release.id, file, most=portal.settings.max_files_per_release)
            keychanges.require_key(session, portal.log_keys.ring(), portal.host, release.id)
            release = drafts.submit(session, portal.jobs, actor, release.id, origin=portal.host, now=portal.clock.now())
        if release.state != "submitted" or given["wait"]:
            release = local.await_release(portal, release.id)
            local.await_index(portal)
        with transaction(portal.engine) as session:
            release = session.get_one(Release, release.id)
            return items.release_item(release, drafts.files_of(session, release.id), base=portal.settings.base_url)


def _ask(name: str, version: int, because: str) -> None:
    """Show what will be shown for ever, and ask. Raises NoSuchThing before anything is asked, click.Abort on a no."""
    from app.db.engine import transaction
    from app.services import catalogue
    from app.services.drafts import files_of

    with told.portal() as portal, transaction(portal.engine) as session:
        release = catalogue.release(session, name, version)
        paths = [file.path for file in files_of(session, release.id)]
    click.echo(f"{name} v{version} ({', '.join(paths)}) will answer 410: {because}", err=True)
    click.echo("This stays in the log for ever, and cannot be taken back.", err=True)
    click.confirm("Withdraw?", abort=True, err=True)


def tell_change(portal: Any, change_id: str, state: str, subject: str, *, as_json: bool) -> int:
    """Wait for a change that was asked for, unless a second person must approve it, and tell how it stands."""
    from app.cli import local

    if state == "requested":
        told.give(
            {"id": change_id, "state": state},
            as_json=as_json,
            text=f"{subject}: waiting for a second person's approval",
        )
        return told.OK
    change = local.await_change(portal, change_id)
    local.await_index(portal)
    told.give(
        {"id": change.id, "type": change.type, "state": change.state, "log_index": change.log_index},
        as_json=as_json,
        text=f"{subject}: {change.type}, log index {change.log_index}",
    )
    return told.OK


def _access(restricted: bool | None) -> str | None:
    return None if restricted is None else "restricted" if restricted else "open"


def _only_agency(slugs: list[str]) -> str:
    if len(slugs) != 1:
        raise click.UsageError(f"--agency is needed: one of {', '.join(slugs) or '(none: ishibumi agency add)'}")
    return slugs[0]


def _named(files: tuple[Path, ...]) -> list[tuple[Path, str]]:
    """Give every file with its path in the release; a folder's files keep their place below it."""
    named: list[tuple[Path, str]] = []
    for given in files:
        if given.is_dir():
            inside = sorted(path for path in given.rglob("*") if path.is_file() and not path.is_symlink())
            named.extend((path, path.relative_to(given).as_posix()) for path in inside)
        else:
            named.append((given, given.name))
    if not named:
        raise click.UsageError("there is no file in the folder given")
    return named
