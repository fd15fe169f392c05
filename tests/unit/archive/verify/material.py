"""Small logs in memory and the bundles that belong to them: honest ones, and every kind of dishonest one."""

import copy
import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from archive import merkle
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.ledger.policy import Policy
from archive.ledger.proof import TlogProof, parse_proof
from archive.records import base64_strict, dsse, jcs, manifest
from archive.records.commit import commitment
from archive.records.keys import KeyKind, SigningKey
from archive.records.metadata import ReleaseRecord
from archive.records.statements import Statement
from archive.store import hashing
from archive.store.hashing import Digests

HOST = "mihon.example"
WHEN = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
PATH = "避難所.csv"
FILES = {PATH: "名称,人数\n中央小学校,300\n".encode() * 5_000, "readme.txt": b"hello", "空.txt": b""}
SALT = bytes(range(32))


@dataclass(frozen=True)
class City:
    """The keys of one node; another seed is another owner, even under the same host."""

    host: str
    log: SigningKey
    node: SigningKey
    agency: SigningKey

    @property
    def origin(self) -> str:
        return self.log.public.name

    @property
    def policy(self) -> Policy:
        return Policy.parse(f"log {self.log.public.vkey}\nquorum none\n".encode())


@dataclass(frozen=True)
class Release:
    """What a release is made of: its manifest with openings, its record, its body."""

    tree: manifest.Manifest
    record: bytes
    body: dict[str, Any]


def city(seed: int = 1, host: str = HOST) -> City:
    def key(role: str, kind: KeyKind) -> SigningKey:
        return SigningKey.from_seed(f"{host}/{role}", kind, merkle.leaf_hash(f"{seed} {role}".encode()))

    return City(host, key("log", KeyKind.LOG), key("node", KeyKind.STATEMENT), key("agency/bosai", KeyKind.STATEMENT))


def digests(data: bytes) -> Digests:
    return hashing.digests(hashing.blocks(io.BytesIO(data)))


def release(dataset: str = "shelters", version: int = 1, *, holds: dict[str, bytes] = FILES, **words: Any) -> Release:
    """Return a release that holds `holds`; `words` replace members of its record."""
    found = {path: digests(data) for path, data in holds.items()}
    tree = settled(
        manifest.build(
            [manifest.FileDigest(path, d.size, d.sha256, d.chunks, d.chunk_root) for path, d in found.items()]
        )
    )
    told = {
        "dataset": dataset,
        "version": version,
        "identifier": f"{HOST}/{dataset}",
        "title": {"ja": "避難所一覧", "en": "Shelters"},
        "agency": {"slug": "bosai", "title": {"ja": "防災課"}},
        "licence": "CC-BY-4.0",
        "submitted_by": {"role": "uploader", "account": base64_strict.encode(SALT)},
        "files": [{"path": path, "media_type": "text/csv", "bytes": len(data)} for path, data in sorted(holds.items())],
    }
    record = ReleaseRecord.model_validate({**told, **words}).canonical()
    body = {
        "dataset": dataset,
        "version": version,
        "manifest": base64_strict.encode(tree.commitment),
        "metadata": base64_strict.encode(commitment("metadata", SALT, record)),
        "files": len(holds),
        "bytes": sum(map(len, holds.values())),
        "licence": "CC-BY-4.0",
    }
    return Release(tree, record, body)


def settled(tree: manifest.Manifest) -> manifest.Manifest:
    """Return the manifest with salts that follow from the paths: the same bundle every time."""
    leaves = []
    for _, leaf in tree.opened:
        told = json.loads(leaf.text)
        salt = merkle.leaf_hash(b"opening" + told["path"].encode())
        told["salt"] = base64_strict.encode(merkle.leaf_hash(b"leaf" + told["path"].encode()))
        told["bytes"] = base64_strict.encode(commitment("bytes", salt, leaf.value.encode()))
        leaves.append(manifest.Leaf(jcs.canonical(told).decode(), salt, leaf.value, leaf.row_seed))
    return manifest.Manifest(tuple(leaves), SALT)


def sealed(
    by: SigningKey, kind: str, body: dict[str, Any], log: str, *, agency: str | None = None, seq: int = 0
) -> bytes:
    previous = None if seq == 0 else SALT
    return dsse.seal(Statement(kind, log, agency or by.public.name, seq, previous, WHEN, body).payload(), by).entry()


def genesis(of: City, **changes: Any) -> bytes:
    body = {
        "origin": of.origin,
        "log": [of.log.public.vkey],
        "node": [of.node.public.vkey],
        "witness": [],
        "mirror": [],
        "recovery": base64_strict.encode(SALT),
        "next": base64_strict.encode(SALT),
        "heirs": {"k": 0, "vkeys": []},
        "policy": f"log {of.log.public.vkey}\nquorum none\n",
        "specs": [],
    }
    return sealed(of.node, "genesis", {**body, **changes}, of.origin)


def add_key(of: City, key: SigningKey, by: SigningKey | None = None, **changes: Any) -> bytes:
    body = {
        "name": key.public.name,
        "vkey": key.public.vkey,
        "role": "agency",
        "custody": "custodial",
        "not_before": "2026-01-01T00:00:00Z",
    }
    return sealed(by or of.node, "add-key", {**body, **changes}, of.origin, seq=1)


def publish(of: City, published: Release, by: SigningKey | None = None, **changes: Any) -> bytes:
    return sealed(by or of.agency, "publish", {**published.body, **changes}, of.origin)


def assemble(
    of: City, entries: list[bytes], published: Release, *, keys: tuple[int, ...] = (0, 1), path: str = PATH
) -> dict[str, Any]:
    """Return the bundle of a log of `entries`, the last of which publishes."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    head = sign_checkpoint(Checkpoint(of.origin, len(leaves), merkle.root(leaves)), of.log).encode()
    proofs = [proof(head, leaves, at) for at in range(len(leaves))]
    index = published.tree.index_of(path)
    leaf = published.tree.leaves[index]
    last = len(entries) - 1
    digest = leaf.digest()
    return {
        "format": "ishibumi-evidence/1",
        "file": {"path": path, "size": digest.size, "sha256": digest.sha256.hex()},
        "release": {"dataset": published.body["dataset"], "version": published.body["version"]},
        "manifest": {
            "leaf": leaf.text,
            "opening": {"salt": base64_strict.encode(leaf.salt), "value": leaf.value},
            "index": index,
            "size": len(published.tree.leaves),
            "path": [base64_strict.encode(step) for step in published.tree.proof(index)],
            "salt": base64_strict.encode(published.tree.salt),
        },
        "record": {"text": published.record.decode(), "salt": base64_strict.encode(SALT)},
        "statement": {"entry": entries[last].decode(), "index": last},
        "keys": [{"entry": entries[at].decode(), "index": at, "proof": proofs[at]} for at in keys],
        "proof": proofs[last],
        "policy": "quorum none\n",
    }


def proof(head: bytes, leaves: list[bytes], at: int) -> str:
    hashes = tuple(merkle.inclusion_proof(leaves, at))
    whole = TlogProof(at, hashes, replace(_any_checkpoint(), raw=head))
    return whole.encode().decode()


@cache
def _any_checkpoint() -> Any:
    from tests.unit.archive.ledger.logs import PROOF_FILE

    return parse_proof(PROOF_FILE).checkpoint


@cache
def _honest() -> tuple[str, Release]:
    of, published = city(), release()
    entries = [genesis(of), add_key(of, of.agency), b"{}", b"something else", publish(of, published)]
    return json.dumps(assemble(of, entries, published)), published


def honest() -> dict[str, Any]:
    """Return a fresh copy of the bundle of `FILES[PATH]` in the log of `city()`."""
    found: dict[str, Any] = copy.deepcopy(json.loads(_honest()[0]))
    return found


def honest_release() -> Release:
    return _honest()[1]


def raw(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle, ensure_ascii=False).encode()
