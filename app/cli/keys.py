"""`ishibumi key`: the group; its commands stand in the key_* modules, one line each in `_COMMANDS`."""

import click

from app.cli import key_changing, key_office, key_sharing

_COMMANDS: tuple[click.Command, ...] = (
    key_changing.key_list,
    key_changing.key_rotate,
    key_changing.key_revoke,
    key_sharing.key_split,
    key_sharing.key_join,
    key_sharing.key_drill,
    key_office.key_office,
)


@click.group()
def key_command() -> None:
    """Signing keys: who holds which, since when; new ones, and the end of old ones."""


for _command in _COMMANDS:
    key_command.add_command(_command)
