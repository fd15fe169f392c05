"""verify, evidence, audit, rebuild: what nobody should have to take on trust."""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from app.cli import told

_MAX_PEM = 1024 * 1024
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Evidence to check against."
)
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Logs and witnesses you trust."
)
@click.option(
    "--authority",
    "authority",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A certificate (PEM) of a time authority that you trust; may be given several times.",
)
@_JSON
def verify_command(
    file: Path, bundle: Path | None, policy: Path | None, authority: tuple[Path, ...], as_json: bool
) -> int:
    """Check FILE (or - for stdin): which dataset, version and agency it is, proved step by step.

    Without --bundle this node's archive is asked. Without --policy this node's own log key is trusted, where there is
    a node; without --authority the time authorities of its data folder are. Exit code 3 when nothing speaks against
    the file, but no log that you trust speaks for it.
    """
    from app.services import node, verifying
    from archive.ledger.policy import MAX_POLICY_BYTES
    from archive.verify import bundle as bundles
    from archive.verify import report

    pinned = _read(policy, MAX_POLICY_BYTES) if policy else _own_policy()
    trusted = [_read(each, _MAX_PEM) for each in authority] or _own_authorities()
    with _opened(file) as source:
        if bundle is not None:
            result = verifying.with_bundle(source, _read(bundle, bundles.MAX_BYTES), pinned, trusted)
        else:
            try:
                with told.portal() as portal:
                    result = verifying.with_archive(portal.engine, portal.evidence, source, pinned, trusted)
            except node.NoNode as nobody:
                told.tell(nobody)
                click.echo("To check without a node, give the file's evidence: --bundle FILE.evidence.json", err=True)
                return told.TRY_AGAIN
    told.give(result.to_json(told.language()), as_json=as_json, text=report.text(result, told.language()))
    return result.exit_code


@click.command()
@click.argument("name")
@click.argument("path")
@click.option("--version", "version", type=click.IntRange(1), help="The newest by default.")
@click.option("-o", "--output", metavar="FILE", help="Where to write; - is stdout.")
@_JSON
def evidence_command(name: str, path: str, version: int | None, output: str | None, as_json: bool) -> int:
    """Write the evidence bundle of the file PATH in dataset NAME: all that is needed to verify it offline."""
    from app.db.engine import transaction
    from app.services import catalogue

    with told.portal() as portal:
        with transaction(portal.engine) as session:
            dataset = catalogue.dataset(session, name)
            release = catalogue.release(session, name, version or dataset.latest_version)
            file = catalogue.file(session, release, path)
        bundle = portal.evidence.of_file(release, file.path)
    text = json.dumps(bundle, ensure_ascii=False, indent=1) + "\n"
    target = output or f"{name}-v{release.version}-{file.sha256[:8]}.evidence.json"
    if target == "-":
        click.echo(text, nl=False)
        return told.OK
    Path(target).write_text(text, encoding="utf-8")
    told.give({"path": target, "sha256": file.sha256}, as_json=as_json, text=target)
    return told.OK


@click.command()
@_JSON
def audit_command(as_json: bool) -> int:
    """Read every byte of the archive and every leaf of the log, and compare. Exit 1 when something is wrong."""
    from tqdm import tqdm

    from app.services import auditing

    with told.portal() as portal:
        found = list(
            tqdm(auditing.steps(portal.root, portal.log), total=auditing.count(portal.root), desc="audit", disable=None)
        )
    findings = [{"subject": step.subject, "finding": finding} for step in found for finding in step.findings]
    files, read = sum(step.files for step in found[1:]), sum(step.bytes for step in found)
    summary = f"{len(found) - 1} objects, {files} files, {told.size(read)} read; {found[0].files} statements checked"
    lines = [summary, *(f"{one['subject']}: {one['finding']}" for one in findings)]
    lines.append("something is wrong: restore these from a replica or a backup" if findings else "all is well")
    told.give(
        {"objects": len(found) - 1, "files": files, "bytes": read, "statements": found[0].files, "findings": findings},
        as_json=as_json,
        text="\n".join(lines),
    )
    return told.FAILED if findings else told.OK


@click.command()
@click.option("--index", "index_only", is_flag=True, help="Only the full-text index.")
@_JSON
def rebuild_command(index_only: bool, as_json: bool) -> int:
    """Make the derived database rows and the index again, from the archive and the log alone.

    Stop `serve` first: only one process may write. Accounts, tokens and drafts stay as they are.
    """
    from app.jobs.slot import worker_slot
    from app.services.rebuilding import Rebuilder
    from app.wiring import open_workshop

    with (
        told.portal(rebuilding=not index_only) as portal,
        worker_slot(portal.folders.data),
        open_workshop(portal) as workshop,
    ):
        found: dict[str, Any] = {}
        if not index_only:
            done = Rebuilder(portal.engine, portal.root, portal.log).run()
            found = {
                "agencies": done.agencies,
                "datasets": done.datasets,
                "releases": done.releases,
                "statements": done.statements,
                "problems": list(done.problems),
            }
        found["indexed_datasets"] = workshop.indexer.rebuild()
    problems = found.get("problems") or []
    lines = [f"{name}: {value}" for name, value in found.items() if name != "problems"]
    told.give(found, as_json=as_json, text="\n".join([*lines, *(f"not in the archive: {one}" for one in problems)]))
    return told.FAILED if problems else told.OK


def _own_authorities() -> list[bytes]:
    """Return the certificates of the time authorities that the node in the data folder trusts."""
    from app.config import load_settings
    from app.services import anchoring
    from app.services.folders import Folders

    return anchoring.authorities(Folders(load_settings().data_dir))


def _own_policy() -> bytes | None:
    """Return the policy that trusts this node's own log, None where there is no node."""
    from app.services.node import NoNode

    try:
        with told.portal(rebuilding=True) as portal:
            return portal.policy.encode()
    except NoNode:
        return None


def _opened(file: Path) -> BinaryIO:
    return sys.stdin.buffer if str(file) == "-" else file.open("rb")


def _read(path: Path, limit: int) -> bytes:
    """Return the file, or so much of it that whoever parses it says that it is too large."""
    with path.open("rb") as source:
        return source.read(limit + 1)
