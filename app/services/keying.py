"""The saga of a new agency: its custodial key, its public record in the archive, its add-key statement."""

import json
from dataclasses import dataclass

import sqlalchemy as sa

from app.db.accounts import Agency
from app.db.catalogue import Inscription
from app.db.engine import transaction
from app.ports import Clock
from app.services import names
from app.services.inscribing import Scribe
from app.services.names import NODE_USER
from archive.objects import layout
from archive.objects.commit import commit
from archive.objects.root import StorageRoot
from archive.records import jcs
from archive.records.keys import KeyKind, SigningKey
from archive.records.keystore import KeyNotHere, KeyStore
from archive.records.statements import format_time


@dataclass(frozen=True)
class KeyAdder:
    """Everything the steps need; made once per worker."""

    engine: sa.Engine
    root: StorageRoot
    keys: KeyStore
    scribe: Scribe
    clock: Clock
    host: str

    def make_key(self, slug: str) -> None:
        """The agency's custodial key lies sealed in the key store."""
        name = names.agency_key(self.host, slug)
        try:
            self.keys.load(name)
        except KeyNotHere:
            self.keys.add(SigningKey.generate(name, KeyKind.STATEMENT))

    def commit(self, slug: str) -> None:
        """The agency's public record lies in the archive, so that `rebuild` knows it before its first release."""
        with transaction(self.engine) as session:
            agency = session.get_one(Agency, slug)
        record = {
            "v": 1,
            "slug": slug,
            "title": agency.title,
            "approvals": agency.approvals,
            "created_at": format_time(agency.created_at),
        }
        commit(
            self.root,
            layout.AGENCY + slug,
            f"agency-{slug}",
            {"agency.json": jcs.canonical(record)},
            message="agency",
            user=NODE_USER,
            created=agency.created_at,
        )

    def inscribe(self, slug: str) -> None:
        """The log says whose the key is, signed by the node."""
        name = names.agency_key(self.host, slug)
        key = self.keys.load(name).public
        with transaction(self.engine) as session:
            row = session.get(Inscription, f"key-{slug}")
        body = row.body if row else self._body(name, key.vkey)
        self.scribe.inscribe(f"key-{slug}", "add-key", names.node_key(self.host), body)

    def _body(self, name: str, vkey: str) -> str:
        return json.dumps(
            {
                "name": name,
                "vkey": vkey,
                "role": "agency",
                "custody": "custodial",
                "not_before": format_time(self.clock.now()),
            }
        )
