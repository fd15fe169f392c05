"""C2SP tlog-policy (untagged draft, pinned in docs/reference): which logs and witnesses are trusted."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from archive.ledger.checkpoint import (
    Cosignature,
    SignedCheckpoint,
    cosignatures,
    open_checkpoint,
    parse_checkpoint,
)
from archive.ledger.errors import (
    BadCosignatureTime,
    MalformedPolicy,
    QuorumNotMet,
    StaleCheckpoint,
    UnknownLog,
)
from archive.ledger.note import decode_decimal
from archive.records.keys import KeyKind, KeyRefused, PublicKey

MAX_POLICY_BYTES = 64 * 1024
MAX_LINES = 1_000
CLOCK_LEEWAY = 600  # a witness may be this many seconds ahead of us
NONE = b"none"
_OCTETS = re.compile(rb"[\x09\x0a\x20-\x7e\x80-\xff]*")
_WHITE = re.compile(rb"[ \t]+")


@dataclass(frozen=True)
class Group:
    """At least `threshold` of `members` (names of witnesses or groups) must have witnessed."""

    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True)
class CheckedCheckpoint:
    """A checkpoint that a policy accepts, and the witnesses that vouch for it (none under `quorum none`)."""

    signed: SignedCheckpoint
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True)
class Policy:
    """Logs by key, witnesses and groups by their (opaque) names, and the name of the quorum, or `none`."""

    logs: tuple[PublicKey, ...]
    witnesses: Mapping[bytes, PublicKey]
    groups: Mapping[bytes, Group]
    quorum: bytes
    urls: Mapping[PublicKey, str]

    @classmethod
    def parse(cls, raw: bytes) -> "Policy":
        """Return the policy in a file. Raises MalformedPolicy with the number of the line."""
        return _Parser().parse(raw)

    def check(self, raw: bytes, now: int | None = None, max_age: int | None = None) -> CheckedCheckpoint:
        """Return the checkpoint in the note `raw` if this policy accepts it.

        `now` (seconds since 1970) refuses cosignatures from the future, and with `max_age` an old head.

        Raises:
            MalformedNote, MalformedCheckpoint: it cannot be read.
            UnknownLog: its origin is none of ours. NotSigned, SignatureRefused, AmbiguousKeys: signatures.
            BadCosignatureTime: a cosignature more than 10 minutes ahead of `now`.
            QuorumNotMet: too few witnesses.
            StaleCheckpoint: the newest cosignature is older than `max_age`: news may be held back.

        """
        origin = parse_checkpoint(raw).origin
        keys = [key for key in self.logs if key.name == origin]
        if not keys:
            raise UnknownLog({"origin": origin})
        signed = open_checkpoint(raw, keys)
        seen = cosignatures(signed.note, list(self.witnesses.values()))
        for one in seen:
            if now is not None and one.time > now + CLOCK_LEEWAY:
                raise BadCosignatureTime({"name": one.witness.name, "time": one.time})
        if not self._is_met(self.quorum, {one.witness for one in seen}):
            raise QuorumNotMet({"quorum": self.quorum.decode("utf-8", "replace"), "got": len(seen)})
        if now is not None and max_age is not None:
            age = now - max((one.time for one in seen), default=0)
            if age > max_age:
                raise StaleCheckpoint({"age": age})
        return CheckedCheckpoint(signed, tuple(seen))

    def _is_met(self, name: bytes, seen: set[PublicKey]) -> bool:
        if name == NONE:
            return True
        if name in self.witnesses:
            return self.witnesses[name] in seen
        group = self.groups[name]
        return sum(self._is_met(member, seen) for member in group.members) >= group.threshold


class _Parser:
    """Reads a policy line by line; every name must be defined above its use, so groups cannot circle."""

    def __init__(self) -> None:
        self._line = 0
        self._logs: list[PublicKey] = []
        self._witnesses: dict[bytes, PublicKey] = {}
        self._groups: dict[bytes, Group] = {}
        self._used: set[bytes] = set()
        self._quorum: bytes | None = None
        self._urls: dict[PublicKey, str] = {}

    def parse(self, raw: bytes) -> Policy:
        if len(raw) > MAX_POLICY_BYTES or not _OCTETS.fullmatch(raw) or raw.count(b"\n") > MAX_LINES:
            raise self._wrong("size, or a control character")
        if raw and not raw.endswith(b"\n"):
            raise self._wrong("no LF at the end")
        readers: dict[bytes, Callable[[Sequence[bytes]], None]] = {
            b"log": self._read_log,
            b"witness": self._read_witness,
            b"group": self._read_group,
            b"quorum": self._read_quorum,
        }
        for line in raw.split(b"\n"):
            self._line += 1
            word, *items = [item for item in _WHITE.split(line) if item] or [b"#"]
            if word.startswith(b"#"):
                continue
            if word not in readers:
                raise self._wrong("unknown word")
            readers[word](items)
        if self._quorum is None:
            raise self._wrong("no quorum line")
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum, self._urls)

    def _read_log(self, items: Sequence[bytes]) -> None:
        key = self._key(items, KeyKind.LOG)
        if any(key.raw == other.raw for other in self._logs):
            raise self._wrong("the same log key twice")
        self._logs.append(key)

    def _read_witness(self, items: Sequence[bytes]) -> None:
        name = self._new_name(items)
        key = self._key(items[1:], KeyKind.WITNESS)
        if any(key.raw == other.raw for other in self._witnesses.values()):
            raise self._wrong("the same witness key twice")  # two names would count as two witnesses
        self._witnesses[name] = key

    def _read_group(self, items: Sequence[bytes]) -> None:
        name = self._new_name(items)
        how, members = items[1] if len(items) > 1 else b"", tuple(items[2:])
        for member in members:
            if member in self._used or not self._is_defined(member):
                raise self._wrong("member unknown, or listed twice")
            self._used.add(member)
        threshold = {b"any": 1, b"all": len(members)}.get(how, decode_decimal(how))
        if threshold is None or not 1 <= threshold <= len(members):
            raise self._wrong("threshold")
        self._groups[name] = Group(threshold, members)

    def _read_quorum(self, items: Sequence[bytes]) -> None:
        if self._quorum is not None or len(items) != 1:
            raise self._wrong("one quorum line with one name")
        if items[0] != NONE and not self._is_defined(items[0]):
            raise self._wrong("quorum unknown")
        self._quorum = items[0]

    def _new_name(self, items: Sequence[bytes]) -> bytes:
        if not items or items[0] == NONE or self._is_defined(items[0]):
            raise self._wrong("name missing, or taken")
        return items[0]

    def _is_defined(self, name: bytes) -> bool:
        return name in self._witnesses or name in self._groups

    def _key(self, items: Sequence[bytes], kind: KeyKind) -> PublicKey:
        if len(items) not in (1, 2):
            raise self._wrong("vkey and at most a URL")
        try:
            key = PublicKey.parse(items[0].decode("utf-8"))
            if len(items) > 1:
                self._urls[key] = items[1].decode("utf-8")
        except (KeyRefused, UnicodeDecodeError):
            raise self._wrong("vkey or URL") from None
        if key.kind is not kind:
            raise self._wrong("key of another role")
        return key

    def _wrong(self, why: str) -> MalformedPolicy:
        return MalformedPolicy({"line": self._line, "why": why})
