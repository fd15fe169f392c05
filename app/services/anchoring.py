"""Proof of time for the log's checkpoints: asked from authorities and calendars, kept beside the tiles, shown.

Everything is derived from the files below `anchor/`, so nothing is lost by a crash, and a round that failed is made up
by the next one. Publishing never waits for any of this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.errors import AppError
from app.ports import Clock
from app.services.folders import Folders
from archive.errors import ArchiveError
from archive.ledger.anchor import folder, ots_check, rfc3161_check
from archive.ledger.anchor.checking import AnchorFinding, AnchorState, check_anchor
from archive.ledger.anchor.finding import OPENTIMESTAMPS, RFC3161
from archive.ledger.anchor.folder import Kept
from archive.ledger.anchor.headers import BlockHeaders
from archive.ledger.anchor.port import Anchor, BadToken
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.reader import LogReader

_HOUR, _DAY = 3_600, 86_400
KEPT_TRYING = 60 * _DAY
"""How long a calendar's promise is asked after, in seconds."""
_MAX_PEM = 1024 * 1024
_MAX_SHOWN = 200


class NobodyToAsk(AppError):
    code = "APP-220"
    ja = "時刻を証明する相手がありません。ISHIBUMI_TIME_AUTHORITIES か ISHIBUMI_TIME_CALENDARS を設定してください。"
    en = "There is nobody to prove the time. Set ISHIBUMI_TIME_AUTHORITIES or ISHIBUMI_TIME_CALENDARS."
    zh = "沒有可證明時間的對象。請設定 ISHIBUMI_TIME_AUTHORITIES 或 ISHIBUMI_TIME_CALENDARS。"


@dataclass(frozen=True)
class AnchorView:
    """One anchor as a page shows it: over how many statements, whose, how far it carries, since when it is asked."""

    size: int
    kind: str
    by: str
    state: AnchorState
    time: datetime | None
    why: str


@dataclass(frozen=True)
class Anchorer:
    """Asks for anchors and keeps them; one at a time, in the worker or the shell.

    `roots` are the trusted authorities' certificates (PEM). `headers` knows the blocks of Bitcoin, where one is set.
    """

    log_folder: Path
    log: LogReader
    anchors: Sequence[Anchor]
    hours: int
    clock: Clock
    roots: Sequence[bytes] = ()
    headers: BlockHeaders | None = None
    least_work: int = ots_check.LEAST_WORK

    def run(self) -> None:
        """Do one round for the recurring task: ask for what is due, then after what was promised.

        Raises what the first one answered that did not give, after the others were asked.
        """
        problems = [*self.stamp(due=True), *self.upgrade_pending()]
        for problem in problems:
            raise problem

    def stamp(self, *, due: bool) -> list[ArchiveError]:
        """Ask everybody for the newest checkpoint's time, with `due` only those whose last one is old and outgrown.

        Returns what went wrong; the others' are kept. Raises what reading the log raises, and OSError.
        """
        head = self.log.checkpoint()
        problems: list[ArchiveError] = []
        for anchor in self.anchors:
            if head.size and self._wanted(anchor, head, due=due):
                try:
                    token = anchor.stamp(head.note.text)
                except ArchiveError as problem:
                    problems.append(problem)
                else:
                    folder.keep(self.log_folder, head, anchor.kind, anchor.name, token, self._now())
        return problems

    def upgrade_pending(self) -> list[ArchiveError]:
        """Ask after what calendars promised, and for the header of each block. Returns what went wrong."""
        problems: list[ArchiveError] = []
        calendars = {anchor.name: anchor for anchor in self.anchors if anchor.kind == OPENTIMESTAMPS}
        for kept in _unfinished(self.log_folder, self._now()):
            try:
                self._improve(kept, calendars.get(kept.by))
            except ArchiveError as problem:
                problems.append(problem)
        return problems

    def _wanted(self, anchor: Anchor, head: SignedCheckpoint, *, due: bool) -> bool:
        last = folder.last(self.log_folder, anchor.kind, anchor.name)
        if last is None:
            return True
        old = self._now() - last.at >= self.hours * _HOUR
        return last.size < head.size and (old or not due)

    def _improve(self, kept: Kept, calendar: Anchor | None) -> None:
        body = kept.checkpoint.note.text
        token = calendar.upgrade(body, kept.token) if calendar is not None else None
        if token is not None:
            if check_anchor(kept.kind, token, body).state is AnchorState.REFUSED:
                raise BadToken({"by": kept.by, "why": "it is not over this checkpoint"})
            folder.improve(self.log_folder, kept, token)
        if self.headers is not None:
            for root, height in ots_check.attested(ots_check.parse(token or kept.token)).blocks.items():
                header = self.headers.header(height)
                if not ots_check.header_fits(header, root, self.least_work):
                    raise BadToken({"by": "the server of block headers", "why": f"block {height}"})
                folder.put_header(self.log_folder, kept, header)
                return

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _unfinished(log: Path, now: float) -> Iterator[Kept]:
    """Give the calendars' proofs that have no header yet and are young enough to be asked after."""
    for kept in folder.kept(log):
        if kept.kind == OPENTIMESTAMPS and not kept.header and now - kept.at < KEPT_TRYING and _readable(kept):
            yield kept


def _readable(kept: Kept) -> bool:
    finding = check_anchor(kept.kind, kept.token, kept.checkpoint.note.text)
    return finding.state is AnchorState.PENDING or finding.by != ""


def authorities(folders: Folders) -> list[bytes]:
    """Return the certificates (PEM) of the time authorities that this node trusts: `authorities/*.pem`."""
    try:
        found = sorted(path for path in folders.authorities.iterdir() if path.suffix == ".pem")
        return [path.read_bytes() for path in found if path.stat().st_size <= _MAX_PEM]
    except OSError:
        return []


def look(kept: Kept, roots: Sequence[bytes], now: datetime) -> AnchorFinding:
    """Return what a kept anchor shows now."""
    body = kept.checkpoint.note.text
    return check_anchor(kept.kind, kept.token, body, header=kept.header, roots=roots, now=now)


def anchors(folders: Folders, now: datetime, most: int = _MAX_SHOWN) -> list[AnchorView]:
    """Return the newest `most` anchors of this node's log, the newest first."""
    roots, found = authorities(folders), []
    for size in reversed(folder.sizes(folders.log)):
        for kept in folder.of_size(folders.log, size):
            finding = look(kept, roots, now)
            view = AnchorView(kept.size, kept.kind, kept.by, finding.state, finding.time, finding.why)
            found.append(view)
        if len(found) >= most:
            break
    return found[:most]


def ending(log: Path, roots: Sequence[bytes], before: datetime, renewed_to: int) -> list[tuple[Kept, datetime]]:
    """Return the tokens that no renewal covers and whose authority's certificate ends before `before`, with that end.

    `renewed_to` is the size of the log up to which a renewal covers it.
    """
    found = []
    for kept in folder.kept(log):
        if kept.kind == RFC3161 and kept.size > renewed_to:
            end = rfc3161_check.ends(kept.token, roots)
            if end is not None and end < before:
                found.append((kept, end))
    return found


def earliest(folders: Folders, index: int, now: datetime) -> AnchorFinding | None:
    """Return the earliest proven time by which the statement at `index` stood in the log; None while there is none."""
    roots = authorities(folders)
    found = [look(kept, roots, now) for kept in folder.earliest_covering(folders.log, index)]
    proven = [(each.time, each.by, each) for each in found if each.time is not None]
    return min(proven, key=lambda one: one[:2])[2] if proven else None
