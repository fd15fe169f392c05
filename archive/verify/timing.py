"""Step 10: not later than which time the statement stood in the log, by the word of independent authorities.

An anchor is over the body of a checkpoint, so it proves the time of every statement below it. The anchored checkpoint
needs no proof towards the head: what is claimed is only that this statement existed by then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from archive.ledger import renewal
from archive.ledger.anchor.checking import AnchorFinding, AnchorState, check_anchor
from archive.ledger.proof import parse_proof
from archive.records import base64_strict
from archive.verify.chain import Chain, Signed, open_statement, require_head
from archive.verify.claims import AnchorClaim, Bundle, RenewalClaim
from archive.verify.errors import AnchorRefused, BadRenewal, OtherPosition
from archive.verify.result import TimeFact


def check(bundle: Bundle, chain: Chain, now: int | None, authorities: Sequence[bytes]) -> tuple[TimeFact, ...]:
    """Return what each anchor of the bundle shows.

    A token whose authority's certificate has ended is believed at the time when a renewal saw it: the newest renewal
    is held against `now`, each older one against the time that the next one proves.

    Raises:
        AnchorRefused: one is for something else, or forged. BadRenewal: a renewal does not cover what it should.
        OtherPosition, MerkleError, NotSigned, …: the checkpoint below an anchor is not this log's.

    """
    seen = datetime.fromtimestamp(now, UTC) if now is not None else None
    renewed: dict[bytes, datetime] = {}
    for each in reversed(bundle.renewals):
        at = renewed.get(each.anchor.token, seen)
        finding = _renewal(each, bundle, chain, at, authorities)
        for older in (*bundle.anchors, *(one.anchor for one in bundle.renewals)):
            if finding.time is not None and _covers(each, older.token):
                renewed[older.token] = finding.time
    return tuple(
        _fact(each, _anchored(each, chain.publish, chain, renewed.get(each.token, seen), authorities))
        for each in bundle.anchors
    )


def _anchored(
    anchor: AnchorClaim, signed: Signed, chain: Chain, at: datetime | None, authorities: Sequence[bytes]
) -> AnchorFinding:
    """Return what the anchor says of the checkpoint that holds `signed`."""
    proof = parse_proof(anchor.proof)
    if proof.index != signed.index:
        raise OtherPosition({"said": signed.index, "proved": proof.index})
    proof.check_inclusion(signed.claim.entry)
    require_head(proof.checkpoint, chain.ring)
    finding = check_anchor(
        anchor.kind, anchor.token, proof.checkpoint.note.text, header=anchor.header, roots=authorities, now=at
    )
    if finding.state is AnchorState.REFUSED:
        raise AnchorRefused({"by": anchor.by, "why": finding.why})
    return finding


def _renewal(
    claim: RenewalClaim, bundle: Bundle, chain: Chain, at: datetime | None, authorities: Sequence[bytes]
) -> AnchorFinding:
    """Return the time of a renewal whose statement is in the log and covers the publication."""
    signed = open_statement(claim.statement)
    statement = signed.statement
    if statement.type != "renew" or statement.log != chain.ring.log:
        raise BadRenewal({"index": signed.index})
    signed.envelope.check_signature(chain.ring.signer(statement, signed.envelope.keyid))
    first, end = statement.body["from"], statement.body["to"]
    if not first <= chain.publish.index < end <= signed.index:
        raise BadRenewal({"index": signed.index})
    renewal.check(
        renewal.leaf_hash(bundle.publish.entry),
        chain.publish.index - first,
        end - first,
        claim.entry_path,
        base64_strict.decode(statement.body["entries"], renewal.WIDTH),
    )
    if not any(_covers(claim, each.token) for each in (*bundle.anchors, *(one.anchor for one in bundle.renewals))):
        raise BadRenewal({"index": signed.index})
    return _anchored(claim.anchor, signed, chain, at, authorities)


def _covers(claim: RenewalClaim, token: bytes) -> bool:
    expected = open_statement(claim.statement).statement.body.get("anchors", "")
    try:
        renewal.check(
            renewal.leaf_hash(token),
            claim.token_index,
            claim.token_count,
            claim.token_path,
            base64_strict.decode(expected, renewal.WIDTH),
        )
    except renewal.RenewalMismatch:
        return False
    return True


def _fact(anchor: AnchorClaim, finding: AnchorFinding) -> TimeFact:
    proven = finding.state is AnchorState.PROVEN
    return TimeFact(
        anchor.kind, finding.by or anchor.by, finding.state.value, finding.time if proven else None, finding.why
    )
