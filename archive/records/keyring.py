"""Which key may speak for whom, told by the log alone: genesis, then the add-key statements in their order."""

from collections.abc import Mapping
from dataclasses import dataclass

from archive.records.errors import BadStatement, KeyNotAllowed, UnknownKey
from archive.records.keys import PublicKey
from archive.records.statements import Statement

NODE_TYPES = frozenset({"genesis", "add-key"})
AGENCY_TYPES = frozenset({"publish", "amend", "withdraw", "add-key"})


@dataclass(frozen=True)
class KeyRing:
    """The statement keys in force after some prefix of a log; immutable: `admit` gives the next one.

    `keys` maps (name, key ID in hex) to (public key, index of the statement that added it).
    """

    log: str
    keys: Mapping[tuple[str, str], tuple[PublicKey, int]]

    @classmethod
    def from_genesis(cls, statement: Statement) -> "KeyRing":
        """Return the keys that leaf 0 declares for the node's own statements. Raises BadStatement."""
        if statement.type != "genesis":
            raise BadStatement({"member": "type", "why": "leaf 0 is genesis"})
        keys = [PublicKey.parse(vkey) for vkey in statement.body["node"]]
        return cls(statement.log, {(key.name, key.key_id.hex()): (key, 0) for key in keys})

    def signer(self, statement: Statement, keyid: str) -> PublicKey:
        """Return the key that must have signed `statement`.

        Raises:
            UnknownKey: no key of this name and ID was added before.
            KeyNotAllowed: its kind may not sign this type, or it signs for another log.

        """
        found = self.keys.get((statement.agency, keyid))
        if found is None:
            raise UnknownKey({"name": statement.agency, "keyid": keyid})
        allowed = AGENCY_TYPES if _is_agency(statement.agency) else NODE_TYPES
        if statement.type not in allowed or statement.log != self.log:
            raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
        if statement.type == "add-key":
            _check_may_add(statement)
        return found[0]

    def added_at(self, name: str, keyid: str) -> int:
        """Return the index of the statement that brought the key. Raises UnknownKey."""
        found = self.keys.get((name, keyid))
        if found is None:
            raise UnknownKey({"name": name, "keyid": keyid})
        return found[1]

    def admit(self, statement: Statement, index: int) -> "KeyRing":
        """Return the ring after `statement` became leaf `index`. Raises BadStatement for an impossible key."""
        if statement.type != "add-key":
            return self
        key = PublicKey.parse(statement.body["vkey"])
        if key.name != statement.body["name"]:
            raise BadStatement({"member": "body.vkey", "why": "names another key"})
        return KeyRing(self.log, {**self.keys, (key.name, key.key_id.hex()): (key, index)})


def _is_agency(name: str) -> bool:
    return "/agency/" in name


def _check_may_add(statement: Statement) -> None:
    """An agency may add keys of its own name only; the node may add an agency's (LEDGER D3)."""
    name, role = statement.body["name"], statement.body["role"]
    if _is_agency(statement.agency) and (name != statement.agency or role != "agency"):
        raise KeyNotAllowed({"name": statement.agency, "type": statement.type})
    if role == "agency" and not _is_agency(name):
        raise BadStatement({"member": "body.name", "why": "an agency's key is named <host>/agency/<slug>"})
