"""What an operator should look at: each part of a node, whether it is well, and what to do when it is not."""

import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app.db.catalogue import Release, SearchChange, StatementRow
from app.ports import JobQueue
from app.services import anchoring, peering, renewing
from app.services.folders import Folders
from archive.errors import ArchiveError
from archive.ledger.anchor.finding import AnchorState
from archive.ledger.reader import LogReader
from archive.objects.root import StorageRoot
from search.index import current_generation

_LOW_SPACE = 0.05
_SHOWN = 5
_WARNING = timedelta(days=90)


@dataclass(frozen=True)
class Finding:
    """One part, whether it is well, and what is to be said of it."""

    part: str
    well: bool
    said: str


def look(
    folders: Folders,
    engine: sa.Engine,
    root: StorageRoot,
    log: LogReader,
    jobs: JobQueue,
    now: datetime,
    *,
    quorum: int = 0,
    rounds: Mapping[str, str] = MappingProxyType({}),
) -> list[Finding]:
    """Return how every part stands. Reads little: `audit` reads everything.

    `quorum` is how many witnesses are wanted, `rounds` has what went wrong in the worker's last rounds, by task.
    """
    return [
        *_files(folders),
        _archive(root),
        *_log_and_rows(engine, log),
        *_witnesses(engine, log, quorum),
        *_jobs(jobs),
        *_index(folders, engine),
        *_time(folders, engine, log, now),
        *(
            Finding(name, well=not problem, said=problem or "its last round went well")
            for name, problem in rounds.items()
        ),
    ]


def _files(folders: Folders) -> Iterator[Finding]:
    space = shutil.disk_usage(folders.data)
    part = space.free / space.total
    yield Finding("disk", part > _LOW_SPACE, f"{space.free // 10**9} GB free ({part:.0%})")
    for path, wanted in ((folders.node_secret, 0o600), (folders.keys, 0o700)):
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Finding(
            path.name, mode == wanted, f"mode {mode:04o}" + ("" if mode == wanted else f" → chmod {wanted:o} {path}")
        )
    later = sorted(path.name for path in folders.data.glob("next-log-key-after-*.txt"))
    for name in ("recovery-key.txt", "next-log-key.txt", *later):
        there = (folders.data / name).exists()
        yield Finding(
            name, not there, f"still on this machine → move {folders.data / name} to a safe" if there else "moved away"
        )


def _archive(root: StorageRoot) -> Finding:
    try:
        root.require_marker()
    except ArchiveError as missing:
        return Finding("archive", well=False, said=str(missing))
    return Finding("archive", well=True, said="storage root is there; `ishibumi audit` reads every byte")


def _log_and_rows(engine: sa.Engine, log: LogReader) -> Iterator[Finding]:
    try:
        head = log.checkpoint()
    except ArchiveError as missing:
        yield Finding("log", well=False, said=str(missing))
        return
    yield Finding("log", well=True, said=f"{head.size} statements")
    with Session(engine) as session:
        rows = session.exec(select(func.count()).select_from(StatementRow)).one()
        stuck = session.exec(select(func.count()).select_from(Release).where(Release.state == "approved")).one()
    yield Finding(
        "database",
        rows >= head.size,
        f"{rows} of {head.size} statements listed" + ("" if rows >= head.size else " → ishibumi rebuild"),
    )
    yield Finding("releases", well=True, said=f"{stuck} on their way")


def _witnesses(engine: sa.Engine, log: LogReader, quorum: int) -> Iterator[Finding]:
    try:
        with Session(engine) as session:
            seen = peering.standing(session, log.checkpoint(), quorum)
    except ArchiveError:
        return  # said above
    if not seen.all:
        said = "none: this log stands on its own key alone → docs/how-to/witness-each-other.md"
        yield Finding("witnesses", quorum == 0, said)
        return
    told = f"{len(seen.cosigned)} of {seen.all} cosigned the newest checkpoint, {quorum} are wanted"
    yield Finding("witnesses", seen.is_met and quorum <= seen.all, told)


def _jobs(jobs: JobQueue) -> Iterator[Finding]:
    counts = jobs.counts()
    failed = counts.get("failed", 0)
    said = ", ".join(f"{counts.get(state, 0)} {state}" for state in ("waiting", "running", "failed"))
    yield Finding("jobs", failed == 0, f"{said} → ishibumi doctor --retry" if failed else said)
    yield from (Finding(view.id, well=False, said=view.problem) for view in jobs.failed()[-50:])


def _index(folders: Folders, engine: sa.Engine) -> Iterator[Finding]:
    if current_generation(folders.index) is None:
        yield Finding("index", well=False, said="there is none → ishibumi rebuild --index")
        return
    with Session(engine) as session:
        waiting = session.exec(
            select(func.count()).select_from(SearchChange).where(col(SearchChange.done_at).is_(None))
        ).one()
        broken = session.exec(
            select(SearchChange).where(SearchChange.problem != "").order_by(col(SearchChange.seq)).limit(_SHOWN)
        ).all()
    said = f"{waiting} changes waiting"
    for row in broken:
        said += f"; {row.dataset}: {row.problem}"
    yield Finding("index", not broken, said + (" → mend it, then ishibumi rebuild --index" if broken else ""))


def _time(folders: Folders, engine: sa.Engine, log: LogReader, now: datetime) -> Iterator[Finding]:
    """Tell how the newest proofs of time stand, and which certificates behind them will soon have ended."""
    views = anchoring.anchors(folders, now, most=_SHOWN)
    if not views:
        yield Finding("time", well=True, said="no checkpoint has a proof of time (ISHIBUMI_TIME_AUTHORITIES)")
        return
    proven = sum(view.state is AnchorState.PROVEN for view in views)
    bad = [view for view in views if view.state is AnchorState.REFUSED]
    said = f"{proven} of the newest {len(views)} proofs of time are complete; the newest covers {views[0].size}"
    yield Finding("time", not bad, said + "".join(f"; {view.by} over {view.size}: {view.why}" for view in bad))
    with Session(engine) as session:
        renewals = session.exec(select(StatementRow.log_index).where(StatementRow.type == renewing.RENEW)).all()
    renewed_to = renewing.covered_to(log, renewals)
    ending = anchoring.ending(folders.log, anchoring.authorities(folders), now + _WARNING, renewed_to)
    if ending:
        kept, end = ending[0]
        yield Finding(
            "renewal",
            well=False,
            said=f"the certificate behind {len(ending)} proofs of time ends ({kept.by}: {end:%Y-%m-%d}) "
            "→ stop `ishibumi serve`, then `ishibumi log renew`",
        )
