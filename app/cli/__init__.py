"""`ishibumi`: a thin command line over the services. Commands are imported when called, so that --help is quick."""

import importlib
import sys

import click

COMMANDS = {
    "agency": ("people", "Agencies of this node."),
    "amend": ("publishing", "Correct the words of a published release; files and number stay."),
    "audit": ("proving", "Read every byte of the archive again and compare."),
    "demo": ("running", "Fill a node with the sample city, and serve it with --serve."),
    "doctor": ("running", "Look for what is missing or wrong, and say what to do."),
    "erase": ("erasing", "Destroy files as a law demands; the log keeps that they were there."),
    "evidence": ("proving", "Write the evidence bundle of a file, a row, a release, or an erased file."),
    "init": ("running", "Make a node in the data folder."),
    "key": ("keys", "Signing keys: list, rotate, revoke; secrets in several hands."),
    "list": ("reading", "List the datasets."),
    "log": ("logs", "Look at the transparency log, prove from it, watch one, close it."),
    "peer": ("peers", "Nodes that we witness, and that witness us."),
    "publish": ("publishing", "Publish files as a release of a dataset."),
    "rebuild": ("proving", "Make database rows and index again from the archive alone."),
    "release-access": ("access", "Open a restricted release to everybody."),
    "search": ("reading", "Search words, phrases, field:value."),
    "serve": ("running", "Serve the portal, with its worker."),
    "show": ("reading", "Show a dataset and its releases."),
    "token": ("people", "Service tokens for the API."),
    "user": ("people", "People and their roles."),
    "verify": ("proving", "Check a file against its evidence."),
    "withdraw": ("publishing", "Withdraw a release; its bytes stay, its pages answer 410."),
    "worker": ("running", "Run the durable jobs of this node."),
}


class _Commands(click.Group):
    """Looks a command up by name and imports its module then."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"app.cli.{COMMANDS[cmd_name][0]}")
        found = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ishibumi", message="ishibumi %(version)s")
def cli() -> None:
    """Ishibumi keeps what governments publish, every version for ever, and proves it.

    Exit codes: 0 ok · 1 the check failed · 2 wrong use · 3 could not be determined, try again.
    """


def main() -> None:
    """Run the command line; the entry point of `ishibumi`."""
    from app.cli.told import run

    sys.exit(run(cli))
