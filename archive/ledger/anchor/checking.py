"""What a proof of time shows: never an error, always one of four states. Its libraries are imported only when needed.

`refused` is said only of what is certainly wrong: a token over another checkpoint, a trusted authority's signature that
fails, a block that does not hold the digest. What cannot be judged here (a library or a certificate is missing, a
strict reader refuses what OpenSSL takes) is "not checkable", never "forged" (LEDGER section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

RFC3161, OPENTIMESTAMPS = "rfc3161", "opentimestamps"
MAX_TOKEN = 64 * 1024


class AnchorState(Enum):
    """How far a proof of time carries."""

    PROVEN = "proven"
    PENDING = "pending"
    UNCHECKED = "not checkable"
    REFUSED = "refused"


@dataclass(frozen=True)
class AnchorFinding:
    """`time` (UTC): the digest existed by then; None unless proven. `by` says who; `why` what is missing or wrong."""

    state: AnchorState
    time: datetime | None
    by: str
    why: str


def check_anchor(
    kind: str,
    raw: bytes,
    body: bytes,
    *,
    header: bytes = b"",
    roots: Sequence[bytes] = (),
    now: datetime | None = None,
) -> AnchorFinding:
    """Return what the token `raw` shows of a checkpoint's `body`.

    `roots` are the trusted authorities' certificates (PEM), `header` the 80 bytes of the block that an OpenTimestamps
    proof ends in. `now` judges whether the authority's certificate still stands; None does not ask.
    """
    if len(raw) > MAX_TOKEN:
        return AnchorFinding(AnchorState.REFUSED, None, "", f"more than {MAX_TOKEN} bytes")
    if kind == RFC3161:
        from archive.ledger.anchor.rfc3161 import check

        return check(raw, body, roots, now)
    if kind == OPENTIMESTAMPS:
        from archive.ledger.anchor.ots import check as check_ots

        return check_ots(raw, body, header)
    return AnchorFinding(AnchorState.UNCHECKED, None, "", f"unknown kind {kind[:40]}")
