"""How well a release is proved today: one level, and the numbers behind it (LEDGER D9: a ladder, never a boolean)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.db.catalogue import Release
from app.services import peering
from archive.ledger.checkpoint import SignedCheckpoint


class Level(StrEnum):
    """From the least to the most; `doubtful` stands beside the ladder."""

    DOUBTFUL = "doubtful"
    LOGGED = "logged"
    PENDING = "pending"
    WITNESSED = "witnessed"


@dataclass(frozen=True)
class Stamp:
    """The earliest independent proof of time that covers a release: not later than `time`, by `by`."""

    time: datetime
    by: str


@dataclass(frozen=True)
class Standing:
    """What can be said of a release: `cosigned` of `witnesses` confirmed the head above it, `quorum` are wanted."""

    level: Level
    cosigned: int
    witnesses: int
    quorum: int
    stamp: Stamp | None
    doubtful_from: int | None = None


def of_release(
    session: Session,
    head: SignedCheckpoint,
    quorum: int,
    release: Release,
    stamp: Stamp | None = None,
    doubtful_from: int | None = None,
) -> Standing:
    """Return how `release` stands under the published `head`.

    `doubtful_from` is the index from which its signer's key is not to be relied on, where that is at or before it.
    """
    seen = peering.standing(session, head, quorum)
    if doubtful_from is not None and (release.log_index or 0) >= doubtful_from:
        level = Level.DOUBTFUL
    elif quorum and not seen.is_met:
        level = Level.PENDING
    else:
        level = Level.WITNESSED if seen.cosigned else Level.LOGGED
    return Standing(level, len(seen.cosigned), seen.all, quorum, stamp, doubtful_from)
