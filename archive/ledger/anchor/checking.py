"""Is this proof of time over this checkpoint, and what does it show? One answer for every input, without network.

The libraries behind it are imported where they are needed: a verifier without them still refuses what is over something
else, and says with which command the rest is checked. `refused` is said only of what is certainly wrong; what cannot
be judged here is "not checkable", never "forged" (LEDGER section 3).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from archive.ledger.anchor import ots_check, rfc3161_check
from archive.ledger.anchor.finding import MAX_TOKEN, OPENTIMESTAMPS, RFC3161, AnchorFinding, AnchorState, unchecked
from archive.ledger.anchor.ots_check import LEAST_WORK

LEEWAY = timedelta(hours=2)
"""How far ahead a time may be: miners may set a block's clock so much, and authorities' clocks are better."""

__all__ = ["AnchorFinding", "AnchorState", "check_anchor"]


def check_anchor(
    kind: str,
    raw: bytes,
    body: bytes,
    *,
    header: bytes = b"",
    roots: Sequence[bytes] = (),
    now: datetime | None = None,
    least_work: int = LEAST_WORK,
) -> AnchorFinding:
    """Return what the token or proof `raw` shows of the checkpoint body `body`. Never raises.

    Args:
        kind: `rfc3161` or `opentimestamps`.
        raw: the authority's reply verbatim (RFC 3161 TimeStampResp), or an `.ots` file.
        body: the note text of the anchored checkpoint.
        header: the 80 bytes of the Bitcoin block that a complete OpenTimestamps proof leads to.
        roots: certificates (PEM) of the authorities that are trusted; a token of any other is never proven.
        now: when it is looked at; a certificate that has ended by then no longer proves. None: not asked.
        least_work: how many hashes a block header must have cost before it counts as Bitcoin's.

    """
    if len(raw) > MAX_TOKEN:
        return unchecked(f"more than {MAX_TOKEN} bytes")
    try:
        if kind == RFC3161:
            return _not_to_come(rfc3161_check.check(raw, body, roots, now), now)
        if kind == OPENTIMESTAMPS:
            return _not_to_come(ots_check.check(raw, sha256(body).digest(), header, least_work), now)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as trouble:  # noqa: BLE001 - a Rust parser may panic, which is no Exception; it judges nothing
        return unchecked(f"the library failed ({type(trouble).__name__})")
    return unchecked("a kind of anchor that is unknown here")


def _not_to_come(finding: AnchorFinding, now: datetime | None) -> AnchorFinding:
    """Return the finding, unless its time lies ahead: then a clock is wrong, here or there, and nothing is proven."""
    if finding.time is None or now is None or finding.time <= now + LEEWAY:
        return finding
    return unchecked("its time is later than the clock here", by=finding.by)
