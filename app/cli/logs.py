"""`ishibumi log`: the group; its commands stand in the log_* modules, one line each in `_COMMANDS`."""

import click

from app.cli import anchors, log_keeping, log_looking, log_watching

_COMMANDS: tuple[click.Command, ...] = (
    log_looking.log_show,
    log_looking.log_check,
    log_looking.log_prove,
    log_looking.log_policy,
    log_keeping.log_export,
    log_keeping.log_prune,
    log_keeping.log_recover,
    log_keeping.log_shutdown,
    log_watching.log_watch,
    anchors.log_anchor,
    anchors.log_renew,
)


@click.group()
def log_command() -> None:
    """Look at the transparency log, prove from it, watch one, close it."""


for _command in _COMMANDS:
    log_command.add_command(_command)
