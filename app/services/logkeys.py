"""The log's next key, chosen when the present one was (pre-rotation): brought back from where it was kept."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.services.errors import BadKeyWish
from app.services.folders import Folders
from app.services.node import offline_key
from archive.errors import ArchiveError
from archive.records.keyring import KeyRing
from archive.records.keys import KeyKind, PublicKey, SigningKey
from archive.records.keystore import KeyStore

_MAX_BYTES = 4_096


@dataclass(frozen=True)
class Brought:
    """The key that is to follow, sealed in the key store, and the hash and the file of the one after it."""

    key: PublicKey
    following: bytes
    following_file: Path


def bring(path: Path, folders: Folders, keys: KeyStore, ring: KeyRing) -> Brought:
    """Seal the key in `path` in the key store, and write the one after it beside the data, to be moved away (0600).

    Doing it again gives the same answer.

    Raises:
        BadKeyWish: the file is none of ours, or holds another key than the one the log named. Nothing was changed.

    """
    key = _read(path, ring.log)
    if sha256(key.public.raw).digest() != ring.next_log:
        raise BadKeyWish({"why": "not the key whose hash the log has named as its next / 台帳が予告した鍵と違います"})
    if key.public not in keys.held(ring.log):
        keys.add(key, follows=True)
    file = folders.data / f"next-log-key-after-{key.public.key_id.hex()}.txt"
    return Brought(key.public, offline_key(file, ring.log), file)


def _read(path: Path, origin: str) -> SigningKey:
    """Read the file; what is wrong with it never says what is in it."""
    try:
        with path.open("rb") as source:
            seed = bytes.fromhex(json.loads(source.read(_MAX_BYTES))["seed"])
        return SigningKey.from_seed(origin, KeyKind.LOG, seed)
    except (OSError, ValueError, LookupError, TypeError, ArchiveError):
        raise BadKeyWish({"why": f"{path.name}: next-log-key.txt?"}) from None
