"""Which key may speak for whom, told by the log alone: genesis, then add-key, revoke-key and seal in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from archive.records import base64_strict
from archive.records.errors import BadStatement, KeyNotAllowed, KeyNotYetValid, KeyRevoked, UnknownKey
from archive.records.keys import KeyKind, PublicKey
from archive.records.statements import Statement, parse_time

NODE_TYPES = frozenset({"genesis", "add-key", "revoke-key", "erase", "renew", "peer", "seal"})
AGENCY_TYPES = frozenset({"publish", "amend", "withdraw", "erase", "add-key", "revoke-key"})
RING_TYPES = frozenset({"genesis", "add-key", "revoke-key", "seal"})
"""The types that change the ring; all others leave it as it is."""

_KINDS = {
    "log": KeyKind.LOG,
    "witness": KeyKind.WITNESS,
    "mirror": KeyKind.WITNESS,
    "node": KeyKind.STATEMENT,
    "agency": KeyKind.STATEMENT,
}


@dataclass(frozen=True)
class Registered:
    """A key, the statement that brought it, and what was said of it since.

    `void_from` is the index from which statements of a revoked key are doubtful, `revoked_at` the index of the
    revocation itself: between the two lies what was inscribed before anybody knew.
    """

    key: PublicKey
    index: int
    role: str
    custody: str
    not_before: datetime | None = None
    void_from: int | None = None
    revoked_at: int | None = None
    reason: str = ""

    def is_doubtful(self, index: int) -> bool:
        """Tell whether a statement that this key signed, and that stands at `index`, is doubtful."""
        return self.void_from is not None and index >= self.void_from


@dataclass(frozen=True)
class KeyRing:
    """The keys in force after some prefix of a log; immutable: `admit` gives the next one.

    `keys` maps (name, key ID in hex) to what is known of the key. `next_log` is the SHA-256 of the only key that may
    become the log's next one; who steals the present key cannot choose it. `sealed_at` is the index of the seal.
    """

    log: str
    keys: Mapping[tuple[str, str], Registered]
    next_log: bytes
    sealed_at: int | None = None

    @classmethod
    def from_genesis(cls, statement: Statement) -> "KeyRing":
        """Return the keys that leaf 0 declares. Raises BadStatement, KeyRefused."""
        if statement.type != "genesis":
            raise BadStatement({"member": "type", "why": "leaf 0 is genesis"})
        found = {}
        for role in ("node", "log", "witness", "mirror"):
            for vkey in statement.body[role]:
                key = _key(vkey, role)
                found[key.name, key.key_id.hex()] = Registered(key, 0, role, "custodial")
        return cls(statement.log, found, base64_strict.decode(statement.body["next"], 32))

    @property
    def log_keys(self) -> tuple[PublicKey, ...]:
        """Every key that may sign the log's heads, the oldest first; revoked ones among them, for old heads."""
        return tuple(each.key for each in self.keys.values() if each.role == "log" and each.key.name == self.log)

    def in_force(self, name: str) -> tuple[Registered, ...]:
        """Return the keys called `name` that were not taken back, the newest first."""
        alive = [each for each in self.keys.values() if each.key.name == name and each.revoked_at is None]
        return tuple(reversed(alive))

    def signer(self, statement: Statement, keyid: str) -> PublicKey:
        """Return the key that must have signed `statement`.

        Raises:
            UnknownKey: no key of this name and ID was added before.
            KeyRevoked: it was taken back. KeyNotYetValid: the statement is older than the key's first day.
            KeyNotAllowed: its kind may not sign this type, or it signs for another log.

        """
        found = self.registered(statement.agency, keyid)
        if found.revoked_at is not None:
            raise KeyRevoked({"name": statement.agency, "keyid": keyid, "index": found.revoked_at})
        if found.not_before is not None and statement.time < found.not_before:
            raise KeyNotYetValid({"name": statement.agency, "keyid": keyid})
        allowed = AGENCY_TYPES if _is_agency(statement.agency) else NODE_TYPES
        if statement.type not in allowed or statement.log != self.log:
            raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
        if statement.type in ("add-key", "revoke-key"):
            _check_may_change(statement)
        return found.key

    def registered(self, name: str, keyid: str) -> Registered:
        """Return what is known of a key. Raises UnknownKey."""
        found = self.keys.get((name, keyid))
        if found is None:
            raise UnknownKey({"name": name, "keyid": keyid})
        return found

    def added_at(self, name: str, keyid: str) -> int:
        """Return the index of the statement that brought the key. Raises UnknownKey."""
        return self.registered(name, keyid).index

    def admit(self, statement: Statement, index: int) -> "KeyRing":
        """Return the ring after `statement` became leaf `index`. Raises BadStatement, KeyRefused, UnknownKey."""
        if statement.type == "add-key":
            return self._added(statement, index)
        if statement.type == "revoke-key":
            return self._revoked(statement, index)
        if statement.type == "seal":
            if statement.body["size"] != index:
                raise BadStatement({"member": "body.size", "why": "not the number of statements before it"})
            return replace(self, sealed_at=index)
        return self

    def _added(self, statement: Statement, index: int) -> "KeyRing":
        body = statement.body
        key = _key(body["vkey"], body["role"])
        place = (key.name, key.key_id.hex())
        if key.name != body["name"]:
            raise BadStatement({"member": "body.vkey", "why": "names another key"})
        if place in self.keys:
            raise BadStatement({"member": "body.vkey", "why": "was added before"})
        following = self.next_log
        if body["role"] == "log":
            if key.name != self.log or sha256(key.raw).digest() != self.next_log:
                raise BadStatement({"member": "body.vkey", "why": "not the key that was chosen before as the next one"})
            if "next" not in body:
                raise BadStatement({"member": "body.next", "why": "missing: a log's key names the one after it"})
            following = base64_strict.decode(body["next"], 32)
        not_before = parse_time("body.not_before", body["not_before"])
        added = Registered(key, index, body["role"], body["custody"], not_before)
        return replace(self, keys={**self.keys, place: added}, next_log=following)

    def _revoked(self, statement: Statement, index: int) -> "KeyRing":
        body = statement.body
        place = (body["name"], body["keyid"])
        known = self.registered(*place)
        if known.revoked_at is not None:
            raise BadStatement({"member": "body.keyid", "why": "was revoked before"})
        if not known.index < body["invalid_from_index"] <= index:
            raise BadStatement({"member": "body.invalid_from_index", "why": "after the key came, and not to come"})
        alive = [each for each in self.keys.values() if each.role == known.role and each.revoked_at is None]
        if known.role in ("node", "log") and len(alive) == 1:
            raise BadStatement({"member": "body.keyid", "why": "the last key of its role: add the next one first"})
        gone = replace(known, void_from=body["invalid_from_index"], revoked_at=index, reason=body["reason"])
        return replace(self, keys={**self.keys, place: gone})


def _key(vkey: str, role: str) -> PublicKey:
    key = PublicKey.parse(vkey)
    if key.kind is not _KINDS[role]:
        raise BadStatement({"member": "vkey", "why": f"not the kind of key for the role {role}"})
    return key


def _is_agency(name: str) -> bool:
    return "/agency/" in name


def _check_may_change(statement: Statement) -> None:
    """An agency may add and revoke keys of its own name only; the node may those of an agency too (LEDGER D3)."""
    name = statement.body["name"]
    if _is_agency(statement.agency) and name != statement.agency:
        raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
    if statement.type == "revoke-key":
        return
    role = statement.body["role"]
    if _is_agency(statement.agency) and role != "agency":
        raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
    if (role == "agency") != _is_agency(name):
        raise BadStatement({"member": "body.name", "why": "an agency's key is named <host>/agency/<slug>"})
