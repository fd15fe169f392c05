"""init, serve, worker, doctor, demo: making a node and keeping it running."""

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.option(
    "--origin", "host", default="localhost", show_default=True, metavar="HOST", help="The node's name, for ever."
)
@click.option("--title", help="Name of the first agency in Japanese; the node's name by default.")
@_JSON
def init_command(host: str, title: str | None, as_json: bool) -> int:
    """Make a node in the data folder: keys, log, and one agency with one approval, so that publish works at once."""
    from app.cli import local
    from app.config import load_settings
    from app.db.engine import make_engine, transaction
    from app.services import agencies, node
    from app.services.folders import Folders
    from app.wiring import SystemClock, open_portal

    settings = load_settings()
    folders = Folders(settings.data_dir.absolute())
    folders.data.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.sqlalchemy_url)
    try:
        made = node.create(folders, engine, host, SystemClock())
    except node.NodeExists:
        made = node.unfinished(folders, engine, host)
    engine.dispose()
    slug = _slug(host)
    portal = open_portal(settings)
    try:
        with local.jobs_done_by_someone(portal):
            with transaction(portal.engine) as session:
                agencies.add_agency(
                    session,
                    portal.jobs,
                    local.acting(session, None),
                    slug=slug,
                    title={"ja": title or host},
                    approvals=1,
                    now=portal.clock.now(),
                )
            local.await_key(portal, slug)
    finally:
        portal.close()
    found = {
        "host": made.host,
        "log_vkey": made.log_vkey,
        "agency": slug,
        "data_dir": str(folders.data),
        "move_off_this_machine": [str(made.recovery_file), str(made.next_key_file)],
    }
    text = (
        f"node {made.host} in {folders.data}\n"
        f"log key {made.log_vkey}\n"
        f"agency {slug} (one approval)\n"
        f"Move these two files off this machine now, and keep them safe:\n"
        f"  {made.recovery_file}\n  {made.next_key_file}\n"
        f"next: ishibumi publish --dataset NAME --title TITLE FILE"
    )
    told.give(found, as_json=as_json, text=text)
    return told.OK


@click.command()
def serve_command() -> int:
    """Serve the portal: web processes and the one worker, all started, watched and stopped together."""
    from app.cli.supervisor import supervise
    from app.config import load_settings
    from app.services.folders import Folders

    settings = load_settings()
    if not (Folders(settings.data_dir.absolute()).log / "checkpoint").is_file():
        with told.portal():  # says what is missing; what else can be wrong the programs say themselves
            return told.FAILED
    return supervise(settings)


@click.command()
def worker_command() -> int:
    """Run the durable jobs of this node until SIGTERM; one at a time for a data folder."""
    import signal
    from threading import Event

    from app.config import load_settings
    from app.factory import set_up_logs
    from app.jobs import recurring
    from app.workshop import working

    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    set_up_logs(load_settings().log_level)
    with (
        told.portal() as portal,
        working(portal) as workshop,
        recurring.running(workshop.recurring(), portal.folders.recurring),
    ):
        while not stop.wait(1.0):
            if workshop.scribe.log.is_stopped:
                click.echo("the log's writer has stopped; starting again mends it or says why it cannot", err=True)
                return told.FAILED
    return told.OK


@click.command()
@click.option("--retry", is_flag=True, help="First let the jobs that failed go on from their failed step.")
@_JSON
def doctor_command(retry: bool, as_json: bool) -> int:
    """Look at every part of the node and say what is wrong and what to do. Exit 1 when something is."""
    from app.jobs.queue import retry_failed
    from app.jobs.recurring import last_runs
    from app.services import doctoring

    with told.portal() as portal:
        if retry:
            retry_failed(portal.jobs)
        found = doctoring.look(
            portal.folders,
            portal.engine,
            portal.root,
            portal.log,
            portal.jobs,
            portal.clock.now(),
            quorum=portal.settings.quorum,
            rounds={name: run.problem for name, run in last_runs(portal.folders.recurring).items()},
        )
    lines = [f"{'ok ' if finding.well else '!! '} {finding.part}: {finding.said}" for finding in found]
    told.give([finding.__dict__ for finding in found], as_json=as_json, text="\n".join(lines))
    return told.OK if all(finding.well for finding in found) else told.FAILED


@click.command()
@click.option("--serve", "serve", is_flag=True, help="Serve it afterwards.")
@_JSON
def demo_command(serve: bool, as_json: bool) -> int:
    """Fill the data folder with the sample city of Mihon (見本市), unless it is there already."""
    from app.cli.demo import fill
    from app.cli.supervisor import supervise
    from app.config import load_settings

    settings = load_settings()
    found = fill(settings)
    told.give(
        found,
        as_json=as_json,
        text=f"sample city: {found['datasets']} datasets, {found['releases']} releases\n"
        f"sample accounts and their passwords: {found['accounts']}",
    )
    return supervise(settings) if serve else told.OK


def _slug(host: str) -> str:
    import re

    return re.sub(r"[^a-z0-9]+", "-", host)[:60].strip("-")
