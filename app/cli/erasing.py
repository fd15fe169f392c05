"""erase: destroy what a law says must be destroyed; two people, and the log keeps that it was there."""

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("name", required=False)
@click.option("--version", "version", type=click.IntRange(1))
@click.option("--file", "paths", multiple=True, metavar="PATH", help="Only this file; may be repeated.")
@click.option("--law", help="Law and article the decision rests on.")
@click.option("--reason", help="Why, in public, for ever.")
@click.option("--order", help="Number of the court's or the agency's decision; only its hash enters the log.")
@click.option(
    "--ground",
    default="personal-data",
    show_default=True,
    help="personal-data, legal-order, error, rights, safety, other.",
)
@click.option("--approve", "change_id", metavar="ID", help="Approve what another person asked for: it is done at once.")
@click.option("--user", metavar="EMAIL", help="Act as this person instead of the local shell.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def erase_command(
    name: str | None,
    version: int | None,
    change_id: str | None,
    user: str | None,
    yes: bool,
    as_json: bool,
    **given: str,
) -> int:
    """Ask that the files of release --version of dataset NAME be destroyed, or --approve what another asked for.

    The bytes, what opens their commitments, the index and the caches go; without --file also the release's words. The
    statement that it was published stays, and one says that it was erased, when, and by which law. Copies that others
    took cannot be called back.
    """
    if change_id:
        return _approve(change_id, user, yes=yes, as_json=as_json)
    missing = [word for word in ("law", "reason", "order") if not given[word]]
    if name is None or version is None or missing:
        raise click.UsageError("give NAME, --version, --law, --reason and --order; or --approve ID")
    return _request(name, version, given, user, yes=yes, as_json=as_json)


def _request(name: str, version: int, given: dict[str, str], user: str | None, *, yes: bool, as_json: bool) -> int:
    from app.cli import local
    from app.db.engine import transaction
    from app.services import catalogue, changes, drafts

    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            release = catalogue.release(session, name, version)
            files = [
                file
                for file in drafts.files_of(session, release.id)
                if file.path in given["paths"] or not given["paths"]
            ]
            elsewhere = sorted(
                f"{other.name} v{row.version}"
                for file in files
                for other, row, _ in catalogue.by_hash(session, file.sha256, also_restricted=True)
                if other.name != name
            )
        paths = ", ".join(file.path for file in files)
        click.echo(f"{name} v{version}: {paths} will be destroyed: {given['reason']} ({given['law']})", err=True)
        click.echo("Other releases of this dataset that hold the same bytes lose them too.", err=True)
        for other in elsewhere:
            click.echo(f"The same bytes are also in {other}: erase them there as well.", err=True)
        if not yes:
            click.confirm("Ask for it?", abort=True, err=True)
        with transaction(portal.engine) as session:
            change = changes.request_erasure(
                session,
                portal.jobs,
                local.acting(session, user),
                dataset=name,
                version=version,
                paths=given["paths"],
                ground=given["ground"],
                law=given["law"],
                reason=given["reason"],
                order=given["order"],
                now=portal.clock.now(),
            )
        told.give(
            {"id": change.id, "state": change.state, "same_bytes_in": elsewhere},
            as_json=as_json,
            text=f"{name} v{version}: waiting for a second person\n"
            f"next: ishibumi erase --approve {change.id} --user EMAIL",
        )
    return told.OK


def _approve(change_id: str, user: str | None, *, yes: bool, as_json: bool) -> int:
    from app.cli import local
    from app.db.catalogue import Change, Release
    from app.db.engine import transaction
    from app.services import changes

    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            wanted = session.get(Change, change_id)
            release = session.get(Release, wanted.release_id) if wanted else None
        if wanted is None or release is None or wanted.type != changes.ERASE:
            raise told.Trouble(f"there is no erasure {change_id[:32]} to approve  → ishibumi doctor", told.WRONG_USE)
        subject = f"{release.dataset} v{release.version}"
        if not yes:
            click.echo(f"{subject} will be destroyed: {wanted.reason} ({wanted.law}). It cannot be undone.", err=True)
            click.confirm("Approve?", abort=True, err=True)
        with transaction(portal.engine) as session:
            changes.approve_change(session, portal.jobs, local.acting(session, user), change_id, now=portal.clock.now())
        done = local.await_change(portal, change_id)
        told.give(
            {"id": done.id, "type": done.type, "state": done.state, "log_index": done.log_index},
            as_json=as_json,
            text=f"{subject}: erased, log index {done.log_index}",
        )
    return told.OK
