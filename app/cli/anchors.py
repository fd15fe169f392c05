"""log anchor: proofs of time of the log's checkpoints."""

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("anchor", short_help="Show the proofs of time; with --now ask for new ones.")
@click.option("--now", "now", is_flag=True, help="Ask every authority and calendar now, whatever is due.")
@_JSON
def log_anchor(now: bool, as_json: bool) -> int:
    """Show which checkpoints have proofs of time, and how far each carries.

    The worker asks for them by itself (ISHIBUMI_ANCHOR_HOURS). With --now everybody is asked for the newest checkpoint,
    and after what was promised. Exit 1 when one of them did not answer well; the others' proofs are kept.
    """
    from app.services import anchoring

    with told.portal() as portal:
        problems = []
        if now:
            anchorer = portal.anchorer
            if not anchorer.anchors:
                raise anchoring.NobodyToAsk
            problems = [*anchorer.stamp(due=False), *anchorer.upgrade_pending()]
        views = anchoring.anchors(portal.folders, portal.clock.now())
    for problem in problems:
        told.tell(problem)
    found = [
        {
            "size": view.size,
            "kind": view.kind,
            "by": view.by,
            "state": view.state.value,
            "time": view.time.isoformat() if view.time else None,
            "why": view.why,
        }
        for view in views
    ]
    lines = [
        f"{one['size']:>9}  {one['kind']:<14}  {one['by']:<20}  {one['state']:<13}  {one['time'] or one['why']}"
        for one in found
    ]
    told.give({"anchors": found}, as_json=as_json, text="\n".join(lines) or "no checkpoint has a proof of time yet")
    return told.FAILED if problems else told.OK


@click.command("renew", short_help="Renew all proofs of time before their certificates end.")
@_JSON
def log_renew(as_json: bool) -> int:
    """Append a statement that hashes every entry and every proof of time again, and have its own time proven.

    `ishibumi doctor` says when this is needed. Configure an authority with a younger certificate first, and stop
    `ishibumi serve`. Exit 1 when the statement stands but nobody proved its time yet: the worker asks again.
    """
    from app.jobs.slot import worker_slot
    from app.services import anchoring, renewing
    from app.workshop import open_workshop

    with told.portal() as portal:
        anchorer = portal.anchorer
        if not anchorer.anchors:
            raise anchoring.NobodyToAsk
        with worker_slot(portal.folders.data), open_workshop(portal) as workshop:
            done, problems = renewing.renew(workshop.scribe, portal.log, anchorer, portal.host)
    for problem in problems:
        told.tell(problem)
    found = {"index": done.log_index, "anchored": not problems}
    told.give(found, as_json=as_json, text=f"renewed by statement {done.log_index}")
    return told.FAILED if problems else told.OK
