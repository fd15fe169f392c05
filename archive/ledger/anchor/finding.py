"""What a look at one anchor shows, and the limits that hold before it is looked at."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

MAX_TOKEN = 64 * 1024
RFC3161, OPENTIMESTAMPS = "rfc3161", "opentimestamps"


class AnchorState(Enum):
    """PROVEN: the time is shown. PENDING: promised. UNCHECKED: nothing can be said here. REFUSED: wrong for sure."""

    PROVEN = "proven"
    PENDING = "pending"
    UNCHECKED = "not checkable"
    REFUSED = "refused"


@dataclass(frozen=True)
class AnchorFinding:
    """One anchor's state. `time` (UTC) is there if and only if it is proven; `by` is who gave it; `why` is English."""

    state: AnchorState
    time: datetime | None
    by: str
    why: str


def unchecked(why: str, *, by: str = "") -> AnchorFinding:
    """Return that nothing can be said here, and why."""
    return AnchorFinding(AnchorState.UNCHECKED, None, by, why)


def refused(why: str, *, by: str = "") -> AnchorFinding:
    """Return that the anchor is wrong for certain, and why."""
    return AnchorFinding(AnchorState.REFUSED, None, by, why)
