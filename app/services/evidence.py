"""The evidence bundle of a file of a public release: from the archive and the log, never from rows alone."""

from typing import Any

from app.db.catalogue import Release
from app.services.errors import BeingInscribed
from archive.ledger.reader import LogReader
from archive.objects.root import StorageRoot
from archive.packages.evidence import build_bundle


def bundle(root: StorageRoot, log: LogReader, release: Release, path: str) -> dict[str, Any]:
    """Return the bundle of the file `path` in `release`.

    Raises:
        BeingInscribed: the release is not in archive and log yet.
        ArchiveError: as `archive.packages.evidence.build_bundle`.

    """
    if release.volume is None or release.ocfl_version is None or release.log_index is None:
        raise BeingInscribed({"dataset": release.dataset, "version": release.version or 0})
    return build_bundle(
        root,
        log,
        dataset=release.dataset,
        volume=release.volume,
        ocfl_version=release.ocfl_version,
        path=path,
        log_index=release.log_index,
    )
