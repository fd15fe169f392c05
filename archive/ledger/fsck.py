"""Deriving a whole log again from its entries, on all cores; what does not fit is told file by file."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.errors import CheckpointMismatch, OutOfTurn
from archive.ledger.growth import Edge
from archive.ledger.publish import CHECKPOINT_FILE
from archive.ledger.spans import BundleMismatch, Finding, Span, check_span, leaves, mismatch, tile
from archive.ledger.statement_check import LogSealed, WrongLog
from archive.ledger.tiles import WIDTH, TilePath, TileSource, TreeReader
from archive.merkle import Hash
from archive.records import dsse
from archive.records.keyring import KeyRing
from archive.records.statements import Statement, parse

SPAN = 64  # bundles that one process checks at a time: 16,384 leaves


def check_tree(
    source: TileSource, head: SignedCheckpoint, workers: int = 1, progress: Callable[[int], object] = lambda _: None
) -> list[Finding]:
    """Return all that does not fit `head` (whose signature is the caller's to check) in the tiles of `source`.

    With more than one of `workers` the source must be picklable, as a LocalTiles is. `progress` is told how many
    leaves were done since it was told last. A broken file is named once, and the rest is checked all the same.
    """
    full = head.size // WIDTH
    jobs = [(source, head.size, start, min(start + SPAN, full)) for start in range(0, full, SPAN)]
    roots: list[Hash] = []
    findings: list[Finding] = []
    for span in _spans(jobs, workers):
        roots += span.roots
        findings += span.findings
        progress(WIDTH * len(span.roots))
    findings += _check_upward(TreeReader(source, head.size), head, roots)
    progress(head.size - full * WIDTH)
    return findings


def check_statements(entries: Iterable[bytes], origin: str) -> Iterator[Finding | None]:
    """Give, for each entry of a log from leaf 0 on, what is wrong with the statement in it, or nothing.

    Checked are form, log, key and signature as they were when it was let in, and its signer's chain (seq, prev).
    """
    ring: KeyRing | None = None
    tails: dict[str, tuple[int, Hash]] = {}
    for index, entry in enumerate(entries):
        try:
            envelope = dsse.open_entry(entry)
            statement = parse(envelope.payload)
            if statement.log != origin:
                raise WrongLog({"log": statement.log, "origin": origin})
            ring = KeyRing.from_genesis(statement) if ring is None else ring
            if ring.sealed_at is not None:
                raise LogSealed({"origin": origin, "index": ring.sealed_at})
            envelope.check_signature(ring.signer(statement, envelope.keyid))
            ring = ring.admit(statement, index)
            _check_turn(statement, tails)
        except ArchiveError as wrong:
            yield Finding.of(f"entry {index}", wrong)
        else:
            tails[statement.agency] = (statement.seq, merkle.leaf_hash(entry))
            yield None


def _check_turn(statement: Statement, tails: dict[str, tuple[int, Hash]]) -> None:
    last = tails.get(statement.agency)
    want = (last[0] + 1, last[1]) if last else (0, None)
    if (statement.seq, statement.prev) != want:
        raise OutOfTurn({"signer": statement.agency, "want": want[0], "got": statement.seq})


def _spans(jobs: Sequence[tuple[TileSource, int, int, int]], workers: int) -> Iterator[Span]:
    if workers <= 1 or len(jobs) <= 1:
        yield from (check_span(*job) for job in jobs)
        return
    # A fork starts at once, but what other threads hold would stay locked in it for ever.
    how = "fork" if threading.active_count() == 1 else "spawn"
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context(how)) as pool:
        yield from pool.map(check_span, *zip(*jobs, strict=True))


def _check_upward(tree: TreeReader, head: SignedCheckpoint, roots: Sequence[Hash]) -> list[Finding]:
    """Check the last, partial bundle and its tile, every level above, and the root in the checkpoint."""
    findings: list[Finding] = []
    index, width = divmod(head.size, WIDTH)
    derived = (leaves(tree, index, findings) if width else []) or []
    stored = (tile(tree, 0, index, findings) if width else []) or []
    upper, wrong = _upper_levels(tree, roots)
    root, root_of_tile = (Edge(head.size, (last, *upper), []).root for last in (derived, stored))
    if derived and stored and derived != stored:
        path = TilePath(None, index, width)
        is_entries = root_of_tile == head.root
        findings.append(
            Finding.of(str(path), BundleMismatch({"path": str(path)}))
            if is_entries
            else mismatch(TilePath(0, index, width))
        )
    findings += wrong
    if head.root not in (root, root_of_tile):
        findings.append(Finding.of(CHECKPOINT_FILE, CheckpointMismatch({"size": head.size})))
    return findings


def _upper_levels(tree: TreeReader, roots: Sequence[Hash]) -> tuple[list[list[Hash]], list[Finding]]:
    """Return the unfinished row of each level above 0, derived from the full bundles' roots, and what differs."""
    levels: list[list[Hash]] = []
    findings: list[Finding] = []
    row, level = list(roots), 1
    while row:
        tiles = [row[at : at + WIDTH] for at in range(0, len(row), WIDTH)]
        for index, hashes in enumerate(tiles):
            stored = tile(tree, level, index, findings)
            if stored is not None and stored != hashes:
                findings.append(mismatch(TilePath(level, index, len(hashes))))
        full = [hashes for hashes in tiles if len(hashes) == WIDTH]
        levels.append(list(chain.from_iterable(tiles[len(full) :])))
        row, level = [merkle.root(hashes) for hashes in full], level + 1
    return levels, findings
