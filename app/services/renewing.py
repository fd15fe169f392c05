"""Renewal: old evidence hashed again under a new time, before a certificate or a hash behind it weakens.

A `renew` statement covers all entries and all tokens so far; the token over the checkpoint that holds it then stands
in for "now" when the old ones are looked at.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from app.services import names
from app.services.anchoring import Anchorer
from app.services.inscribing import Inscribed, Scribe
from archive.errors import ArchiveError
from archive.ledger.anchor import folder, renewed, rfc3161_check
from archive.ledger.anchor.finding import RFC3161
from archive.ledger.anchor.folder import Kept
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.packages.testimony import Anchored, Renewed
from archive.records import base64_strict

RENEW = "renew"


def renew(scribe: Scribe, log: LogReader, anchorer: Anchorer, host: str) -> tuple[Inscribed, list[ArchiveError]]:
    """Append a `renew` statement over everything so far, and ask for the time of the checkpoint that holds it.

    Returns where it stands, and what went wrong with asking: the worker asks again.
    Raises NothingToRenew, and what the writer raises.
    """
    tokens, size = renewed.write_list(anchorer.log_folder), log.checkpoint().size
    body = {
        "from": 0,
        "to": size,
        "hash": "sha-512",
        "entries": base64_strict.encode(renewed.entries_root(log.entries(0, size))),
        "anchors": base64_strict.encode(tokens),
    }
    done = scribe.inscribe(f"{RENEW}-{size}-{tokens.hex()[:32]}", RENEW, names.node_key(host), json.dumps(body))
    return done, anchorer.stamp(due=False)


def anchored(kept: Kept) -> Anchored:
    """Return an anchor as bundles carry it."""
    return Anchored(kept.kind, kept.by, kept.token, kept.header, kept.checkpoint)


def renewals(log_folder: Path, log: LogReader, indices: Sequence[int], anchors: Sequence[Anchored]) -> list[Renewed]:
    """Return which renewals at `indices` carry on the time of `anchors`, the older first.

    After the first, each renewal is only asked for the token over the one before it: one chain, however long.
    """
    found: list[Renewed] = []
    waiting = [each.token for each in anchors if each.kind == RFC3161]
    for index in sorted(indices):
        later = [each for each in folder.earliest_covering(log_folder, index) if each.kind == RFC3161]
        body = read_statement(log.entry(index)).body
        ways = renewed.ways(log_folder, base64_strict.decode(body["anchors"], 64), waiting)
        if not later or not ways:
            continue
        own = anchored(min(later, key=_first_then_longest))
        found += [Renewed(index, body["from"], body["to"], way, own) for way in ways.values()]
        waiting = [own.token, *(token for token in waiting if token not in ways)]
    return found


def _first_then_longest(kept: Kept) -> tuple[int, float]:
    """Order anchors: the first after the statement came soonest, while the older certificates had not ended yet."""
    end = rfc3161_check.ends(kept.token, [])
    return kept.size, -(end.timestamp() if end is not None else 0)


def covered_to(log: LogReader, indices: Sequence[int]) -> int:
    """Return the size up to which the newest renewal covers the log, 0 when there is none."""
    return max((int(read_statement(log.entry(index)).body["to"]) for index in indices), default=0)
