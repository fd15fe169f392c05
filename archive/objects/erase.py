"""The only code that takes bytes out of the archive: an object is built again without them, and takes its place.

A digest is replaced in every version that has it, for a copy that stayed behind would be the data itself. The new
object is whole and durable before the two change places in one step; the old one is then unlinked. A crash before the
exchange leaves the old object, one after it the new, and recovery removes whatever lies aside (ARCHIVE section 6).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from archive.objects import inventory as inventories
from archive.objects.commit import MARK, OBJECT_MARKER, mark
from archive.objects.inventory import Inventory, Version
from archive.objects.recovery import recover_locked
from archive.objects.root import StorageRoot
from archive.store.disk import make_folders, remove_tree, write_durably

_NAMED = "files/"
GONE = "files/erased/"
"""Where the tombstones of erased files lie, numbered: their names went with them."""


def erase(root: StorageRoot, dataset: str, token: str, replacements: Mapping[str, bytes]) -> list[str]:
    """Put other bytes in the place of content, by its hex SHA-256, in every volume of `dataset`; return which changed.

    Calling again is right: what is gone already is not looked for. `token` names the work in staging.

    Raises:
        DamagedObject, BadInventory: an object cannot be read; those before it are done.
        StoreFull, StoreUnavailable: call again.

    """
    root.require_marker()
    changed = []
    with root.locked(dataset):
        for object_id in root.volumes(dataset):
            recover_locked(root, object_id)
            before = root.inventory(object_id)
            if not replacements.keys().isdisjoint(before.manifest):
                _Rebuild(root, object_id, token, before, replacements).run()
                changed.append(object_id)
    return changed


class _Rebuild:
    """One object without some of its content; owns `staging/commits/<token>`, whose mark tells recovery of it."""

    def __init__(
        self, root: StorageRoot, object_id: str, token: str, before: Inventory, replacements: Mapping[str, bytes]
    ) -> None:
        self._root, self._disk, self._before = root, root.disk, before
        self._place = root.path_of(object_id)
        self._work = root.staging / "commits" / token
        self._fresh = {hashlib.sha256(data).hexdigest(): data for data in replacements.values()}
        self._becomes = {old: hashlib.sha256(data).hexdigest() for old, data in replacements.items()}
        self._manifest = self._new_manifest()

    def run(self) -> None:
        remove_tree(self._disk, self._work)
        self._disk.make_folder(self._work)
        write_durably(self._disk, self._work / MARK, mark(self._before.id))
        self._disk.sync_folder(self._work)
        self._disk.sync_folder(self._work.parent)
        made = self._work / "object"
        self._build(made)
        self._disk.sync_all(self._work)
        self._disk.exchange(made, self._place)
        self._disk.sync_folder(self._place.parent)
        self._disk.sync_folder(self._work)
        remove_tree(self._disk, self._work)

    def _new_manifest(self) -> dict[str, str]:
        """Return where each content lies: what replaces another lies in the first version that needs it."""
        kept = {digest: place for digest, place in self._before.manifest.items() if digest not in self._becomes}
        for old, new in self._becomes.items():
            if old in self._before.manifest:
                first = min(_number(place) for place in (self._before.manifest[old], kept.get(new)) if place)
                kept[new] = f"v{first}/content/{new[:2]}/{new}"
        return kept

    def _build(self, folder: Path) -> None:
        self._disk.make_folder(folder)
        for digest, place in self._manifest.items():
            target = folder / place
            make_folders(self._disk, target.parent, self._work)
            if digest in self._fresh:
                write_durably(self._disk, target, self._fresh[digest])
                self._disk.seal(target)
            else:
                self._disk.link(self._place / place, target)
        versions = tuple(self._version(version) for version in self._before.versions)
        for number in range(1, len(versions) + 1):
            inside = {digest: place for digest, place in self._manifest.items() if _number(place) <= number}
            make_folders(self._disk, folder / f"v{number}", self._work)
            self._write(folder / f"v{number}", Inventory(self._before.id, inside, versions[:number]))
        write_durably(self._disk, folder / OBJECT_MARKER, b"ocfl_object_1.1\n")
        self._write(folder, Inventory(self._before.id, self._manifest, versions))

    def _version(self, version: Version) -> Version:
        state = {path: digest for path, digest in version.state.items() if digest not in self._becomes}
        number, folder = 0, GONE if GONE.rstrip("/") not in version.state else f"{GONE.rstrip('/')}.d/"
        for path, digest in sorted(version.state.items()):
            if digest in self._becomes:
                if path.startswith(_NAMED):  # a name can be personal data too
                    while path in version.state or path in state:
                        path, number = f"{folder}{number}", number + 1
                state[path] = self._becomes[digest]
        return Version(version.created, version.message, version.user, state)

    def _write(self, folder: Path, inventory: Inventory) -> None:
        raw = inventory.to_bytes()
        write_durably(self._disk, folder / inventories.NAME, raw)
        write_durably(self._disk, folder / inventories.SIDECAR, inventories.sidecar(raw))


def _number(place: str) -> int:
    return int(place[1 : place.index("/")])
