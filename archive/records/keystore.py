"""Custodial keys at rest: one file a key under `keys/` (0700), sealed with AES-256-GCM under the node secret.

The node secret (32 random bytes, `node.secret`, 0600) never lies in one backup with `keys/` (ARCHITECTURE section 2).
"""

import glob
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from archive.errors import ArchiveError
from archive.records import base64_strict
from archive.records.errors import NotJson
from archive.records.keys import KeyKind, PublicKey, SigningKey

SECRET_BYTES = 32
_NONCE_BYTES = 12


class KeyNotHere(ArchiveError):
    code = "REC-050"
    ja = "鍵「{name}」がこの節点にありません。バックアップの keys/ から戻してください。"
    en = "The key {name} is not on this node. Restore it from a backup of keys/."
    zh = "此節點沒有金鑰「{name}」。請由備份的 keys/ 還原。"


class KeyLocked(ArchiveError):
    code = "REC-051"
    ja = "鍵「{name}」を開けません。node.secret が、鍵を封じたときのものと違います。"
    en = "The key {name} cannot be opened: node.secret is not the one it was sealed with."
    zh = "無法開啟金鑰「{name}」:node.secret 並非封存時所用者。"


class KeyExists(ArchiveError):
    code = "REC-052"
    ja = "鍵「{name}」はもうあります。上書きはしません。"
    en = "The key {name} exists already; it is never overwritten."
    zh = "金鑰「{name}」已存在,不會覆寫。"


class KeyStore:
    """The node's signing keys in `folder`, opened with the node secret. Owns nothing but the files."""

    def __init__(self, folder: Path, node_secret: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, b"ishibumi/keystore/v1").derive(node_secret))

    def add(self, key: SigningKey, *, follows: bool = False) -> None:
        """Seal `key` durably; with `follows` beside the others of its name. Raises KeyExists: none is ever replaced."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(key.public.name, key.public.key_id.hex() if follows else "")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        kind = key.public.kind.name
        sealed = self._cipher.encrypt(nonce, key.seed, f"{key.public.name}\n{kind}".encode())
        content = json.dumps(
            {
                "v": 1,
                "name": key.public.name,
                "kind": kind,
                "vkey": key.public.vkey,
                "nonce": base64_strict.encode(nonce),
                "sealed": base64_strict.encode(sealed),
            }
        )
        try:
            write_secret(path, content)
        except FileExistsError as taken:
            raise KeyExists({"name": key.public.name}) from taken

    def load(self, name: str, keyid: str = "") -> SigningKey:
        """Return the first key called `name`, or that of its keys whose ID is `keyid` (8 hex digits).

        Raises:
            KeyNotHere: no such file, or one that cannot be read as a key.
            KeyLocked: the node secret is another one.

        """
        path = self._path(name)
        if keyid and keyid not in (each.key_id.hex() for each in self._publics(path)):
            path = self._path(name, keyid)
        try:
            found = json.loads(path.read_text())
            kind = KeyKind[found["kind"]]
            nonce, sealed = base64_strict.decode(found["nonce"]), base64_strict.decode(found["sealed"])
        except (OSError, ValueError, KeyError, NotJson) as missing:
            raise KeyNotHere({"name": name}) from missing
        try:
            seed = self._cipher.decrypt(nonce, sealed, f"{name}\n{kind.name}".encode())
        except InvalidTag as wrong:
            raise KeyLocked({"name": name}) from wrong
        return SigningKey.from_seed(name, kind, seed)

    def names(self) -> list[str]:
        """Return the names of all keys here, sorted."""
        return sorted({json.loads(path.read_text())["name"] for path in self._folder.glob("*.key")})

    def held(self, name: str) -> list[PublicKey]:
        """Return the public halves of the keys called `name` that lie here, the first one first."""
        following = sorted(self._folder.glob(glob.escape(self._path(name, "").stem) + "+*.key"))
        return self._publics(self._path(name), *following)

    def _publics(self, *paths: Path) -> list[PublicKey]:
        return [PublicKey.parse(json.loads(path.read_text())["vkey"]) for path in paths if path.exists()]

    def _path(self, name: str, keyid: str = "") -> Path:
        return self._folder / (name.replace("/", "~") + (f"+{keyid}" if keyid else "") + ".key")


def read_or_make_secret(path: Path, *, make: bool) -> bytes:
    """Return the node secret in `path` (hex); with `make`, write a fresh one (0600) if there is none.

    Raises:
        KeyNotHere: there is none, or it is not 32 bytes in hex.

    """
    if make and not path.exists():
        write_secret(path, secrets.token_hex(SECRET_BYTES) + "\n")
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as missing:
        raise KeyNotHere({"name": path.name}) from missing
    if len(secret) != SECRET_BYTES:
        raise KeyNotHere({"name": path.name})
    return secret


def write_secret(path: Path, content: str) -> None:
    """Write a file that only we may read (0600): it is there whole and durable, or not at all.

    Raises:
        FileExistsError: it was there before; it is never overwritten.

    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _fsync_folder(path.parent)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
