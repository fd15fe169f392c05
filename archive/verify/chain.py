"""Steps 5 to 8: the statements of a bundle, who may have signed them, and the one log that holds them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from archive.ledger.note import verified
from archive.ledger.proof import parse_proof
from archive.records import base64_strict, dsse
from archive.records.commit import check_opening
from archive.records.errors import KeyNotAllowed
from archive.records.keyring import KeyRing, Registered
from archive.records.keys import KeyKind, PublicKey
from archive.records.names import escaped
from archive.records.statements import Statement, parse
from archive.verify.claims import Bundle, ErasedFile, OneRow, StatementClaim, Subject
from archive.verify.errors import (
    KeysOutOfOrder,
    NoGenesis,
    NotAKey,
    NotAPublication,
    NotErased,
    NotLater,
    OtherCheckpoint,
    OtherHost,
    OtherLog,
    OtherPosition,
)
from archive.verify.record import Said
from archive.verify.result import Facts, Ground
from archive.verify.subject import require_same


@dataclass(frozen=True)
class Signed:
    """A statement of the bundle with its envelope, the index it claims and the text of its proof."""

    claim: StatementClaim
    envelope: dsse.Envelope
    statement: Statement

    @property
    def index(self) -> int:
        """The position that the bundle claims, and step 7 proves."""
        return self.claim.index


@dataclass(frozen=True)
class Chain:
    """All statements in the log's order, the one that publishes among them, the keys they leave, and the head."""

    signed: tuple[Signed, ...]
    publish: Signed
    ring: KeyRing
    head: SignedCheckpoint


def open_statement(claim: StatementClaim) -> Signed:
    """Return the statement in an entry. Raises as `dsse.open_entry` and `statements.parse`."""
    envelope = dsse.open_entry(claim.entry)
    return Signed(claim, envelope, parse(envelope.payload))


def check_release(statement: Statement, bundle: Bundle) -> None:
    """Step 5: return if the statement publishes the bundle's release. Raises NotAPublication, OtherRelease."""
    if statement.type != "publish":
        raise NotAPublication({"type": statement.type})
    require_same("dataset", statement.body["dataset"], bundle.dataset)
    require_same("version", statement.body["version"], bundle.version)


def check_signatures(bundle: Bundle, publish: Signed) -> Chain:
    """Step 6: hold every statement to the keys that stand before it; the first of all is genesis, which names its own.

    Raises NoGenesis, KeysOutOfOrder, NotAKey, NotLater, OtherLog, OtherHost, and as `KeyRing.signer` and `admit`.
    """
    keys = [open_statement(claim) for claim in bundle.keys]
    later = [open_statement(claim) for claim in bundle.later]
    if not keys or keys[0].index != 0 or keys[0].statement.type != "genesis":
        raise NoGenesis
    _require_order(keys)
    _require_order([publish, *later])
    for signed in keys[1:]:
        if signed.statement.type != "add-key":
            raise NotAKey({"index": signed.index, "type": signed.statement.type})
    for signed in later:
        _check_later(signed, publish, bundle)
    genesis = keys[0].statement
    if genesis.body["origin"] != genesis.log:
        raise OtherLog({"got": escaped(genesis.body["origin"]), "want": escaped(genesis.log)})
    ordered = sorted([*keys, publish, *later], key=lambda each: each.index)
    _require_order(ordered)
    ring = KeyRing.from_genesis(genesis)
    for signed in ordered:
        _check_signature(ring, signed, genesis.log)
        ring = ring.admit(signed.statement, signed.index)
    return Chain(tuple(ordered), publish, ring, parse_proof(bundle.publish.proof).checkpoint)


def check_inclusion(chain: Chain) -> None:
    """Step 7: return if every statement is in the tree of the one head. Raises OtherPosition, OtherCheckpoint."""
    for signed in chain.signed:
        proof = parse_proof(signed.claim.proof)
        if signed.index != proof.index:
            raise OtherPosition({"said": signed.index, "proved": proof.index})
        if proof.checkpoint.raw != chain.head.raw:
            raise OtherCheckpoint
        proof.check_inclusion(signed.claim.entry)


def check_head(chain: Chain) -> PublicKey:
    """Step 8: return the first key of the log that signed the head. Raises OtherLog, NotSigned, SignatureRefused."""
    return require_head(chain.head, chain.ring)


def require_head(head: SignedCheckpoint, ring: KeyRing) -> PublicKey:
    """Return the first of the log's keys that signed `head` and still spoke for the log at its size.

    Raises OtherLog, NotSigned, SignatureRefused.
    """
    if head.origin != ring.log:
        raise OtherLog({"got": escaped(head.origin), "want": escaped(ring.log)})
    good = [
        key
        for key in ring.log_keys
        if (void := ring.registered(key.name, key.key_id.hex()).void_from) is None or head.size <= void
    ]
    open_checkpoint(head.raw, good)
    return verified(head.note, good)[0][0]


def require_erased(chain: Chain, subject: Subject) -> None:
    """Return if a later statement erased the file that the bundle has no bytes of. Raises NotErased."""
    at = subject.place.index if isinstance(subject, ErasedFile) else -1
    for signed in chain.signed:
        body = signed.statement.body
        if signed.statement.type == "erase" and at in body.get("files", [at]):
            return
    raise NotErased


def signer_of(chain: Chain) -> Registered:
    """Return what is known of the key that signed the publication."""
    return chain.ring.registered(chain.publish.statement.agency, chain.publish.envelope.keyid)


def facts(bundle: Bundle, chain: Chain, log_key: PublicKey, said: Said | None, path: str) -> Facts:
    """Return what the evidence shows, the log's trustworthiness and the time aside."""
    publish, signer = chain.publish, signer_of(chain)
    agency = publish.statement.agency
    by_type = {kind: [each for each in chain.signed if each.statement.type == kind] for kind in _LATER}
    return Facts(
        path=path,
        dataset=bundle.dataset,
        version=bundle.version,
        identifier=said.identifier if said else f"{chain.ring.log.removesuffix('/log')}/{bundle.dataset}",
        title=said.title if said else {"und": bundle.dataset},
        agency=agency.rpartition("/agency/")[2],
        agency_title=said.agency_title if said else {"und": agency},
        licence=str(publish.statement.body["licence"]),
        single_person=said.single_person if said else False,
        published_at=publish.statement.time,
        origin=chain.head.origin,
        log_vkey=log_key.vkey,
        log_index=publish.index,
        log_size=chain.head.size,
        agency_vkey=signer.key.vkey,
        custody=signer.custody,
        row=bundle.subject.row.index if isinstance(bundle.subject, OneRow) else None,
        doubtful_from=signer.void_from if signer.is_doubtful(publish.index) else None,
        amended_at=tuple(each.index for each in by_type["amend"]),
        withdrawn_at=_ground(by_type["withdraw"]),
        erased_at=_ground(by_type["erase"]),
    )


_LATER = ("amend", "withdraw", "erase", "revoke-key")


def _ground(found: Sequence[Signed]) -> Ground | None:
    if not found:
        return None
    ground = found[0].statement.body["ground"]
    return Ground(found[0].index, ground["code"], ground["law"], found[0].statement.time)


def _check_later(signed: Signed, publish: Signed, bundle: Bundle) -> None:
    """Hold a later statement to be about this publication, or about a key."""
    statement, body = signed.statement, signed.statement.body
    if statement.type not in _LATER:
        raise NotLater({"index": signed.index, "type": statement.type})
    if statement.type == "revoke-key":
        return
    check_release_of(body, bundle)
    of = body["of"] if isinstance(body["of"], list) else [body["of"]]
    if publish.index not in of:
        raise NotLater({"index": signed.index, "type": statement.type})
    if signed.claim.record is not None:
        given = signed.claim.record
        check_opening("metadata", given.salt, given.text, base64_strict.decode(body.get("metadata", ""), 32))


def check_release_of(body: object, bundle: Bundle) -> None:
    """Return if a statement's body is of the bundle's dataset and version. Raises OtherRelease."""
    given = body if isinstance(body, dict) else {}
    require_same("dataset", given.get("dataset", ""), bundle.dataset)
    require_same("version", given.get("version", 0), bundle.version)


def _require_order(found: Sequence[Signed]) -> None:
    for before, after in pairwise(found):
        if after.index <= before.index:
            raise KeysOutOfOrder({"index": before.index})


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
