"""What a `renew` statement covers: every entry before it, and the tokens that will not change, all hashed by SHA-512.

Which tokens, in which order, is kept beside the anchors in `anchor/renewals/<root>`, named by the root of their tree:
tokens that come later, or a promise that a block keeps, change nothing of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.ledger import renewal
from archive.ledger.anchor import folder
from archive.ledger.anchor.finding import RFC3161
from archive.ledger.anchor.folder import Kept
from archive.ledger.disk import LocalDisk
from archive.ledger.errors import LedgerError

_LINE = re.compile(r"([1-9][0-9]{0,18}) ([a-z0-9-]{1,40})")
_MAX_LIST = 16 * 1024 * 1024


class NothingToRenew(LedgerError):
    code = "LED-142"
    ja = "更新する時刻の証明がありません。先に `ishibumi log anchor --now` で証明を受けてください。"
    en = "There is no proof of time to renew. Get one first: `ishibumi log anchor --now`."
    zh = "沒有可更新的時間證明。請先執行 `ishibumi log anchor --now`。"


@dataclass(frozen=True)
class Way:
    """Where a token stands below a renewal's `anchors`: its number, how many there are, and the hashes to the root."""

    index: int
    count: int
    path: tuple[bytes, ...]


def write_list(log: Path) -> bytes:
    """Keep which tokens a renewal made now covers, and return the root over them. Raises NothingToRenew, OSError."""
    tokens = [kept for kept in folder.kept(log) if kept.kind == RFC3161]
    if not tokens:
        raise NothingToRenew
    root = renewal.root([renewal.leaf_hash(kept.token) for kept in tokens])
    disk, place = LocalDisk(), log / folder.FOLDER / folder.RENEWALS
    disk.make_folder(place)
    disk.sync_folder(place.parent)
    text = "".join(f"{kept.size} {kept.by}\n" for kept in tokens).encode()
    if not (place / root.hex()).exists():
        disk.write(place / f".{root.hex()}.new", text)
        disk.rename(place / f".{root.hex()}.new", place / root.hex())
        disk.sync_folder(place)
    return root


def entries_root(entries: Iterable[bytes]) -> bytes:
    """Return the root over the entries of a log."""
    return renewal.root([renewal.leaf_hash(entry) for entry in entries])


def ways(log: Path, root: bytes, wanted: Sequence[bytes]) -> dict[bytes, Way]:
    """Return the way of each of the `wanted` tokens to a renewal's `root`; those that it does not cover are left out.

    A list that is missing or was changed, so that it does not give the root, covers nothing.
    """
    tokens = _listed(log, root)
    leaves = [renewal.leaf_hash(token) for token in tokens]
    if not leaves or renewal.root(leaves) != root:
        return {}
    found = {}
    for token in wanted:
        if token in tokens:
            index = tokens.index(token)
            found[token] = Way(index, len(leaves), tuple(renewal.path(leaves, index)))
    return found


def _listed(log: Path, root: bytes) -> list[bytes]:
    try:
        with (log / folder.FOLDER / folder.RENEWALS / root.hex()).open("rb") as file:
            lines = file.read(_MAX_LIST).decode("ascii").split("\n")[:-1]
    except (OSError, UnicodeDecodeError):
        return []
    found: list[bytes] = []
    of_size: dict[str, list[Kept]] = {}
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None:
            return []
        size, by = parts.groups()
        if size not in of_size:
            of_size[size] = folder.of_size(log, int(size))
        found += [kept.token for kept in of_size[size] if (kept.kind, kept.by) == (RFC3161, by)]
    return found
