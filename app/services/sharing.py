"""Secrets in the hands of several officials: split, joined, and the drill that shows that the shares are good."""

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.services.folders import Folders
from archive.errors import ArchiveError
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.records import base64_strict
from archive.records.keyring import KeyRing
from archive.records.keys import KeyKind, SigningKey
from archive.records.keystore import KeyStore, read_or_make_secret, write_secret
from archive.records.shares import MAX_TEXT, BadShare, NotASecret, Secret, SecretKind, Share, join, split


@dataclass(frozen=True)
class Drill:
    """Whether the restored secret is the one this node lives by, and what was held against it."""

    name: str
    is_right: bool
    held_against: str


def split_file(path: Path, shares: int, threshold: int, folder: Path) -> list[Path]:
    """Write the shares of the secret in `path` as files (0600) in `folder`, and return them.

    Raises NotASecret, BadSplit; FileExistsError: nothing is overwritten.
    """
    made = split(_read_secret(path), shares, threshold)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = [folder / f"{path.stem}-share-{each.index}-of-{shares}.txt" for each in made]
    for taken in files:
        if taken.exists():
            raise FileExistsError(taken)
    for each, file in zip(made, files, strict=True):
        write_secret(file, each.text())
    return files


def join_files(paths: list[Path], out: Path) -> Secret:
    """Write the file that the shares in `paths` restore (0600), and return the secret. Raises as `join`, BadShare."""
    secret = join([_read_share(path) for path in paths])
    write_secret(out, secret.content())
    return secret


def drill(paths: list[Path], folders: Folders, ring: KeyRing, log: LogReader) -> Drill:
    """Restore from shares into a folder that is gone afterwards, and try what was restored on this node.

    The node secret must open every key in the key store; an offline key must be one whose hash the log names.
    Raises as `join_files`.
    """
    with tempfile.TemporaryDirectory(prefix="ishibumi-drill-") as folder:
        secret = join_files(paths, Path(folder) / "restored")
        if secret.kind is SecretKind.NODE_SECRET:
            store = KeyStore(folders.keys, read_or_make_secret(Path(folder) / "restored", make=False))
            return Drill(secret.name, _opens(store), f"{len(store.names())} names in the key store")
    named = {base64_strict.decode(read_statement(log.entry(0)).body["recovery"], 32), ring.next_log}
    public = SigningKey.from_seed(secret.name, KeyKind.STATEMENT, secret.value).public
    return Drill(secret.name, sha256(public.raw).digest() in named, "recovery and next key that the log names")


def _opens(store: KeyStore) -> bool:
    try:
        opened = [store.load(name, key.key_id.hex()) for name in store.names() for key in store.held(name)]
    except ArchiveError:
        return False
    return bool(opened)


def _read_secret(path: Path) -> Secret:
    try:
        with path.open("rb") as source:
            return Secret.read(source.read(MAX_TEXT), path.name)
    except OSError:
        raise NotASecret({"file": path.name}) from None


def _read_share(path: Path) -> Share:
    try:
        with path.open("rb") as source:
            return Share.parse(source.read(MAX_TEXT + 1).decode())
    except (OSError, UnicodeDecodeError):
        raise BadShare({"why": path.name}) from None
