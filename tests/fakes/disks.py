"""Disks that fail: one that dies at a chosen effect, one that forgets at power loss what was not made durable."""

import random
from io import FileIO
from pathlib import Path
from typing import Any, Literal

from archive.store.disk import Disk, LocalDisk, Space

Moment = Literal["before", "after"]


class Died(BaseException):
    """The process ended here: nothing in our code may catch it and carry on."""


class DyingDisk:
    """Counts effects and dies at number `at`, before or after it; afterwards every effect is refused."""

    def __init__(self, at: int | None = None, moment: Moment = "before", disk: Disk | None = None) -> None:
        self._disk = disk or LocalDisk()
        self._at = at
        self._moment = moment
        self.effects: list[str] = []
        self.dead = False

    def die_at(self, at: int, moment: Moment) -> None:
        """Set, on a disk in use, which of the effects from now on is the last."""
        self._at, self._moment = len(self.effects) + at, moment

    def create(self, path: Path) -> FileIO:
        return self._do("create", path)

    def write(self, handle: FileIO, data: bytes) -> None:
        self._do("write", handle, data)

    def sync(self, handle: FileIO) -> None:
        self._do("sync", handle)

    def seal(self, path: Path) -> None:
        self._do("seal", path)

    def make_folder(self, path: Path) -> None:
        self._do("make_folder", path)

    def sync_folder(self, path: Path) -> None:
        self._do("sync_folder", path)

    def sync_all(self, path: Path) -> None:
        self._do("sync_all", path)

    def link(self, source: Path, target: Path) -> None:
        self._do("link", source, target)

    def rename(self, source: Path, target: Path) -> None:
        self._do("rename", source, target)

    def replace(self, source: Path, target: Path) -> None:
        self._do("replace", source, target)

    def exchange(self, one: Path, other: Path) -> None:
        self._do("exchange", one, other)

    def unlink(self, path: Path) -> None:
        self._do("unlink", path)

    def remove_folder(self, path: Path) -> None:
        self._do("remove_folder", path)

    def open(self, path: Path) -> FileIO:
        return self._disk.open(path)

    def space(self, path: Path) -> Space:
        return self._disk.space(path)

    def _do(self, effect: str, *args: Any) -> Any:
        self.effects.append(effect)
        here = len(self.effects) - 1 == self._at
        if self.dead or (here and self._moment == "before"):
            self.dead = True
            raise Died
        found = getattr(self._disk, effect)(*args)
        if here:
            self.dead = True
            if isinstance(found, FileIO):
                found.close()
            raise Died
        return found


class PowerLossDisk(LocalDisk):
    """Works on a real folder and remembers what was made durable, by the rules of `Disk`.

    Names: the steps below a folder are durable after its `sync_folder`; a rename is one step, of its target's folder.
    Bytes: those of the last `sync`. What is not durable at power loss comes or goes by the dice, in any order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._steps: list[tuple[str, Path, Path | int]] = []
        self._durable: set[int] = set()
        self._inodes: dict[Path, int] = {}
        self._bytes: dict[int, bytes | None] = {}  # None: never synced
        self._next = 0

    def create(self, path: Path) -> FileIO:
        handle = super().create(path)
        self._next += 1
        self._inodes[path], self._bytes[self._next] = self._next, None
        self._steps.append(("name", path, self._next))
        return handle

    def sync(self, handle: FileIO) -> None:
        super().sync(handle)
        path = Path(handle.name)
        self._bytes[self._inodes[path]] = path.read_bytes()

    def make_folder(self, path: Path) -> None:
        super().make_folder(path)
        self._steps.append(("folder", path, path))

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        self._durable |= {n for n, (_, name, _) in enumerate(self._steps) if name.parent == path}

    def sync_all(self, path: Path) -> None:
        super().sync_all(path)
        self._durable = set(range(len(self._steps)))
        self._bytes |= {inode: name.read_bytes() for name, inode in self._inodes.items()}

    def link(self, source: Path, target: Path) -> None:
        super().link(source, target)
        self._inodes[target] = self._inodes[source]
        self._steps.append(("name", target, self._inodes[source]))

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self._moved("move", source, target)

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        self._moved("move", source, target)

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._inodes.pop(path)
        self._steps.append(("gone", path, path))

    def remove_folder(self, path: Path) -> None:
        super().remove_folder(path)
        self._steps.append(("gone", path, path))

    def lose_power(self, dice: random.Random, elsewhere: Path) -> None:
        """Write into `elsewhere` one state in which the disk may be found when power returns."""
        chosen = [s for n, s in enumerate(self._steps) if n in self._durable or dice.random() < 0.5]
        tree: dict[Path, int | None] = {}  # a folder is None
        for kind, path, what in chosen:
            self._replay(tree, kind, path, what)
        elsewhere.mkdir()
        for path in sorted(tree):
            place = elsewhere / path.relative_to(self._folder)
            inode = tree[path]
            if not place.parent.is_dir():
                continue  # its folder was lost
            if inode is None:
                place.mkdir()
            else:
                place.write_bytes(self._found(dice, inode))

    def _replay(self, tree: dict[Path, int | None], kind: str, path: Path, what: Path | int) -> None:
        if kind == "name":
            assert isinstance(what, int)
            tree[path] = what
        elif kind == "folder":
            tree[path] = None
        elif kind == "gone":
            for name in [n for n in tree if n == path or path in n.parents]:
                del tree[name]
        else:
            assert isinstance(what, Path)
            for name in [n for n in tree if n == what or what in n.parents]:
                tree[path / name.relative_to(what)] = tree.pop(name)

    def _found(self, dice: random.Random, inode: int) -> bytes:
        """Return the durable bytes; bytes never synced come back cut, or as zeros."""
        found = self._bytes[inode]
        return dice.choice([b"", bytes(10)]) if found is None else found

    def _moved(self, kind: str, source: Path, target: Path) -> None:
        for name in [n for n in self._inodes if n == source or source in n.parents]:
            self._inodes[target / name.relative_to(source)] = self._inodes.pop(name)
        self._steps.append((kind, target, source))
