"""The saga of a change of keys: make the new one, have the log say so, end the old one, done. Each step can run again.

A key lies sealed in the key store before any statement speaks of it, and a key is ended only when the log has the next.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.db.engine import locked_one, transaction
from app.db.keys import KeyAction, KeyChange
from app.ports import Clock
from app.services import names
from app.services.accounts import record
from app.services.errors import NoKeyInForce
from app.services.inscribing import Scribe
from archive.records import base64_strict
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.records.keystore import KeyStore
from archive.records.statements import format_time


@dataclass(frozen=True)
class KeyChanger:
    """Everything the steps need; made once per worker."""

    engine: sa.Engine
    keys: KeyStore
    scribe: Scribe
    clock: Clock
    host: str

    def steps(self) -> Sequence[tuple[str, Callable[[str], None]]]:
        """Return the steps in their order."""
        return [
            ("key", self.make_key),
            ("add", self.add),
            ("heads", self.sign_heads),
            ("revoke", self.revoke),
            ("done", self.finish),
        ]

    def make_key(self, change_id: str) -> None:
        """The new key lies sealed in the key store, and the wish names it."""
        change = self._load(change_id)
        if change.action != KeyAction.ROTATE or change.vkey:
            return
        key = self._left_over(change.name) or self._made(change.name)
        with transaction(self.engine) as session:
            change = locked_one(session, KeyChange, change_id)
            change.vkey = key.vkey
            session.add(change)

    def add(self, change_id: str) -> None:
        """The log knows the new key, by the word of the one before it, or of the node where there is none."""
        change = self._load(change_id)
        if change.action == KeyAction.REVOKE or change.log_index is not None:
            return
        found = self.scribe.inscribe(self._added(change), "add-key", self._signer(change.name), self._add_body(change))
        self._stands_at(change_id, found.log_index)

    def sign_heads(self, change_id: str) -> None:
        """The log's heads carry a signature by each of its keys that is in force."""
        if self._load(change_id).name == self.scribe.origin:
            self.scribe.sign_heads()

    def revoke(self, change_id: str) -> None:
        """The log says that the old key is ended, and from where on it is doubtful."""
        change = self._load(change_id)
        if not change.keyid or change.done_at is not None:
            return

        def body(index: int) -> str:
            said = {"name": change.name, "keyid": change.keyid, "reason": change.reason}
            return json.dumps({**said, "invalid_from_index": change.from_index or index})

        # A wish to revoke is the node's to carry out: the key itself may be in a thief's hands, or the last one.
        signer = change.name if change.action == KeyAction.ROTATE else names.node_key(self.host)
        found = self.scribe.inscribe(f"{change.id}-end", "revoke-key", signer, body)
        if change.action == KeyAction.REVOKE:
            self._stands_at(change_id, found.log_index)

    def finish(self, change_id: str) -> None:
        """The wish is done; another one about the same keys may come."""
        self.sign_heads(change_id)
        with transaction(self.engine) as session:
            change = locked_one(session, KeyChange, change_id)
            if change.done_at is None:
                change.done_at = self.clock.now()
                session.add(change)
                record(session, "worker", f"key.{change.action}.done", change.name, self.clock.now())

    def _made(self, name: str) -> PublicKey:
        key = SigningKey.generate(name, KeyKind.STATEMENT)
        self.keys.add(key, follows=True)
        return key.public

    def _left_over(self, name: str) -> PublicKey | None:
        """Return a key that lies here and that no statement speaks of: a run that died had made it."""
        known = {place for place in self.scribe.log_keys.ring().keys if place[0] == name}
        held = [each for each in self.keys.held(name) if (name, each.key_id.hex()) not in known]
        return held[0] if held else None

    def _signer(self, name: str) -> str:
        if name == self.scribe.origin:  # a log's key signs heads and nothing else
            return names.node_key(self.host)
        try:
            self.scribe.signing_key(name)
        except NoKeyInForce:
            return names.node_key(self.host)
        return name

    def _add_body(self, change: KeyChange) -> str:
        own = {names.node_key(self.host): "node", self.scribe.origin: "log"}
        body = {
            "name": change.name,
            "vkey": change.vkey,
            "role": own.get(change.name, "agency"),
            "custody": "own" if change.action == KeyAction.ADD else "custodial",
            "not_before": format_time(self.clock.now()),
        }
        if change.following:
            body["next"] = base64_strict.encode(bytes.fromhex(change.following))
        return json.dumps(body)

    @staticmethod
    def _added(change: KeyChange) -> str:
        return f"{change.id}-add"

    def _load(self, change_id: str) -> KeyChange:
        with transaction(self.engine) as session:
            return session.get_one(KeyChange, change_id)

    def _stands_at(self, change_id: str, index: int) -> None:
        with transaction(self.engine) as session:
            change = locked_one(session, KeyChange, change_id)
            change.log_index = index
            session.add(change)
