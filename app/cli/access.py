"""release-access: open a restricted release to everybody, for ever."""

import click

from app.cli import told


@click.command()
@click.argument("name")
@click.option("--version", "version", required=True, type=click.IntRange(1))
@click.option("--open", "wanted", flag_value="open", help="Everybody may open it from then on.")
@click.option("--restricted", "wanted", flag_value="restricted", help="Refused: what was published is not called back.")
@click.option("--reason", required=True, help="Why; it is kept with the release.")
@click.option("--user", metavar="EMAIL", help="Act as this person instead of the local shell.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def release_access_command(
    name: str, version: int, wanted: str | None, reason: str, user: str | None, yes: bool, as_json: bool
) -> int:
    """Open release --version of dataset NAME to everybody: its words, files, hashes and evidence.

    It is an amendment in the log; the commitments of the publish statement stay, so old and new evidence verify alike.
    Where two people decide, another one approves it in the workspace. It cannot be taken back: hashes already
    published cannot be recalled.
    """
    from app.cli import local
    from app.cli.publishing import tell_change
    from app.db.engine import transaction
    from app.services import changes
    from app.services.words import Words

    if wanted is None:
        raise click.UsageError("give --open")
    if wanted == "open" and not yes:
        click.echo(f"{name} v{version}: words, files and hashes become public. This cannot be taken back.", err=True)
        click.confirm("Open it?", abort=True, err=True)
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            change = changes.request_amendment(
                session,
                portal.jobs,
                local.acting(session, user),
                dataset=name,
                version=version,
                words=Words(),
                reason=reason,
                now=portal.clock.now(),
                access=wanted,
            )
        return tell_change(portal, change.id, change.state, f"{name} v{version}", as_json=as_json)
