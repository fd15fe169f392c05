"""Laws of the log: batching never shows, parsing undoes writing, and one flipped bit is always refused."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import Checkpoint, cosignatures, open_checkpoint, parse_body
from archive.ledger.errors import LedgerError, MalformedBundle
from archive.ledger.growth import Edge
from archive.ledger.note import Note, NoteSignature, parse_note
from archive.ledger.proof import TlogProof, parse_proof
from archive.ledger.reader import LogReader
from archive.ledger.tiles import WIDTH, TilePath, TreeReader, decode_bundle, encode_bundle, parse_tile_path
from tests.unit.archive.ledger.logs import (
    CHECKPOINT,
    ENTRIES,
    LOG_KEY,
    PROOF_FILE,
    WITNESS_KEY,
    make_log,
    refused,
)

names = st.text(
    st.characters(codec="utf-8", exclude_characters="+\x7f", exclude_categories=["Z", "C"]), min_size=1, max_size=40
)
blobs = st.binary(min_size=5, max_size=100)
signatures = st.builds(lambda name, blob: NoteSignature(name, blob[:4], blob[4:]), names, blobs)
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=30)
checkpoints = st.builds(
    Checkpoint,
    lines,
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=3).map(tuple),
)


class Files:
    """A TileSource in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str, limit: int) -> bytes:
        return self.files[path][: limit + 1]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_batching_gives_the_same_tree(batches: list[int]) -> None:
    entries = [b"%d" % number for number in range(sum(batches))]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    source, edge, at = Files(), Edge.empty(), 0
    for size in batches:
        edge, full = edge.grown(entries[at : at + size], leaves[at : at + size])
        at += size
        source.files |= {str(path): data for path, data in {**full, **edge.partial_files}.items()}
    whole, _ = Edge.empty().grown(entries, leaves)
    assert edge == whole == Edge.load(TreeReader(source, at))
    assert edge.root == merkle.root(leaves)
    assert edge.has_its_entries


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LogReader:
    """A log of 600 leaves, grown in uneven batches."""
    return LogReader(make_log(tmp_path_factory.mktemp("log"), [b"%d" % n for n in range(600)], batch=170))


LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(600)]


@given(st.integers(1, 600), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_proofs_from_tiles_are_proofs_from_memory(log: LogReader, size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    assert log.inclusion_proof(index, size) == merkle.inclusion_proof(LEAVES[:size], index)
    assert log.consistency_proof(old, size) == merkle.consistency_proof(LEAVES[:size], old)


@given(st.lists(st.binary(max_size=300), max_size=WIDTH))
def test_bundles_come_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries), "") == entries


@given(st.binary(max_size=60), st.integers(0, 4))
def test_any_bytes_are_a_bundle_or_refused(data: bytes, width: int) -> None:
    try:
        entries = decode_bundle(data, width, "")
    except MalformedBundle:
        return
    assert encode_bundle(entries) == data


@given(st.none() | st.integers(0, 63), st.integers(0, 10**21 - 1), st.integers(1, 256))
def test_tile_paths_come_back(level: int | None, index: int, width: int) -> None:
    path = TilePath(level, index, width)
    assert parse_tile_path(str(path)) == path


@given(checkpoints)
def test_checkpoint_bodies_come_back(checkpoint: Checkpoint) -> None:
    assert parse_body(checkpoint.body) == checkpoint


@given(checkpoints, st.lists(signatures, min_size=1, max_size=5))
def test_notes_come_back(checkpoint: Checkpoint, made: list[NoteSignature]) -> None:
    note = Note(checkpoint.body, tuple(made))
    assert parse_note(note.encode()) == note


@given(st.none() | st.binary(max_size=50), st.integers(0, 6))
def test_proof_files_come_back(extra: bytes | None, index: int) -> None:
    plain = parse_proof(PROOF_FILE)
    proof = TlogProof(index, plain.hashes, plain.checkpoint, extra)
    assert parse_proof(proof.encode()) == proof


def accept(raw: bytes) -> None:
    """All that a verifier does with the vector's proof file."""
    proof = parse_proof(raw)
    open_checkpoint(proof.checkpoint.raw, [LOG_KEY.public])
    assert [one.witness for one in cosignatures(proof.checkpoint.note, [WITNESS_KEY.public])]
    proof.check_inclusion(ENTRIES[5])


def test_every_flipped_bit_of_a_proof_file_is_refused() -> None:
    """Nothing in the file may be changed: a flip in a name or key ID takes the signature away from its key."""
    accept(PROOF_FILE)
    for at in range(len(PROOF_FILE)):
        for bit in range(8):
            changed = bytearray(PROOF_FILE)
            changed[at] ^= 1 << bit
            with pytest.raises((ArchiveError, AssertionError)):
                accept(bytes(changed))


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda junk: CHECKPOINT[:100] + junk + CHECKPOINT[100:]))
def test_junk_raises_our_errors_only(raw: bytes) -> None:
    for parse in (parse_note, parse_body, parse_proof):
        with suppress(LedgerError):
            parse(raw)


def test_a_log_in_any_batches_is_the_same_log() -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = [make_log(Path(folder) / str(batch), [b"%d" % n for n in range(520)], batch=batch) for batch in (7, 520)]
        assert (logs[0] / "checkpoint").read_bytes() == (logs[1] / "checkpoint").read_bytes()
        for name in ("tile/0/001", "tile/0/002.p/8", "tile/1/000.p/2", "tile/entries/002.p/8"):
            assert (logs[0] / name).read_bytes() == (logs[1] / name).read_bytes()
        assert refused(LogReader(logs[0]).entry, 520) == "LED-037"
