"""What is doubtful because its signer's key fell into wrong hands: told by the log, shown wherever it is touched."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.db.catalogue import Dataset, Release
from app.services.catalogue import PUBLIC_STATES
from archive.ledger.reader import LogReader
from archive.records import dsse
from archive.records.keyring import KeyRing


@dataclass(frozen=True)
class Doubt:
    """What the key `keyid` of `name` signed from `from_index` on is doubtful: statement `said_at` says so, and why."""

    name: str
    keyid: str
    from_index: int
    reason: str
    said_at: int


class Doubts:
    """Every doubt of a log at one moment. An entry is read only where a doubt reaches its index."""

    def __init__(self, ring: KeyRing, log: LogReader) -> None:
        self._log = log
        self.all = tuple(
            Doubt(name, keyid, each.void_from, each.reason, each.revoked_at)
            for (name, keyid), each in ring.keys.items()
            if each.void_from is not None and each.revoked_at is not None and each.void_from < each.revoked_at
        )

    def about(self, index: int | None) -> Doubt | None:
        """Return the doubt about the statement at `index`, or None. Raises what reading the log raises."""
        near = [each for each in self.all if index is not None and each.from_index <= index < each.said_at]
        if not near or index is None:
            return None
        keyid = dsse.open_entry(self._log.entry(index)).keyid
        return next((each for each in near if each.keyid == keyid), None)

    def of_release(self, release: Release) -> Doubt | None:
        """Return the doubt about the statement that published `release`, or None."""
        return self.about(release.log_index)

    def is_doubtful(self, release: Release) -> bool:
        """Tell whether the statement that published `release` is doubtful."""
        return self.of_release(release) is not None

    def latest_of(self, session: Session, names: Collection[str]) -> dict[str, Doubt]:
        """Return, by dataset, the doubt about its latest release, of those of `names` where there is one."""
        if not self.all or not names:
            return {}
        query = (
            select(Release)
            .join(Dataset, col(Dataset.name) == col(Release.dataset))
            .where(col(Release.dataset).in_(names), Release.version == Dataset.latest_version)
            .where(col(Release.state).in_(PUBLIC_STATES))
        )
        return self._among(session.exec(query))

    def _among(self, releases: Iterable[Release]) -> dict[str, Doubt]:
        found = ((each.dataset, self.of_release(each)) for each in releases)
        return {name: doubt for name, doubt in found if doubt is not None}
