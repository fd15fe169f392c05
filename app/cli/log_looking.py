"""log show, check, prove, policy: looking at this node's log, and what others need to."""

import json
import os
import sys
from pathlib import Path

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("show", short_help="Show size, root, public keys, latest statements.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@_JSON
def log_show(limit: int, as_json: bool) -> int:
    """Show origin, size, root, every public key, and the latest statements."""
    from app.db.engine import transaction
    from app.services import catalogue, items, keys_of_log, peering

    with told.portal() as portal, transaction(portal.engine) as session:
        head = portal.log.checkpoint()
        keys = keys_of_log.public_keys(portal.log)
        rows = [items.statement_item(row) for row in catalogue.statements(session, limit=limit)]
        seen = peering.standing(session, head, portal.settings.quorum)
        found = {
            "origin": portal.origin,
            "size": head.size,
            "root": head.root.hex(),
            "keys": keys,
            "checkpoint": head.raw.decode(),
            "witnesses": {"cosigned": list(seen.cosigned), "all": seen.all, "quorum": seen.quorum},
            "items": rows,
        }
    witnessed = f"witnessed by {len(seen.cosigned)} of {seen.all}" if seen.all else "not witnessed"
    lines = [f"{portal.origin}  {head.size} statements, {witnessed}", f"root {head.root.hex()}"]
    lines += [f"{key['role']:<8} {key['vkey']}" for key in keys]
    lines += [
        f"{item['index']:>6}  {item['time']}  {item['type']:<9} {item.get('dataset', item['agency'])}"
        f"{' v' + str(item['version']) if 'version' in item else ''}"
        for item in rows
    ]
    told.give(found, as_json=as_json, text="\n".join(lines))
    return told.OK


@click.command("check", short_help="Derive the whole tree again and compare.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; by default one for each core there is.")
@click.option(
    "--statements", is_flag=True, help="Check each statement too: form, key, signature, its place in its chain."
)
@_JSON
def log_check(workers: int | None, statements: bool, as_json: bool) -> int:
    """Derive the whole tree again from the entries, and compare it with every tile and with the signed checkpoint.

    Every file that does not fit is named. Exit 1 when there is one.
    """
    from tqdm import tqdm

    from archive.errors import ArchiveError
    from archive.ledger.fsck import check_statements, check_tree
    from archive.ledger.tiles import LocalTiles

    with told.portal() as portal:
        try:
            head = portal.log.checkpoint()
        except ArchiveError as wrong:
            told.tell(wrong)
            return told.FAILED
        tqdm.monitor_interval = 0  # no thread of its own: the check forks
        with tqdm(total=head.size, desc="tree", unit=" leaves", unit_scale=True, disable=None) as bar:
            workers = workers or len(os.sched_getaffinity(0))
            findings = check_tree(LocalTiles(portal.folders.log), head, workers, bar.update)
        if statements and not findings:
            entries = tqdm(portal.log.entries(0, head.size), desc="statements", total=head.size, disable=None)
            findings = [finding for finding in check_statements(entries, portal.origin) if finding]
    said = [(finding.path, finding.error) for finding in findings]
    for path, error in said:
        click.echo(f"{path}: {error.code}  {error.sentence(told.language())}", err=True)
    found = {
        "size": head.size,
        "root": head.root.hex(),
        "findings": [
            {"path": path, "code": error.code, "problem": error.sentence(told.language())} for path, error in said
        ],
    }
    what = "statements checked one by one" if statements else "statements"
    text = f"{len(said)} problems" if said else f"ok: {head.size} {what}, root {head.root.hex()}"
    told.give(found, as_json=as_json, text=text)
    return told.FAILED if said else told.OK


@click.command("prove", short_help="Write a proof of inclusion, or with --from of consistency.")
@click.argument("index", type=click.IntRange(0), required=False)
@click.option(
    "--size", type=click.IntRange(1), help="Prove in the tree of this size, as JSON; default: the signed one."
)
@click.option("--from", "old", type=click.IntRange(0), help="Prove instead that the log continues its first so many.")
@click.option("--to", "new", type=click.IntRange(0), help="With --from: up to this size; default: the signed one.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file that is not there yet.")
@_JSON
def log_prove(
    index: int | None, size: int | None, old: int | None, new: int | None, output: Path | None, as_json: bool
) -> int:
    """Write the C2SP tlog-proof that statement INDEX is in the log, or a consistency proof (--from M [--to N]).

    A consistency proof has the form of a witness's add-checkpoint request: "old M", the hashes, an empty line, and
    the checkpoint when N is the signed size.
    """
    from app.services import proofs_of_log
    from app.services.logkeeping import PlaceTaken

    if (index is None) == (old is None) or (new is not None and old is None) or (size and old is not None):
        raise click.UsageError("give INDEX (with --size), or --from M (with --to N)")
    with told.portal() as portal:
        if old is not None:
            proof = proofs_of_log.consistency(portal.log, old, new)
        else:
            proof = proofs_of_log.inclusion(portal.log, index or 0, size)
    if output is not None:
        try:
            with output.open("xb") as file:
                file.write(json.dumps(proof.as_json).encode() + b"\n" if as_json else proof.file)
        except FileExistsError:
            raise PlaceTaken({"path": str(output)}) from None
        return told.OK
    if as_json:
        told.give(proof.as_json, as_json=True, text="")
    else:
        sys.stdout.buffer.write(proof.file)
    return told.OK


@click.command("policy", short_help="Print what a verifier pins, also as QR code and words.")
@click.option("--qr", is_flag=True, help="Also draw it as a QR code, for paper or a telephone's camera.")
@_JSON
def log_policy(qr: bool, as_json: bool) -> int:
    """Print this node's trust policy (C2SP tlog-policy), and the log key's fingerprint as words to read aloud."""
    from archive.ledger.fingerprint import spoken

    with told.portal() as portal:
        text = portal.policy
        found = {"policy": text, "vkey": portal.log_key.vkey, "words": spoken(portal.log_key.vkey)}
    if as_json:
        told.give(found, as_json=True, text="")
        return told.OK
    click.echo(text, nl=False)
    click.echo(f"# {found['words']}")  # a comment, so that the whole output is a policy still
    if qr:
        import segno

        segno.make(text, micro=False).terminal(out=sys.stderr, compact=True)
    return told.OK
