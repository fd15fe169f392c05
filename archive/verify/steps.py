"""The numbered steps from a file's bytes to a log that the reader trusts (docs/reference/evidence-bundle.md).

Each step raises what is wrong. Step 5 runs before 3 and 4, which need what the statement says; nothing is believed
before step 8, and nothing is answered 0 before step 9.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, cosignatures, open_checkpoint
from archive.ledger.errors import NotSigned, QuorumNotMet, UnknownLog
from archive.ledger.note import verified
from archive.ledger.policy import Policy
from archive.ledger.proof import parse_proof
from archive.records import base64_strict, dsse
from archive.records.commit import check_opening
from archive.records.errors import KeyNotAllowed
from archive.records.keyring import KeyRing
from archive.records.keys import KeyKind, PublicKey
from archive.records.names import escaped
from archive.records.statements import Statement, parse
from archive.store.hashing import Digests
from archive.verify import bundle as bundles
from archive.verify import record as records
from archive.verify.bundle import Bundle, ManifestClaim
from archive.verify.errors import (
    KeysOutOfOrder,
    NoGenesis,
    NotAKey,
    NotAPublication,
    NothingPinned,
    OtherBytes,
    OtherCheckpoint,
    OtherFile,
    OtherHost,
    OtherLog,
    OtherPosition,
    OtherRelease,
)
from archive.verify.record import Said
from archive.verify.result import STEPS, Facts, Result, Step, StepState, Verdict


@dataclass(frozen=True)
class Signed:
    """A statement of the bundle with its envelope, the index it claims and the text of its proof."""

    entry: bytes
    envelope: dsse.Envelope
    statement: Statement
    index: int
    proof: bytes


def check(file: Digests, raw: bytes, policy: Policy | None, now: int | None = None) -> Result:
    """Return the verdict on a file by the evidence bundle `raw` under the pinned `policy`.

    `matches` only when all nine steps went well; `broken` with the error of the first that did not; `undetermined`
    when the evidence is consistent but its log is not one that the policy trusts, or none is pinned; `pending` when
    witnesses are missing. `now` (seconds since 1970) refuses cosignatures from the future. Raises nothing.
    """
    trail = _Trail()
    try:
        facts, head = _consistent(file, bundles.parse(raw), trail)
    except ArchiveError as error:
        return Result(Verdict.BROKEN, file, trail.steps(), None, error)
    try:
        with trail.step(9):  # (9) the log is one that the reader trusts
            facts = replace(facts, witnesses=_trusted(head, policy, now))
    except NothingPinned as error:
        return Result(Verdict.UNDETERMINED, file, trail.steps(not_checked=9), facts, error)
    except (UnknownLog, NotSigned) as error:
        return Result(Verdict.UNDETERMINED, file, trail.steps(), facts, error)
    except QuorumNotMet as error:
        seen = _witnesses(head, policy)
        return Result(Verdict.PENDING, file, trail.steps(), replace(facts, witnesses=seen), error)
    except ArchiveError as error:
        return Result(Verdict.BROKEN, file, trail.steps(), None, error)
    return Result(Verdict.MATCHES, file, trail.steps(), facts)


def _consistent(file: Digests, bundle: Bundle, trail: "_Trail") -> tuple[Facts, SignedCheckpoint]:
    with trail.step(1):  # (1) the bytes are those that the bundle is for
        if (file.size, file.sha256) != (bundle.file.size, bundle.file.sha256):
            raise OtherBytes({"got": file.sha256.hex(), "want": bundle.file.sha256.hex()})
    with trail.step(2):  # (2) the opening opens the leaf, and says these bytes
        _check_leaf(file, bundle)
    with trail.step(5):  # (5) the envelope is canonical, and its statement publishes this release
        publish = _signed(bundle.entry, bundle.index, bundle.proof)
        _check_release(publish.statement, bundle)
    with trail.step(3):  # (3) the leaf leads to the manifest root, which the statement commits to
        _check_manifest(bundle.manifest, publish.statement)
    with trail.step(4):  # (4) the metadata record is the committed one, and tells of the same release and file
        said = _check_record(bundle, publish.statement)
    with trail.step(6):  # (6) the agency's key signed, which a key that was valid before has added
        keys = [_signed(key.entry, key.index, key.proof) for key in bundle.keys]
        _check_signatures(keys, publish)
    with trail.step(7):  # (7) every statement stands in one log under one head
        head = _check_inclusion(keys, publish)
    with trail.step(8):  # (8) the head is signed by the log key that genesis names
        log_key = _check_head(head, keys[0].statement)
    return _facts(bundle, publish, said, head, log_key), head


def _check_leaf(file: Digests, bundle: Bundle) -> None:
    leaf = bundle.manifest.leaf.digest()
    shown = (
        ("path", leaf.path, bundle.file.path),
        ("size", leaf.size, file.size),
        ("sha256", leaf.sha256, file.sha256),
        ("chunks.n", leaf.chunks, file.chunks),
        ("chunks.root", leaf.chunk_root, file.chunk_root),
    )
    for member, said, found in shown:
        if said != found:
            raise OtherFile({"member": member})


def _check_release(statement: Statement, bundle: Bundle) -> None:
    if statement.type != "publish":
        raise NotAPublication({"type": statement.type})
    _require_same("dataset", statement.body["dataset"], bundle.dataset)
    _require_same("version", statement.body["version"], bundle.version)


def _check_manifest(claim: ManifestClaim, statement: Statement) -> None:
    _require_same("files", statement.body["files"], claim.size)
    ranges = merkle.inclusion_ranges(claim.index, claim.size)
    # The length comes before the content: one step short, an inner node would pass as a leaf.
    if len(ranges) != len(claim.path):
        raise merkle.WrongProofLength({"want": len(ranges), "got": len(claim.path)})
    found = claim.leaf.hash
    for (start, _), sibling in zip(ranges, claim.path, strict=True):
        found = merkle.node_hash(sibling, found) if start < claim.index else merkle.node_hash(found, sibling)
    check_opening("manifest", claim.salt, found, base64_strict.decode(statement.body["manifest"], 32))


def _check_record(bundle: Bundle, statement: Statement) -> Said:
    committed = base64_strict.decode(statement.body["metadata"], 32)
    check_opening("metadata", bundle.record_salt, bundle.record, committed)
    said = records.read(bundle.record)
    _require_same("dataset", said.dataset, bundle.dataset)
    _require_same("version", said.version, bundle.version)
    _require_same("licence", said.licence, statement.body["licence"])
    _require_same("agency", said.agency, statement.agency.rpartition("/agency/")[2])
    _require_same("files", len(said.files), bundle.manifest.size)
    _require_same("bytes", said.files.get(bundle.file.path, "none"), bundle.file.size)
    return said


def _check_signatures(keys: list[Signed], publish: Signed) -> None:
    """Hold every statement to the keys that stand before it; the first of all is genesis, which names its own."""
    if not keys or keys[0].index != 0 or keys[0].statement.type != "genesis":
        raise NoGenesis
    genesis = keys[0].statement
    if genesis.body["origin"] != genesis.log:
        raise OtherLog({"got": escaped(genesis.body["origin"]), "want": escaped(genesis.log)})
    ring = KeyRing.from_genesis(genesis)
    for before, signed in zip([None, *keys], [*keys, publish], strict=True):
        if before is not None and signed.index <= before.index:
            raise KeysOutOfOrder({"index": before.index})
        if before is not None and signed is not publish and signed.statement.type != "add-key":
            raise NotAKey({"index": signed.index, "type": signed.statement.type})
        _check_signature(ring, signed, genesis.log)
        ring = ring.admit(signed.statement, signed.index)


def _check_signature(ring: KeyRing, signed: Signed, origin: str) -> None:
    statement = signed.statement
    if statement.log != origin:
        raise OtherLog({"got": escaped(statement.log), "want": escaped(origin)})
    host = origin.partition("/")[0] + "/"
    for name in (statement.agency, statement.body.get("name", host)):
        if not name.startswith(host):
            raise OtherHost({"name": escaped(name), "origin": escaped(origin)})
    key = ring.signer(statement, signed.envelope.keyid)
    if key.kind is not KeyKind.STATEMENT:  # a log's or a witness's key says nothing but heads
        raise KeyNotAllowed({"name": key.name, "type": statement.type})
    signed.envelope.check_signature(key)


def _check_inclusion(keys: list[Signed], publish: Signed) -> SignedCheckpoint:
    head = parse_proof(publish.proof).checkpoint
    for signed in (*keys, publish):
        proof = parse_proof(signed.proof)
        if signed.index != proof.index:
            raise OtherPosition({"said": signed.index, "proved": proof.index})
        if proof.checkpoint.raw != head.raw:
            raise OtherCheckpoint
        proof.check_inclusion(signed.entry)
    return head


def _check_head(head: SignedCheckpoint, genesis: Statement) -> PublicKey:
    """Return the first key of genesis that signed the head."""
    keys = [PublicKey.parse(vkey) for vkey in genesis.body["log"]]
    if head.origin != genesis.log:
        raise OtherLog({"got": escaped(head.origin), "want": escaped(genesis.log)})
    open_checkpoint(head.raw, keys)
    return verified(head.note, keys)[0][0]


def _trusted(head: SignedCheckpoint, policy: Policy | None, now: int | None) -> tuple[str, ...]:
    if policy is None:
        raise NothingPinned
    return tuple(one.witness.name for one in policy.check(head.raw, now).cosignatures)


def _witnesses(head: SignedCheckpoint, policy: Policy | None) -> tuple[str, ...]:
    known = list(policy.witnesses.values()) if policy else []
    return tuple(one.witness.name for one in cosignatures(head.note, known))


def _signed(entry: bytes, index: int, proof: bytes) -> Signed:
    envelope = dsse.open_entry(entry)
    return Signed(entry, envelope, parse(envelope.payload), index, proof)


def _require_same(member: str, one: str | int, other: str | int) -> None:
    if one != other:
        raise OtherRelease({"member": member, "one": escaped(str(one)[:120]), "other": escaped(str(other)[:120])})


def _facts(bundle: Bundle, publish: Signed, said: Said, head: SignedCheckpoint, log_key: PublicKey) -> Facts:
    return Facts(
        path=bundle.file.path,
        dataset=said.dataset,
        version=said.version,
        identifier=said.identifier,
        title=said.title,
        agency=said.agency,
        agency_title=said.agency_title,
        licence=said.licence,
        single_person=said.single_person,
        published_at=publish.statement.time,
        origin=head.origin,
        log_vkey=log_key.vkey,
        log_index=publish.index,
        log_size=head.size,
    )


class _Trail:
    """Which steps went well so far; owned by one `check`."""

    def __init__(self) -> None:
        self._states: dict[int, StepState] = {}

    @contextmanager
    def step(self, number: int) -> Iterator[None]:
        self._states[number] = StepState.FAILED
        yield
        self._states[number] = StepState.OK

    def steps(self, not_checked: int = 0) -> tuple[Step, ...]:
        self._states.pop(not_checked, None)
        return tuple(Step(number, self._states.get(number, StepState.NOT_CHECKED)) for number in STEPS)
