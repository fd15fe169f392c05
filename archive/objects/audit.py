"""Reading every byte of the archive and comparing it with what the inventories say."""

import hashlib
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archive.errors import ArchiveError
from archive.objects import inventory as inventories
from archive.objects.commit import OBJECT_MARKER
from archive.objects.errors import BadInventory, NoSuchObject
from archive.objects.inventory import Inventory
from archive.objects.root import StorageRoot, load_inventory, version_numbers

Kind = Literal["missing", "damaged", "unreadable", "unexpected", "inventory", "unfinished"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `path` is below the object."""

    object_id: str
    kind: Kind
    path: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading one object gave: a sound one has no findings."""

    object_id: str
    files: int
    bytes: int
    findings: tuple[Finding, ...]


def audit(root: StorageRoot, object_ids: Iterable[str] | None = None) -> Iterator[Checked]:
    """Give what was found in each object (default: all), reading every byte of it. Raises NotAnArchive."""
    root.require_marker()
    for object_id in root.objects() if object_ids is None else object_ids:
        yield _Audit(root, object_id).run()


class _Audit:
    """Reads one object; owns the list of findings."""

    def __init__(self, root: StorageRoot, object_id: str) -> None:
        self._root = root
        self._object_id = object_id
        self._folder = root.path_of(object_id)
        self._findings: list[Finding] = []
        self._files = 0
        self._bytes = 0

    def run(self) -> Checked:
        numbers = version_numbers(self._folder)
        if not numbers:
            raise NoSuchObject({"object": self._object_id})
        of_versions = {n: self._inventory(f"v{n}") for n in numbers}
        of_root = self._inventory("")
        truth = self._truth(of_root, of_versions)
        if truth:
            if of_root and of_root.head != numbers[-1]:
                self._find("unfinished", f"v{numbers[-1]}", f"the root stands at v{of_root.head}")
            self._compare(truth, of_versions)
            for digest, place in truth.manifest.items():
                self._content(place, digest)
        self._strangers(truth, numbers)
        return Checked(self._object_id, self._files, self._bytes, tuple(self._findings))

    def _find(self, kind: Kind, path: str, detail: str = "") -> None:
        self._findings.append(Finding(self._object_id, kind, path, detail))

    def _inventory(self, inside: str) -> Inventory | None:
        try:
            found, raw = load_inventory(self._root.disk, self._folder / inside)
            if found.id != self._object_id:
                raise BadInventory({"where": inside, "why": "it names another object"})  # noqa: TRY301
        except BadInventory as bad:
            self._find("inventory", f"{inside}/{inventories.NAME}".lstrip("/"), bad.params["why"])
            return None
        self._bytes += len(raw)
        self._files += 2
        return found

    def _truth(self, of_root: Inventory | None, of_versions: dict[int, Inventory | None]) -> Inventory | None:
        """Return the widest sound inventory: the newest version's, else the root's, else an older one's."""
        sound = [found for found in (of_root, *of_versions.values()) if found]
        return max(sound, key=lambda found: found.head, default=None)

    def _compare(self, truth: Inventory, of_versions: dict[int, Inventory | None]) -> None:
        """Each version's own inventory must tell its version as the newest one tells it."""
        for number, found in of_versions.items():
            if found and (found.head != number or truth.versions[number - 1 : number] != found.versions[-1:]):
                self._find("inventory", f"v{number}/{inventories.NAME}", "it tells another story than the root")

    def _content(self, place: str, digest: str) -> None:
        path = self._folder / place
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                self._find("unexpected", place, "not a regular file")
                return
            with self._root.disk.open(path) as handle:
                found = hashlib.file_digest(handle, "sha256").hexdigest()
                self._bytes += handle.tell()
        except FileNotFoundError:
            self._find("missing", place)
            return
        except (OSError, ArchiveError) as trouble:
            self._find("unreadable", place, str(trouble))
            return
        self._files += 1
        if found != digest:
            self._find("damaged", place, f"it hashes to {found}")

    def _strangers(self, truth: Inventory | None, numbers: list[int]) -> None:
        """Find what lies in the object and nothing speaks of."""
        if truth is None:
            return
        both = (inventories.NAME, inventories.SIDECAR)
        known = {
            OBJECT_MARKER,
            *both,
            *truth.manifest.values(),
            *(f"v{n}/{name}" for n in numbers for name in both),
        }
        for path in _files_below(self._folder):
            place = path.relative_to(self._folder).as_posix()
            if place not in known:
                self._find("unexpected", place)
        if not (self._folder / OBJECT_MARKER).is_file():
            self._find("missing", OBJECT_MARKER)


def _files_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _files_below(entry)
        else:
            yield entry
