"""Which release do these bytes belong to, and is it proved? By a bundle alone, or by this node's archive."""

import json
import time
from collections.abc import Sequence
from typing import BinaryIO

import sqlalchemy as sa

from app.db.catalogue import Dataset, Release, ReleaseState
from app.db.engine import transaction
from app.services import catalogue
from app.services.evidence import Evidence
from archive.errors import ArchiveError
from archive.ledger.policy import Policy
from archive.store import hashing
from archive.store.hashing import Digests
from archive.verify import zipped
from archive.verify.errors import VerifyError
from archive.verify.result import Result, Verdict
from archive.verify.steps import check


def with_bundle(
    source: BinaryIO | None, bundle: BinaryIO, policy: bytes | None, authorities: Sequence[bytes] = ()
) -> Result:
    """Return the verdict on the bytes of `source` by an evidence bundle (JSON, or a zip of it), offline.

    Without `source` the file that lies in the zip is checked, or nothing for the bundle of an erased file.
    `authorities` are the certificates (PEM) of the time authorities that are trusted. Raises MalformedPolicy.
    """
    trusted = Policy.parse(policy) if policy is not None else None
    given = hashing.digests(hashing.blocks(source)) if source is not None else None
    try:
        evidence = zipped.read(bundle)
    except VerifyError as refused:
        return Result(Verdict.BROKEN, given, error=refused)
    return check(given or evidence.file, evidence.bundle, trusted, int(time.time()), authorities)


def with_archive(
    engine: sa.Engine,
    evidence: Evidence,
    source: BinaryIO,
    policy: bytes | None,
    authorities: Sequence[bytes] = (),
) -> Result:
    """Return the verdict on the bytes of `source` by what this node has published. Raises MalformedPolicy."""
    trusted = Policy.parse(policy) if policy is not None else None
    return by_digests(engine, evidence, hashing.digests(hashing.blocks(source)), trusted, authorities)


def by_digests(
    engine: sa.Engine,
    evidence: Evidence,
    digests: Digests,
    policy: Policy | None,
    authorities: Sequence[bytes] = (),
) -> Result:
    """Return the verdict on bytes by their digests: looked up in the database, then proved from archive and log.

    Of several releases with the same bytes the newest that still stands is told, else the newest withdrawn.
    """
    with transaction(engine) as session:
        places = catalogue.by_hash(session, digests.sha256.hex())
    if not places:
        return Result(Verdict.UNKNOWN, digests)
    standing = [place for place in places if place[1].state == ReleaseState.PUBLISHED.value]
    dataset, release, file = (standing or places)[0]
    try:
        bundle = json.dumps(evidence.of_file(release, file.path), ensure_ascii=False).encode()
    except ArchiveError as error:
        return Result(Verdict.UNDETERMINED, digests, error=error)
    return _told(check(digests, bundle, policy, int(time.time()), authorities), dataset, release)


def _told(result: Result, dataset: Dataset, release: Release) -> Result:
    if release.state == ReleaseState.WITHDRAWN.value:
        return result.as_of_archive(Verdict.WITHDRAWN, dataset.latest_version or None, release.tombstone)
    verdict = Verdict.LATEST if release.version == dataset.latest_version else Verdict.SUPERSEDED
    return result.as_of_archive(verdict, dataset.latest_version, None)
