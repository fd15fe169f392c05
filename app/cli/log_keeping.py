"""log export, prune, recover, shutdown: what an operator does to this node's log."""

import sys
from pathlib import Path

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("export", short_help="Copy the log as files that any web server can serve.")
@click.argument("target", metavar="DIR|-")
@_JSON
def log_export(target: str, as_json: bool) -> int:
    """Copy the log, checked, into the new folder DIR, or with - as a tar file to stdout.

    The copy is static: served by any web server, every C2SP tlog-tiles client can verify it. Nothing is overwritten.
    """
    from app.services import logkeeping
    from archive.ledger.fsck import check_tree
    from archive.ledger.tiles import LocalTiles

    with told.portal() as portal:
        head = portal.log.checkpoint()
        for finding in check_tree(LocalTiles(portal.folders.log), head):
            told.tell(finding.error)
            return told.FAILED
        files = logkeeping.tree_files(portal.folders.log, head, portal.policy)
        if target == "-":
            logkeeping.export_tar(files, sys.stdout.buffer)
            return told.OK
        count = logkeeping.export_folder(files, Path(target))
    found = {"path": target, "files": count, "size": head.size}
    told.give(found, as_json=as_json, text=f"{count} files of {head.size} statements in {target}")
    return told.OK


@click.command("prune", short_help="Delete partial tiles that full ones replaced a day ago.")
@_JSON
def log_prune(as_json: bool) -> int:
    """Delete partial tiles whose full tile is public for 24 hours; clients fall back to it. The worker does it too."""
    from app.services import logkeeping

    with told.portal() as portal:
        gone = logkeeping.prune_log(portal.folders, portal.log, portal.clock)
    found = {"files": gone.files, "bytes": gone.bytes}
    told.give(found, as_json=as_json, text=f"{gone.files} partial tiles deleted ({told.size(gone.bytes)})")
    return told.OK


@click.command("recover", short_help="Make the log's lost state anew from its tiles.")
@click.option(
    "--size", type=click.IntRange(0), help="The largest size known to have been published; asked for if absent."
)
@_YES
@_JSON
def log_recover(size: int | None, yes: bool, as_json: bool) -> int:
    """Make log-state/state.sqlite anew from the tiles, when it is lost or broken.

    A log that goes on from too small a size is forked: what was published behind it gets a rival. So ask the
    witnesses, mirrors and whoever holds proofs for the largest size that they have seen, and give that number. What
    was queued and not yet published is lost, and is sent again by the jobs that sent it.
    """
    from app.services import logkeeping

    with told.portal() as portal:
        lost = logkeeping.lost_state(portal.folders)
        click.echo(f"{lost.code}  {lost.sentence(told.language())}", err=True)
        if size is None:
            click.echo(log_recover.help or "", err=True)
            size = click.prompt("largest size that witnesses, mirrors or proofs show", type=int, err=True)
        if not yes:
            click.confirm(f"go on from size {size}?", abort=True, err=True)
        head = logkeeping.recover(portal.folders, portal.log_keys.of_log, portal.clock, size)
    found = {"size": head.size, "root": head.root.hex()}
    told.give(found, as_json=as_json, text=f"the log goes on from size {head.size}; start the worker")
    return told.OK


@click.command("shutdown", short_help="Close the log for ever with a signed last statement.")
@click.option("--reason", required=True, help="Why, in words that everybody can read for ever.")
@click.option("--successor", metavar="ORIGIN", help="The log that goes on, where there is one.")
@_YES
@_JSON
def log_shutdown(reason: str, successor: str | None, yes: bool, as_json: bool) -> int:
    """Append a seal, signed by the node, as the log's last statement. This is final: nothing can follow it.

    Pages, files and proofs are served as before; publishing, correcting and withdrawing end. Stop `ishibumi serve`
    first.
    """
    from app.jobs.slot import worker_slot
    from app.services import logkeeping
    from app.workshop import open_workshop

    with told.portal() as portal:
        if not yes:
            click.echo(
                f"{portal.origin}: this is final. Nothing can be published, corrected or withdrawn after it.", err=True
            )
            typed = click.prompt("type the log's origin to close it for ever", err=True)
            if typed != portal.origin:
                raise click.Abort
        with worker_slot(portal.folders.data), open_workshop(portal) as workshop:
            sealed = logkeeping.shut_down(workshop.scribe, portal.jobs, portal.host, reason, successor)
        head = portal.log.checkpoint()
    found = {"index": sealed.log_index, "size": head.size, "root": head.root.hex(), "checkpoint": head.raw.decode()}
    told.give(
        found, as_json=as_json, text=f"sealed by statement {sealed.log_index}; last checkpoint:\n\n{head.raw.decode()}"
    )
    return told.OK
