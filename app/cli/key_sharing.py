"""key split, join, drill: secrets in the hands of several officials."""

import time
from pathlib import Path

import click

from app.cli import told

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("split")
@click.argument("file", type=_FILE)
@click.option("--shares", type=click.IntRange(2, 16), required=True, help="How many officials get one.")
@click.option("--threshold", type=click.IntRange(2, 16), required=True, help="How many of them restore the secret.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder.")
@_JSON
def key_split(file: Path, shares: int, threshold: int, output: Path, as_json: bool) -> int:
    """Split node.secret, recovery-key.txt or next-log-key.txt into shares to print, one for each official.

    Fewer than --threshold of them tell nothing. Print each, give it away, run `key drill`, then delete the files.
    """
    from app.services import sharing

    try:
        files = sharing.split_file(file, shares, threshold, output)
    except FileExistsError as taken:
        raise click.UsageError(f"{taken} exists; nothing is overwritten") from None
    told.give([str(each) for each in files], as_json=as_json, text="\n".join(str(each) for each in files))
    return told.OK


@click.command("join")
@click.argument("shares", nargs=-1, required=True, type=_FILE)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write; it must be new."
)
def key_join(shares: tuple[Path, ...], output: Path) -> int:
    """Restore the file that was split from SHARES."""
    from app.services import sharing

    try:
        secret = sharing.join_files(list(shares), output)
    except FileExistsError:
        raise click.UsageError(f"{output} exists; nothing is overwritten") from None
    click.echo(f"{secret.name}: restored to {output}")
    return told.OK


@click.command("drill")
@click.argument("shares", nargs=-1, required=True, type=_FILE)
@_JSON
def key_drill(shares: tuple[Path, ...], as_json: bool) -> int:
    """Restore from SHARES for a moment, try the secret on this node, and leave nothing behind."""
    from app.services import sharing

    begun = time.monotonic()
    with told.portal() as portal:
        found = sharing.drill(list(shares), portal.folders, portal.log_keys.ring(), portal.log)
    minutes = round((time.monotonic() - begun) / 60, 2)
    word = "yes" if found.is_right else "no"
    told.give(
        {"name": found.name, "is_right": found.is_right, "held_against": found.held_against, "minutes": minutes},
        as_json=as_json,
        text=f"{word}: {found.name}, held against {found.held_against}; {minutes} minutes",
    )
    return told.OK if found.is_right else told.FAILED
