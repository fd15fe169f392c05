"""The OCFL storage root: making one, opening one, and reading what it holds."""

import contextlib
import fcntl
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import Lock

from archive.errors import ArchiveError
from archive.objects import inventory as inventories
from archive.objects import layout
from archive.objects.errors import (
    BadInventory,
    FolderInUse,
    NoSuchFile,
    NoSuchObject,
    NoSuchVersion,
    NotAnArchive,
)
from archive.objects.inventory import Inventory
from archive.store.disk import Disk, make_folders, write_durably

ROOT_MARKER = "0=ocfl_1.1"
README = "README.md"
_NUMBER = re.compile(r"v([1-9][0-9]{0,5})")
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """When a dataset's next version opens a new volume: every version carries a copy of the inventory."""

    versions: int = 256
    inventory_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of one version: where its bytes lie and what they must hash to."""

    path: Path
    sha256: bytes

    @property
    def size(self) -> int:
        return self.path.stat().st_size


class StorageRoot:
    """Reads the OCFL root in `folder`; work in progress lies in `staging` on the same file system.

    Every version's own inventory is read, not the one of the object's root: so readers need no recovery and
    see nothing change. Owns a small cache of inventories, keyed by what the file system says of the file.
    """

    def __init__(self, folder: Path, staging: Path, disk: Disk, limits: Limits | None = None) -> None:
        self.folder = folder
        self.staging = staging
        self.disk = disk
        self.limits = limits or Limits()
        self._cache: OrderedDict[tuple[Path, int, int], Inventory] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def create(cls, folder: Path, staging: Path, disk: Disk, limits: Limits | None = None) -> "StorageRoot":
        """Make a storage root in `folder`, which is empty or missing. The marker is written last.

        Raises:
            FolderInUse: something is there already; nothing was changed.

        """
        ours = {"extensions", "ocfl_layout.json", README}  # what an interrupted `create` leaves
        if folder.is_dir() and any(entry.name not in ours for entry in folder.iterdir()):
            raise FolderInUse({"folder": str(folder)})
        for wanted in (folder / "extensions" / layout.EXTENSION, staging / "commits", staging / "locks"):
            make_folders(disk, wanted, _existing(wanted))
        _write(disk, folder / "extensions" / layout.EXTENSION / "config.json", _json(layout.CONFIG))
        _write(disk, folder / "ocfl_layout.json", _json(layout.LAYOUT))
        _write(disk, folder / README, files("archive.objects").joinpath("README.storage-root.md").read_bytes())
        _write(disk, folder / ROOT_MARKER, b"ocfl_1.1\n")
        return cls.open(folder, staging, disk, limits)

    @classmethod
    def open(cls, folder: Path, staging: Path, disk: Disk, limits: Limits | None = None) -> "StorageRoot":
        """Open the storage root in `folder`. Raises NotAnArchive if its start marker is missing."""
        root = cls(folder, staging, disk, limits)
        root.require_marker()
        for wanted in (staging / "commits", staging / "locks"):
            make_folders(disk, wanted, _existing(wanted))
        return root

    def require_marker(self) -> None:
        """Return if the archive is there: a lost mount is no empty archive. Raises NotAnArchive."""
        if not (self.folder / ROOT_MARKER).is_file():
            raise NotAnArchive({"folder": str(self.folder)})

    def path_of(self, object_id: str) -> Path:
        """Return the folder where the object lies, or would lie."""
        return self.folder / layout.object_path(object_id)

    def objects(self) -> Iterator[str]:
        """Give the id of every object, in the order of the folders."""
        self.require_marker()
        for folder in _folders_at(self.folder, layout.DEPTH):
            if version_numbers(folder):
                yield self._id_of(folder)

    def volumes(self, dataset: str) -> list[str]:
        """Return the ids of the dataset's objects, oldest first; none if nothing was ever committed."""
        self.require_marker()
        found: list[str] = []
        while self.path_of(following := layout.object_id(dataset, len(found) + 1)).is_dir():
            found.append(following)
        return found

    def head(self, object_id: str) -> int:
        """Return the number of the newest version. Raises NoSuchObject."""
        numbers = version_numbers(self.path_of(object_id))
        if not numbers:
            self.require_marker()
            raise NoSuchObject({"object": object_id})
        return numbers[-1]

    def inventory(self, object_id: str, version: int | None = None) -> Inventory:
        """Return the inventory as of a version (default: the newest).

        A damaged one is replaced, for reading, by the root's, which holds all older versions.

        Raises:
            NoSuchObject, NoSuchVersion, BadInventory.

        """
        head = self.head(object_id)
        number = head if version is None else version
        if not 1 <= number <= head:
            raise NoSuchVersion({"object": object_id, "version": number})
        folder = self.path_of(object_id)
        try:
            found = self._read_inventory(folder / f"v{number}")
        except BadInventory:
            found = self._read_inventory(folder)
        if found.id != object_id or found.head < number:
            raise BadInventory({"where": str(folder), "why": "it belongs to another object or version"})
        return found

    def state(self, object_id: str, version: int) -> dict[str, StoredFile]:
        """Return every file of a version by its logical path. Raises what `inventory` raises."""
        found = self.inventory(object_id, version)
        return {path: self._stored(found, digest) for path, digest in found.versions[version - 1].state.items()}

    def states(self, object_id: str) -> Iterator[dict[str, StoredFile]]:
        """Give what `state` returns of each version, the oldest first, by one inventory. Raises what it raises."""
        found = self.inventory(object_id)
        for version in found.versions:
            yield {path: self._stored(found, digest) for path, digest in version.state.items()}

    def read(self, object_id: str, version: int, logical_path: str) -> StoredFile:
        """Return one file of a version. Raises NoSuchFile and what `inventory` raises."""
        found = self.inventory(object_id, version)
        digest = found.versions[version - 1].state.get(logical_path)
        if digest is None:
            raise NoSuchFile({"object": object_id, "version": version, "path": logical_path})
        return self._stored(found, digest)

    @contextlib.contextmanager
    def locked(self, dataset: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold a dataset's one writer's lock, between processes too; gives False if taken and not `wait`."""
        stripe = hashlib.sha256(dataset.encode()).hexdigest()[:2]
        with (self.staging / "locks" / stripe).open("wb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _stored(self, found: Inventory, digest: str) -> StoredFile:
        return StoredFile(self.path_of(found.id) / found.manifest[digest], bytes.fromhex(digest))

    def _read_inventory(self, folder: Path) -> Inventory:
        path = folder / inventories.NAME
        try:
            about = path.stat()
        except OSError:
            raise BadInventory({"where": str(path), "why": "it is not there"}) from None
        key = (path, about.st_ino, about.st_mtime_ns)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = load_inventory(self.disk, folder)[0]
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > _REMEMBERED:
                self._cache.popitem(last=False)
        return found

    def _id_of(self, folder: Path) -> str:
        """Return the id that names the folder; where the name was cut, any inventory that reads tells it."""
        name = layout.id_of_name(folder.name)
        if name is not None:
            return name
        places = [folder, *(folder / f"v{n}" for n in reversed(version_numbers(folder)))]
        for place in places:
            with contextlib.suppress(ArchiveError):
                return self._read_inventory(place).id
        raise BadInventory({"where": str(folder), "why": "no inventory can be read"})


def load_inventory(disk: Disk, folder: Path) -> tuple[Inventory, bytes]:
    """Return the inventory in a folder, and its bytes, checked against its sidecar. Raises BadInventory."""
    path = folder / inventories.NAME
    try:
        with disk.open(path) as handle:
            raw = handle.read(inventories.MAX_BYTES + 1)
        with disk.open(folder / inventories.SIDECAR) as handle:
            beside = handle.read(1000)
    except (FileNotFoundError, ArchiveError) as trouble:
        raise BadInventory({"where": str(path), "why": f"unreadable: {trouble}"}) from trouble
    if beside != inventories.sidecar(raw):
        raise BadInventory({"where": str(path), "why": "the sidecar names another digest"})
    return inventories.parse(raw, str(path)), raw


def version_numbers(folder: Path) -> list[int]:
    """Return the numbers of the version folders of an object, ascending; none if it is not there."""
    try:
        names = [_NUMBER.fullmatch(entry.name) for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(name[1]) for name in names if name)


def _folders_at(folder: Path, depth: int) -> Iterator[Path]:
    if depth == 0:
        yield folder
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name != "extensions":
            yield from _folders_at(entry, depth - 1)


def _existing(path: Path) -> Path:
    return next(above for above in path.parents if above.is_dir())


def _write(disk: Disk, path: Path, data: bytes) -> None:
    """Write a file of the root; what an interrupted `create` left is replaced."""
    path.unlink(missing_ok=True)
    write_durably(disk, path, data)
    disk.sync_folder(path.parent)


def _json(found: object) -> bytes:
    return json.dumps(found, indent=2, sort_keys=True).encode() + b"\n"
