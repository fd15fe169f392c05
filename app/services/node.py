"""A new node: folders, secret, keys, an empty log and its first leaf, genesis. Origin and genesis are final."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import select

from app.db.accounts import Agency
from app.db.engine import migrate, transaction
from app.errors import AppError
from app.ports import Clock
from app.services import names
from app.services.folders import Folders
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import StatementCheck, read_statement
from archive.ledger.witness_state import SqliteWitnessState
from archive.ledger.writer import create_log, open_log
from archive.objects.root import StorageRoot
from archive.records import base64_strict, dsse
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.records.keystore import KeyStore, read_or_make_secret, write_secret
from archive.records.statements import Statement
from archive.store.disk import LocalDisk

SPECS = ["c2sp.org/tlog-tiles@v0.1.0", "c2sp.org/tlog-checkpoint@v1.0.0", "c2sp.org/signed-note@v1.0.0"]
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:[0-9]{1,5})?")


class NodeExists(AppError):
    code = "APP-050"
    ja = "{folder} にはもう節点があります(名前: {host})。名前は変えられません。"
    en = "There is a node in {folder} already (named {host}); its name is final."
    zh = "{folder} 已有節點(名稱:{host}),名稱不可更改。"


class NoNode(AppError):
    code = "APP-051"
    ja = "{folder} に節点がありません。ISHIBUMI_DATA_DIR を確かめるか、初めてなら `ishibumi init` を実行してください。"
    en = "There is no node in {folder}. Check ISHIBUMI_DATA_DIR, or run `ishibumi init` if this is the first time."
    zh = "{folder} 中沒有節點。請確認 ISHIBUMI_DATA_DIR;若為首次使用,請執行 `ishibumi init`。"


class BadHost(AppError):
    code = "APP-052"
    ja = "節点の名前「{host}」はホスト名(例: data.city.example.jp)にしてください。"
    en = "The node's name {host} must be a host name, such as data.city.example.jp."
    zh = "節點名稱「{host}」須為主機名稱(例:data.city.example.jp)。"


@dataclass(frozen=True)
class NewNode:
    """What `init` made: the host, the log's public key, and the two files to move off the machine."""

    host: str
    log_vkey: str
    recovery_file: Path
    next_key_file: Path


def create(folders: Folders, engine: sa.Engine, host: str, clock: Clock) -> NewNode:
    """Make the node called `host`. Running it again after a crash goes on; after success it refuses.

    Raises:
        NodeExists, BadHost.

    """
    if not _HOST.fullmatch(host):
        raise BadHost({"host": host[:80]})
    if (folders.log / "checkpoint").exists() and LogReader(folders.log).checkpoint().size:
        raise NodeExists({"folder": str(folders.data), "host": host_of(folders)})
    for folder in (folders.data, folders.data / "archive", folders.staging, folders.cache):
        folder.mkdir(parents=True, exist_ok=True)
    folders.data.chmod(0o700)
    store = KeyStore(folders.keys, read_or_make_secret(folders.node_secret, make=True))
    log_key = _key(store, names.log_origin(host), KeyKind.LOG)
    node_key = _key(store, names.node_key(host), KeyKind.STATEMENT)
    if not folders.objects.exists() or not any(folders.objects.iterdir()):
        StorageRoot.create(folders.objects, folders.staging, LocalDisk())
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).touch(mode=0o600)  # nobody else's, also when the folder is opened for a web server
    migrate(engine)
    if not folders.log.exists() or not any(folders.log.iterdir()):
        create_log(folders.log, folders.log_state, log_key, lambda: clock.now().timestamp())
    SqliteWitnessState.create(folders.log_state)  # before the key: a witness without memory would sign the past again
    witness_key = _key(store, names.witness_key(host), KeyKind.WITNESS)
    recovery = offline_key(folders.data / "recovery-key.txt", f"{host}/recovery")
    following = offline_key(folders.data / "next-log-key.txt", names.log_origin(host))
    genesis = _genesis(host, log_key.public, node_key, witness_key.public, clock, recovery, following)
    origin = names.log_origin(host)
    with open_log(
        folders.log, folders.log_state, log_key, lambda: clock.now().timestamp(), StatementCheck(origin)
    ) as log:
        if log.size == 0:
            log.append([genesis])
    return NewNode(host, log_key.public.vkey, folders.data / "recovery-key.txt", folders.data / "next-log-key.txt")


def unfinished(folders: Folders, engine: sa.Engine, host: str) -> NewNode:
    """Return the node that a crash left without its first agency. Raises NodeExists when it is finished or another."""
    migrate(engine)
    with transaction(engine) as session:
        finished = session.exec(select(Agency)).first() is not None
    if finished or host_of(folders) != host:
        raise NodeExists({"folder": str(folders.data), "host": host_of(folders)})
    key = log_key_of(folders)
    return NewNode(host, key.vkey, folders.data / "recovery-key.txt", folders.data / "next-log-key.txt")


def host_of(folders: Folders) -> str:
    """Return the node's name, as genesis says it. Raises NoNode."""
    if not (folders.log / "checkpoint").exists() or LogReader(folders.log).checkpoint().size == 0:
        raise NoNode({"folder": str(folders.data)})
    return str(read_statement(LogReader(folders.log).entry(0)).body["origin"]).removesuffix("/log")


def log_key_of(folders: Folders) -> PublicKey:
    """Return the log's public key, as genesis says it: what the node itself pins. Raises NoNode."""
    host_of(folders)
    return PublicKey.parse(read_statement(LogReader(folders.log).entry(0)).body["log"][0])


def policy_text(vkey: str) -> str:
    """Return the policy of a node without witnesses, in C2SP tlog-policy syntax."""
    return f"log {vkey}\nquorum none\n"


def _key(store: KeyStore, name: str, kind: KeyKind) -> SigningKey:
    if name not in store.names():
        store.add(SigningKey.generate(name, kind))
    return store.load(name)


def offline_key(path: Path, name: str) -> bytes:
    """Write a key to be moved off the machine (0600), once, and return the SHA-256 of its public half."""
    if not path.exists():
        made = SigningKey.generate(name, KeyKind.STATEMENT)
        write_secret(path, json.dumps({"name": name, "seed": made.seed.hex(), "public": made.public.raw.hex()}) + "\n")
    return hashlib.sha256(bytes.fromhex(json.loads(path.read_text())["public"])).digest()


def _genesis(
    host: str,
    log_key: PublicKey,
    node_key: SigningKey,
    witness_key: PublicKey,
    clock: Clock,
    recovery: bytes,
    following: bytes,
) -> bytes:
    statement = Statement(
        type="genesis",
        log=names.log_origin(host),
        agency=names.node_key(host),
        seq=0,
        prev=None,
        time=clock.now(),
        body={
            "origin": names.log_origin(host),
            "log": [log_key.vkey],
            "node": [node_key.public.vkey],
            "witness": [witness_key.vkey],
            "mirror": [],
            "recovery": base64_strict.encode(recovery),
            "next": base64_strict.encode(following),
            "heirs": {"k": 0, "vkeys": []},
            "policy": policy_text(log_key.vkey),
            "specs": SPECS,
        },
    )
    return dsse.seal(statement.payload(), node_key).entry()
