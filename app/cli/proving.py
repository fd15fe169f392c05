"""verify, evidence, audit, rebuild: what nobody should have to take on trust."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

import click

from app.cli import told

_MAX_PEM = 1024 * 1024
_IN_MEMORY = 8 * 1024 * 1024
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Evidence to check against, or a zip of it; FILE may be left out when it lies in the zip, or was erased.",
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
    file: Path | None, bundle: Path | None, policy: Path | None, authority: tuple[Path, ...], as_json: bool
) -> int:
    """Check FILE (or - for stdin): which dataset, version and agency it is, proved step by step.

    Without --bundle this node's archive is asked. Without --policy this node's own log key is trusted, where there is
    a node; without --authority the time authorities of its data folder are. Exit code 3 when nothing speaks against
    the file, but no log that you trust speaks for it.
    """
    from app.services import node, verifying
    from archive.ledger.policy import MAX_POLICY_BYTES
    from archive.verify import report
    from archive.verify.__main__ import wrong_use

    if file is None and bundle is None:
        raise click.UsageError("give FILE, or --bundle")
    pinned = _read(policy, MAX_POLICY_BYTES) if policy else _own_policy()
    trusted = [_read(each, _MAX_PEM) for each in authority] or _own_authorities()
    with ExitStack() as opened:
        source = opened.enter_context(_opened(file)) if file is not None else None
        if bundle is not None:
            result = verifying.with_bundle(source, opened.enter_context(bundle.open("rb")), pinned, trusted)
        else:
            try:
                portal = opened.enter_context(told.portal())
                result = verifying.with_archive(portal.engine, portal.evidence, cast(BinaryIO, source), pinned, trusted)
            except node.NoNode as nobody:
                told.tell(nobody)
                click.echo("To check without a node, give the file's evidence: --bundle FILE.evidence.json", err=True)
                return told.TRY_AGAIN
    if bundle is not None and result.nothing_to_check:
        raise wrong_use(result, bundle.name)
    told.give(result.to_json(told.language()), as_json=as_json, text=report.text(result, told.language()))
    return result.exit_code


@click.command()
@click.argument("name")
@click.argument("path", required=False)
@click.option("--version", "version", type=click.IntRange(1), help="The newest by default.")
@click.option("--release", "whole", is_flag=True, help="Of every file of the release, in one bundle.")
@click.option("--row", type=click.IntRange(0), help="Of one row of the table PATH alone; 0 is the header.")
@click.option("--erased", type=click.IntRange(0), help="Of a file that was erased, by its number in the manifest.")
@click.option("--zip", "as_zip", is_flag=True, help="A zip of the evidence, the file, and a page for people.")
@click.option("-o", "--output", metavar="FILE", help="Where to write; - is stdout.")
@_JSON
def evidence_command(
    name: str,
    path: str | None,
    version: int | None,
    whole: bool,
    row: int | None,
    erased: int | None,
    as_zip: bool,
    output: str | None,
    as_json: bool,
) -> int:
    """Write the evidence bundle of the file PATH in dataset NAME: all that is needed to verify it offline."""
    from app.db.engine import transaction
    from app.services import catalogue
    from archive.packages import evidence_zip

    if sum((path is not None, whole, erased is not None)) != 1 or (row is not None and path is None):
        raise click.UsageError("give PATH (with --row for one row of it), --release, or --erased")
    with told.portal() as portal, ExitStack() as opened:
        with transaction(portal.engine) as session:
            dataset = catalogue.dataset(session, name)
            release = catalogue.release(session, name, version or dataset.latest_version)
            file = catalogue.file(session, release, path) if path is not None else None
        bundle = portal.evidence.of(release, file.path if file is not None else None, row=row, erased=erased)
        content = None
        if as_zip and file is not None and row is None:
            stored = catalogue.stored(portal.root, release, file.path).path
            content = opened.enter_context(stored.open("rb"))
        which = file.sha256[:8] if file is not None else "release" if whole else f"erased{erased}"
        ending = ".evidence." + ("zip" if as_zip else "json")
        target = output or f"{name}-v{release.version}-{which}{'' if row is None else f'-row{row}'}{ending}"
        with _written(target) as written:
            if as_zip:
                evidence_zip.write(written, bundle, content)
            else:
                written.write(evidence_zip.encode(bundle))
    if target != "-":
        told.give({"path": target, "sha256": file.sha256 if file else None}, as_json=as_json, text=target)
    return told.OK


@contextmanager
def _written(target: str) -> Iterator[BinaryIO]:
    """Give a file that can seek; stdout cannot, so what is for it is gathered first, on disk when it is much."""
    if target != "-":
        with Path(target).open("wb") as file:
            yield file
        return
    with SpooledTemporaryFile(_IN_MEMORY) as gathered:
        yield cast(BinaryIO, gathered)
        gathered.seek(0)
        shutil.copyfileobj(gathered, sys.stdout.buffer)


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
    from app.workshop import open_workshop

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
