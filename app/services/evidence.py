"""Evidence bundles of public releases: from the archive and the log; rows only say where to look."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from app.db.catalogue import Release, StatementRow
from app.db.engine import transaction
from app.services import renewing
from app.services.errors import BeingInscribed, ProofsBusy
from archive.ledger.anchor import folder
from archive.ledger.reader import LogReader
from archive.objects.root import StorageRoot
from archive.packages import evidence
from archive.packages.evidence import Stored
from archive.packages.testimony import Anchored, Context
from archive.records.keyring import RING_TYPES

_LATER = ("amend", "withdraw", "erase")
_PATIENCE_SECONDS = 1.0
ONE_TABLE = Semaphore()
"""Held by the one thread of this process that hashes a table: each takes seconds and hundreds of megabytes of a large
one, and anybody may ask."""


@dataclass(frozen=True)
class Evidence:
    """Makes bundles; any number of processes may have one."""

    engine: sa.Engine
    root: StorageRoot
    log: LogReader
    log_folder: Path
    policy: Callable[[], str]

    def of(
        self, release: Release, path: str | None, *, row: int | None = None, erased: int | None = None
    ) -> dict[str, Any]:
        """Return the bundle of a file, of one row of it, of an erased file by number, or of all. Raises as those."""
        if path is not None:
            return self.of_file(release, path) if row is None else self.of_row(release, path, row)
        return self.of_release(release) if erased is None else self.of_erased(release, erased)

    def of_file(self, release: Release, path: str) -> dict[str, Any]:
        """Return the bundle of the file `path` in `release`.

        Raises:
            BeingInscribed: the release is not in archive and log yet.
            ArchiveError: as `archive.packages.evidence.build_bundle`.

        """
        return evidence.build_bundle(self.root, self.log, _stored(release), path, self._context(release))

    def of_release(self, release: Release) -> dict[str, Any]:
        """Return the bundle of every file of `release`. Raises as `of_file`."""
        return evidence.build_release_bundle(self.root, self.log, _stored(release), self._context(release))

    def of_erased(self, release: Release, index: int) -> dict[str, Any]:
        """Return the bundle of file number `index` of `release`, which was erased. Raises as `of_file`."""
        return evidence.build_erased_bundle(self.root, self.log, _stored(release), index, self._context(release))

    def of_row(self, release: Release, path: str, row: int) -> dict[str, Any]:
        """Return the bundle of one row (0 is the header) of a table.

        Raises NoRowTree, NoSuchRow, and as `of_file`. ProofsBusy: others are being made, wait a few seconds.
        """
        context = self._context(release)
        if not ONE_TABLE.acquire(timeout=_PATIENCE_SECONDS):
            raise ProofsBusy
        try:
            return evidence.build_row_bundle(self.root, self.log, _stored(release), path, row, context)
        finally:
            ONE_TABLE.release()

    def _context(self, release: Release) -> Context:
        """Return which statements bring keys, and which spoke of the release later: the list rows know, O(1) each."""
        of_release = (StatementRow.dataset == release.dataset, StatementRow.version == release.version)
        with transaction(self.engine) as session:
            ring = session.exec(select(StatementRow.log_index).where(col(StatementRow.type).in_(RING_TYPES))).all()
            later = session.exec(
                select(StatementRow.log_index).where(col(StatementRow.type).in_(_LATER), *of_release)
            ).all()
            renewals = session.exec(select(StatementRow.log_index).where(StatementRow.type == renewing.RENEW)).all()
        anchors = self._anchors(release)
        return Context(
            policy=self.policy(),
            ring=ring,
            later=later,
            anchors=anchors,
            renewals=renewing.renewals(self.log_folder, self.log, renewals, anchors),
        )

    def _anchors(self, release: Release) -> list[Anchored]:
        """Return the earliest proof of time of each authority and calendar."""
        found = folder.earliest_covering(self.log_folder, release.log_index) if release.log_index is not None else []
        return [renewing.anchored(each) for each in found]


def _stored(release: Release) -> Stored:
    if release.volume is None or release.ocfl_version is None or release.log_index is None:
        raise BeingInscribed({"dataset": release.dataset, "version": release.version or 0})
    return Stored(release.dataset, release.volume, release.ocfl_version, release.log_index)
