"""Reading what everybody may see: datasets, releases, files, statements; and, of the withdrawn, the tombstone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from app.db.accounts import Agency
from app.db.catalogue import Change, Dataset, Release, ReleaseFile, ReleaseState, StatementRow
from app.services.access import CLASSES, OPEN
from app.services.drafts import files_of
from app.services.errors import BeingInscribed, ErasedByLaw, NoSuchThing
from app.services.names import agency_key
from app.services.publishing import FILES
from app.services.units import file_format
from archive.objects import layout
from archive.objects.root import StorageRoot, StoredFile

PUBLIC_STATES = (ReleaseState.PUBLISHED.value, ReleaseState.WITHDRAWN.value, ReleaseState.ERASED.value)
MAX_LIMIT = 100


@dataclass(frozen=True)
class Numbers:
    """What the home page counts."""

    datasets: int
    releases: int
    bytes: int
    statements: int


def dataset(session: Session, name: str) -> Dataset:
    """Return a dataset that has been published. Raises NoSuchThing, also for one that only has drafts."""
    found = session.get(Dataset, name)
    if found is None or found.state == "draft":
        raise NoSuchThing({"what": "dataset", "name": name[:80]})
    return found


def datasets(
    session: Session, *, agency: str | None = None, theme: str | None = None, after: str = "", limit: int = MAX_LIMIT
) -> list[Dataset]:
    """Return published datasets by name, those after `after`."""
    query = select(Dataset).where(Dataset.state != "draft", col(Dataset.name) > after).order_by(Dataset.name)
    if agency is not None:
        query = query.where(Dataset.agency == agency)
    found = session.exec(query.limit(MAX_LIMIT * 100 if theme else limit))
    return [row for row in found if theme is None or theme in row.themes][:limit]


def count_datasets(session: Session, agency: str | None = None) -> int:
    """Return how many datasets are published."""
    query = select(func.count()).select_from(Dataset).where(Dataset.state != "draft")
    return session.exec(query.where(Dataset.agency == agency) if agency else query).one()


def newest(session: Session, limit: int) -> list[tuple[Dataset, Release]]:
    """Return the newest public releases with their datasets."""
    query = (
        select(Dataset, Release)
        .join(Release, col(Release.dataset) == col(Dataset.name))
        .where(Release.state == ReleaseState.PUBLISHED.value)
        .order_by(col(Release.log_index).desc())
        .limit(limit)
    )
    return [(pair[0], pair[1]) for pair in session.exec(query)]


def releases(session: Session, name: str) -> list[Release]:
    """Return every public release of a dataset, the newest first."""
    query = select(Release).where(Release.dataset == name, col(Release.state).in_(PUBLIC_STATES))
    return list(session.exec(query.order_by(col(Release.version).desc())))


def release(session: Session, name: str, version: int) -> Release:
    """Return a public release.

    Raises:
        BeingInscribed: it is on its way from the archive to the log (answer 202, without bytes or words).
        NoSuchThing.

    """
    found = session.exec(select(Release).where(Release.dataset == name, Release.version == version)).first()
    if found is not None and found.state in PUBLIC_STATES:
        return found
    if found is not None and found.volume is not None:
        raise BeingInscribed({"dataset": name, "version": version})
    raise NoSuchThing({"what": "release", "name": f"{name[:80]}/v{version}"})


def file(session: Session, found: Release, path: str) -> ReleaseFile:
    """Return one file of a release. Raises NoSuchThing."""
    for each in files_of(session, found.id):
        if each.path == path:
            return each
    if found.tombstone.get("erased"):
        law = found.tombstone.get("erase_law", "")
        raise ErasedByLaw({"dataset": found.dataset, "version": found.version or 0, "law": law})
    raise NoSuchThing({"what": "file", "name": path[:200]})


def stored(root: StorageRoot, found: Release, path: str) -> StoredFile:
    """Return where the bytes of a public release's file lie. Raises NoSuchThing, NoSuchFile."""
    if found.volume is None or found.ocfl_version is None:
        raise NoSuchThing({"what": "release", "name": f"{found.dataset}/v{found.version}"})
    return root.read(layout.object_id(found.dataset, found.volume), found.ocfl_version, FILES + path)


def formats(session: Session, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the file formats of the latest release of each dataset in `names`."""
    query = (
        select(Dataset.name, ReleaseFile.path)
        .join(Release, col(Release.dataset) == col(Dataset.name))
        .join(ReleaseFile, col(ReleaseFile.release_id) == col(Release.id))
        .where(col(Dataset.name).in_(list(names)), col(Release.version) == col(Dataset.latest_version))
        .where(Release.access == OPEN)
    )
    found: dict[str, set[str]] = {}
    for name, path in session.exec(query):
        found.setdefault(name, set()).add(file_format(path))
    return {name: sorted(each) for name, each in found.items()}


def by_hash(
    session: Session, sha256: str, *, also_restricted: bool = False
) -> list[tuple[Dataset, Release, ReleaseFile]]:
    """Return where bytes with this SHA-256 (hex) were published, the newest release first.

    Restricted releases never answer a stranger: whoever can ask for a guess could confirm it. `also_restricted` is for
    the operator's own commands, whose answer does not leave the node.
    """
    classes = CLASSES if also_restricted else (OPEN,)
    query = (
        select(Dataset, Release, ReleaseFile)
        .join(Release, col(Release.dataset) == col(Dataset.name))
        .join(ReleaseFile, col(ReleaseFile.release_id) == col(Release.id))
        .where(ReleaseFile.sha256 == sha256, col(Release.state).in_(PUBLIC_STATES))
        .where(col(Release.access).in_(classes))
        .order_by(col(Release.log_index).desc())
        .limit(MAX_LIMIT)
    )
    return [(row[0], row[1], row[2]) for row in session.exec(query)]


def statements(
    session: Session, *, below: int | None = None, dataset_name: str | None = None, limit: int = MAX_LIMIT
) -> list[StatementRow]:
    """Return statements of the log, the newest first, those with an index below `below`."""
    query = select(StatementRow).order_by(col(StatementRow.log_index).desc()).limit(limit)
    if below is not None:
        query = query.where(col(StatementRow.log_index) < below)
    if dataset_name is not None:
        query = query.where(StatementRow.dataset == dataset_name)
    return list(session.exec(query))


def statements_of(session: Session, host: str, slug: str, limit: int) -> list[StatementRow]:
    """Return the newest statements that an agency signed."""
    query = select(StatementRow).where(StatementRow.agency == agency_key(host, slug))
    return list(session.exec(query.order_by(col(StatementRow.log_index).desc()).limit(limit)))


def withdrawals(session: Session, release_ids: Sequence[str]) -> dict[str, Change]:
    """Return the inscribed withdrawals of releases by release id."""
    query = select(Change).where(
        col(Change.release_id).in_(list(release_ids)), Change.type == "withdraw", Change.state == "inscribed"
    )
    return {change.release_id: change for change in session.exec(query)}


def agencies_with_counts(session: Session) -> list[tuple[Agency, int]]:
    """Return every agency with the number of its published datasets."""
    counts = dict(
        session.exec(
            select(Dataset.agency, func.count()).where(Dataset.state != "draft").group_by(Dataset.agency)
        ).all()
    )
    return [(agency, counts.get(agency.slug, 0)) for agency in session.exec(select(Agency).order_by(Agency.slug))]


def numbers(session: Session) -> Numbers:
    """Return what the home page counts."""
    public = col(Release.state).in_(PUBLIC_STATES)
    kept = session.exec(
        select(func.coalesce(func.sum(ReleaseFile.bytes), 0))
        .join(Release, col(Release.id) == col(ReleaseFile.release_id))
        .where(public)
    ).one()
    return Numbers(
        datasets=count_datasets(session),
        releases=session.exec(select(func.count()).select_from(Release).where(public)).one(),
        bytes=int(kept),
        statements=session.exec(select(func.count()).select_from(StatementRow)).one(),
    )
