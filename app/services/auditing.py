"""Reads everything again: every byte of the archive, every leaf of the log, and whether the two speak of the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from archive.errors import ArchiveError
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import after, read_statement
from archive.objects import layout
from archive.objects.audit import audit
from archive.objects.root import StorageRoot
from archive.records import base64_strict, dsse
from archive.records.keyring import KeyRing
from archive.records.manifest import Manifest
from archive.records.statements import parse


@dataclass(frozen=True)
class Step:
    """One object, or the log, as it was found; sound when `findings` is empty."""

    subject: str
    files: int
    bytes: int
    findings: tuple[str, ...]


def steps(root: StorageRoot, log: LogReader) -> Iterator[Step]:
    """Give the log's check, then each object's. Raises NotAnArchive when the archive is not there at all."""
    yield _log(log)
    committed = _committed(log)
    for checked in audit(root):
        findings = [f"{finding.kind}: {finding.path} {finding.detail}".strip() for finding in checked.findings]
        if not findings:
            findings += _openings(root, checked.object_id, committed)
        yield Step(checked.object_id, checked.files, checked.bytes, tuple(findings))


def count(root: StorageRoot) -> int:
    """Return how many steps there will be."""
    return 1 + sum(1 for _ in root.objects())


def _log(log: LogReader) -> Step:
    """Derive the tree again, and check each statement's key and signature in its turn."""
    try:
        head = log.check_log()
        ring: KeyRing | None = None
        for index, entry in enumerate(log.entries(0, head.size)):
            envelope = dsse.open_entry(entry)
            statement = parse(envelope.payload)
            ring = after(ring, statement, index)
            envelope.check_signature(ring.signer(statement, envelope.keyid))
    except ArchiveError as wrong:
        return Step("log", 0, 0, (str(wrong),))
    return Step("log", head.size, 0, ())


def _committed(log: LogReader) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for entry in log.entries(0, log.checkpoint().size):
        statement = read_statement(entry)
        if statement.type == "publish":
            found[statement.body["dataset"], statement.body["version"]] = statement.body["manifest"]
    return found


def _openings(root: StorageRoot, object_id: str, committed: dict[tuple[str, int], str]) -> list[str]:
    """Compare each version's files with its manifest, and its manifest with the log's commitment."""
    dataset, _ = layout.parse_id(object_id)
    wrong: list[str] = []
    for version in range(1, root.head(object_id) + 1):
        state = root.state(object_id, version)
        if "meta/openings.json" not in state:
            continue
        tree = Manifest.from_json(json.loads(state["meta/openings.json"].path.read_bytes())["manifest"])
        number = int(json.loads(state["meta/release.json"].path.read_bytes())["version"])
        expected = committed.get((dataset, number))
        if expected is not None and base64_strict.encode(tree.commitment) != expected:
            wrong.append(f"v{version}: the manifest is not the one in the log")
        files = {
            path.removeprefix("files/"): stored.sha256 for path, stored in state.items() if path.startswith("files/")
        }
        opened = {digest.path: digest.sha256 for digest in (leaf.digest() for _, leaf in tree.opened)}
        if len(files) != len(tree.leaves) or opened.items() - files.items():
            wrong.append(f"v{version}: the files are not those of the manifest")
    return wrong
