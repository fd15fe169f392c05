"""Watching a log from outside: what is kept between looks, which head is wanted, whose statements are told."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError
from app.services.logkeeping import write_durably
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.follow import Accept, Alarm, Seen, entries_since, look, require_moving
from archive.ledger.policy import Policy
from archive.ledger.tiles import TileSource
from archive.records import dsse
from archive.records.keys import BadSignature, KeyKind, PublicKey
from archive.records.statements import format_time, parse

_VERSION = 1
_MAX_STATE_BYTES = 256 * 1024


class BadWatchState(AppError):
    code = "APP-233"
    ja = "見張りの記録「{path}」が読めません({why})。控えから戻すか、退けてください(退けると最初の一回になります)。"
    en = "The watch's state file {path} cannot be read ({why}). Restore it, or move it away and begin anew."
    zh = "無法讀取監看狀態檔「{path}」({why})。請還原,或移開後重新開始。"


class NothingToTrust(AppError):
    code = "APP-234"
    ja = "初めて見る台帳です。信頼する鍵(--key)か方針(--policy)を、運営者から直接確かめて指定してください。"
    en = "Nothing says whose signature to trust: give --key or --policy, as the log's operator told you in person."
    zh = "尚未指定信任對象:請以 --key 或 --policy 指定,並直接向營運者確認。"


@dataclass(frozen=True)
class Said:
    """A new statement in a watched name: where, what, and whether the watched key (if one was given) signed it."""

    index: int
    type: str
    agency: str
    time: str
    subject: str
    keyid: str
    is_by_key: bool | None


@dataclass(frozen=True)
class Watch:
    """How one log is watched. `stall_hours` None: a log may rest as long as it likes."""

    source: TileSource
    accept: Accept
    state: Path
    stall_hours: float | None = None
    agency: str = ""
    agency_key: PublicKey | None = None

    def once(self, now: int) -> tuple[Seen, list[Said]]:
        """Look once; return what was seen and the new statements in the watched name. Call `keep` when they are told.

        Raises:
            Alarm: kept beside the state file, which stays as it was. What `accept` and reading raise.
            BadWatchState.

        """
        last = read_state(self.state)
        try:
            seen = look(self.source, self.accept, last, now)
            if self.stall_hours is not None:
                require_moving(seen, now, self.stall_hours)
        except Alarm as alarm:
            self._keep_alarm(alarm, now)
            raise
        return seen, self._said(last, seen) if self.agency else []

    def keep(self, seen: Seen, now: int) -> None:
        """Remember what was seen, durably. Raises OSError."""
        kept = {"v": _VERSION, "since": seen.since, "looked": now, "checkpoint": seen.head.raw.decode()}
        self.state.parent.mkdir(parents=True, exist_ok=True)
        write_durably(self.state, json.dumps(kept, indent=1).encode() + b"\n")

    def _keep_alarm(self, alarm: Alarm, now: int) -> None:
        kept = {"code": alarm.code, "at": now, "old": alarm.old.decode(), "new": alarm.new.decode()}
        self.state.parent.mkdir(parents=True, exist_ok=True)
        path = self.state.with_name(f"{self.state.name}.alarm-{now}.json")
        write_durably(path, json.dumps(kept, indent=1).encode() + b"\n")

    def _said(self, last: Seen | None, seen: Seen) -> list[Said]:
        entries = entries_since(self.source, last.head if last else None, seen.head, self._is_wanted)
        return [self._tell(index, entry) for index, entry in entries]

    def _is_wanted(self, entry: bytes) -> bool:
        try:
            return parse(dsse.open_entry(entry).payload).agency == self.agency
        except ArchiveError:  # another kind of log, or a later kind of statement: not in our name
            return False

    def _tell(self, index: int, entry: bytes) -> Said:
        envelope = dsse.open_entry(entry)
        statement = parse(envelope.payload)
        subject = " ".join(str(statement.body[part]) for part in ("dataset", "version") if part in statement.body)
        return Said(
            index,
            statement.type,
            statement.agency,
            format_time(statement.time),
            subject,
            envelope.keyid,
            self._is_by_key(envelope),
        )

    def _is_by_key(self, envelope: dsse.Envelope) -> bool | None:
        if self.agency_key is None:
            return None
        try:
            envelope.check_signature(self.agency_key)
        except BadSignature:
            return False
        return envelope.keyid == self.agency_key.key_id.hex()


def read_state(path: Path) -> Seen | None:
    """Return what the last look kept; nothing before the first. Raises BadWatchState."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_STATE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as trouble:
        raise BadWatchState({"path": str(path), "why": str(trouble.strerror)}) from trouble
    try:
        found = json.loads(raw)
        if found["v"] != _VERSION:
            raise BadWatchState({"path": str(path), "why": "another version"})
        return Seen(parse_checkpoint(found["checkpoint"].encode()), int(found["since"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArchiveError) as wrong:
        raise BadWatchState({"path": str(path), "why": "not what a watch writes"}) from wrong


def trusting(key: PublicKey | None, policy: Policy | None, max_age: int | None) -> Accept:
    """Return what accepts a head: signed by `key`, or as `policy` wants, its newest cosignature within `max_age` s.

    Raises NothingToTrust when there is neither.
    """
    if policy is not None:
        limit = None if policy.quorum == b"none" else max_age

        def by_policy(raw: bytes) -> SignedCheckpoint:
            return policy.check(raw, int(time.time()), limit).signed

        return by_policy
    if key is None or key.kind is not KeyKind.LOG:
        raise NothingToTrust
    return lambda raw: open_checkpoint(raw, [key])
