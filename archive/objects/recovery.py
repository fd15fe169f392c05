"""Bringing an object into order after a crash: roll forward what is whole, quarantine the rest."""

import contextlib
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ArchiveError
from archive.objects import inventory as inventories
from archive.objects import layout
from archive.objects.errors import BadInventory, DamagedObject
from archive.objects.inventory import Inventory
from archive.objects.root import StorageRoot, load_inventory, version_numbers
from archive.store.disk import make_folders, remove_tree, write_durably

_MARK = "mark.json"
_MAX_MARK = 4096


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery found: the newest whole version, and the version folders it moved to quarantine."""

    object_id: str
    head: int
    rolled_forward: bool
    quarantined: tuple[str, ...] = ()


def recover(root: StorageRoot, object_id: str) -> Recovered | None:
    """Bring one object into order, waiting for its writer; None if nothing of it ever became visible.

    Raises:
        DamagedObject: no version is whole; nothing was moved.

    """
    with root.locked(layout.parse_id(object_id)[0]):
        return recover_locked(root, object_id)


def recover_all(root: StorageRoot) -> list[Recovered]:
    """Bring every object with a commit mark into order; those being written right now are left."""
    root.require_marker()
    found: list[Recovered] = []
    for work in sorted((root.staging / "commits").iterdir()):
        object_id = _marked(root, work)
        if object_id is None:
            # The mark is durable before anything else is done: without one, nothing was.
            remove_tree(root.disk, work)
            continue
        dataset, _ = layout.parse_id(object_id)
        with root.locked(dataset, wait=False) as mine:
            if mine:
                recovered = recover_locked(root, object_id)
                found.extend([recovered] if recovered else [])
                remove_tree(root.disk, work)
    return found


def recover_locked(root: StorageRoot, object_id: str, trusted: int = 0) -> Recovered | None:
    """Do what `recover` does under the caller's lock. Version `trusted` need not be hashed again."""
    folder = root.path_of(object_id)
    numbers = version_numbers(folder)
    if not numbers:
        prune(root, folder)
        return None
    shown = _shown(root, folder)
    if shown is not None and shown == numbers[-1] and _same_inventory(folder, shown):
        return Recovered(object_id, shown, rolled_forward=False)
    whole = _newest_whole(root, object_id, folder, trusted=max(trusted, shown or 0))
    quarantined = [n for n in numbers if n > whole]
    for number in quarantined:
        _quarantine(root, folder, number)
    _show(root, folder, whole)
    return Recovered(object_id, whole, rolled_forward=True, quarantined=tuple(f"v{n}" for n in quarantined))


def _marked(root: StorageRoot, work: Path) -> str | None:
    try:
        with root.disk.open(work / _MARK) as handle:
            object_id = json.loads(handle.read(_MAX_MARK))["object"]
        layout.parse_id(object_id)
    except (OSError, ValueError, KeyError, TypeError, ArchiveError):
        return None
    return str(object_id)


def _shown(root: StorageRoot, folder: Path) -> int | None:
    """Return the head that the root's inventory names, None if inventory and sidecar do not fit."""
    with contextlib.suppress(BadInventory):
        return load_inventory(root.disk, folder)[0].head
    return None


def _same_inventory(folder: Path, number: int) -> bool:
    """Tell whether root and version carry the same inventory, by their sidecars (each fits its inventory)."""
    beside = folder / f"v{number}" / inventories.SIDECAR
    return beside.is_file() and beside.read_bytes() == (folder / inventories.SIDECAR).read_bytes()


def _newest_whole(root: StorageRoot, object_id: str, folder: Path, trusted: int) -> int:
    """Return the newest version with a sound inventory and, unless `trusted`, sound content."""
    for number in reversed(version_numbers(folder)):
        try:
            found, _ = load_inventory(root.disk, folder / f"v{number}")
        except BadInventory:
            continue
        if found.id != object_id or found.head != number:
            continue
        if number <= trusted or _content_is_whole(root, folder, found):
            return number
    raise DamagedObject({"object": object_id})


def _content_is_whole(root: StorageRoot, folder: Path, found: Inventory) -> bool:
    for place, digest in found.added_in(found.head).items():
        try:
            with root.disk.open(folder / place) as handle:
                if hashlib.file_digest(handle, "sha256").hexdigest() != digest:
                    return False
        except (OSError, ArchiveError):
            return False
    return True


def _quarantine(root: StorageRoot, folder: Path, number: int) -> None:
    """Move a broken version out of the object: bytes are kept, even broken ones."""
    aside = root.staging / "quarantine" / f"{folder.name}-v{number}-{secrets.token_hex(8)}"
    make_folders(root.disk, aside.parent, root.staging)
    root.disk.rename(folder / f"v{number}", aside)
    root.disk.sync_folder(aside.parent)
    root.disk.sync_folder(folder)


def _show(root: StorageRoot, folder: Path, number: int) -> None:
    """Make the version's inventory and sidecar the root's, each by one replace."""
    raw = load_inventory(root.disk, folder / f"v{number}")[1]
    aside = root.staging / "commits" / f"show-{secrets.token_hex(8)}"
    root.disk.make_folder(aside)
    for name, data in ((inventories.NAME, raw), (inventories.SIDECAR, inventories.sidecar(raw))):
        write_durably(root.disk, aside / name, data)
        root.disk.replace(aside / name, folder / name)
    root.disk.sync_folder(folder)
    root.disk.remove_folder(aside)


def prune(root: StorageRoot, folder: Path) -> None:
    """Take away the empty folders that a first commit left: OCFL allows none (E073)."""
    for empty in (folder, *folder.parents):
        if empty == root.folder:
            return
        try:
            root.disk.remove_folder(empty)
        except FileNotFoundError:
            continue
        except FileExistsError:
            return
