"""log watch: following somebody's log from outside."""

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import told

if TYPE_CHECKING:
    from app.services.watching import Said, Watch
    from archive.ledger.follow import Seen

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("watch", short_help="Follow a log over HTTP; alarm on rollback, fork, stall.")
@click.argument("url")
@click.option("--key", "vkey", metavar="VKEY", help="The log's key, as its operator told you.")
@click.option("--policy", type=_FILE, help="A C2SP tlog-policy: the log's key and the witnesses that must have signed.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Where to keep what was seen.")
@click.option("--agency-key", metavar="NAME|VKEY", help="Tell every new statement made in this name.")
@click.option("--stall", type=click.FloatRange(0), metavar="HOURS", help="Alarm when nothing is new for so long.")
@click.option("--once", is_flag=True, help="Look once and end.")
@click.option("--every", type=click.IntRange(1), default=300, show_default=True, help="Seconds between looks.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for each look.")
def log_watch(
    url: str,
    vkey: str | None,
    policy: Path | None,
    state: Path | None,
    agency_key: str | None,
    stall: float | None,
    once: bool,
    every: int,
    as_json: bool,
) -> int:
    """Follow the C2SP tlog-tiles log at URL (where its `checkpoint` lies), which need not be an Ishibumi's.

    Each look verifies the signature, and from the log's tiles that it continues what was seen last. Exit 1 on an
    alarm: a rollback, a fork, a stall (--stall), or too few or too old cosignatures under --policy; both checkpoints
    are then kept beside the state file. Exit 3 with --once when the log could not be asked.
    """
    watch = _watch(url, vkey, policy, state, agency_key, stall)
    while True:
        code = _look(watch, as_json=as_json)
        if once or code == told.FAILED:
            return code
        time.sleep(every)


def _watch(
    url: str, vkey: str | None, policy: Path | None, state: Path | None, agency_key: str | None, stall: float | None
) -> "Watch":
    from app.outbound import Outbound
    from app.services.watching import Watch, trusting
    from archive.ledger.follow import HttpTiles
    from archive.ledger.policy import MAX_POLICY_BYTES, Policy
    from archive.records.keys import PublicKey

    wanted = None
    if policy is not None:
        with policy.open("rb") as file:
            wanted = Policy.parse(file.read(MAX_POLICY_BYTES + 1))
    prefix = url.removesuffix("/checkpoint").rstrip("/")
    owner = PublicKey.parse(agency_key) if agency_key and "+" in agency_key else None
    accept = trusting(PublicKey.parse(vkey) if vkey else None, wanted, int(stall * 3600) if stall is not None else None)
    return Watch(
        HttpTiles(Outbound(allow_private=True), prefix),
        accept,
        state or _default_state(prefix),
        stall,
        owner.name if owner else agency_key or "",
        owner,
    )


def _default_state(prefix: str) -> Path:
    name = hashlib.sha256(prefix.encode()).hexdigest()[:16]
    return Path(click.get_app_dir("ishibumi")) / "watch" / f"{name}.json"


def _look(watch: "Watch", *, as_json: bool) -> int:
    """Look once and tell; return the exit code that a single look has."""
    from archive.errors import ArchiveError
    from archive.ledger.errors import NoSuchTile, TileUnreadable
    from archive.ledger.follow import TilesUnsound
    from archive.ledger.transport import AnswerTooLarge, Unreachable

    now = int(time.time())
    try:
        seen, said = watch.once(now)
    except (Unreachable, AnswerTooLarge, NoSuchTile, TileUnreadable, TilesUnsound) as later:
        told.tell(later)
        return told.TRY_AGAIN
    except ArchiveError as alarm:
        if as_json:
            told.give({"alarm": alarm.code, "problem": alarm.sentence(told.language())}, as_json=True, text="")
        told.tell(alarm)
        return told.FAILED
    _tell(seen, said, as_json=as_json)
    watch.keep(seen, now)  # after it was told: told twice after a crash is better than never
    return told.OK


def _tell(seen: "Seen", said: "list[Said]", *, as_json: bool) -> None:
    head = seen.head
    found: dict[str, Any] = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "since": seen.since}
    found["statements"] = [vars(one) for one in said]
    lines = [f"{head.origin}  {head.size} leaves, root {head.root.hex()}"]
    for one in said:
        by = {True: "by this key", False: "BY ANOTHER KEY", None: ""}[one.is_by_key]
        lines.append(
            "  ".join(part for part in (f"{one.index:>6}", one.time, one.type, one.subject, one.keyid, by) if part)
        )
    told.give(found, as_json=as_json, text="\n".join(lines))
