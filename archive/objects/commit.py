"""Committing a version: built aside, made durable, shown by one rename (ARCHIVE.md 2.1, steps 6 to 8)."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.objects import inventory as inventories
from archive.objects import layout
from archive.objects.errors import BadCommit, CommitConflict, ContentMissing, VersionTaken
from archive.objects.inventory import Inventory, User, Version
from archive.objects.recovery import prune, recover_locked
from archive.objects.root import StorageRoot
from archive.records.names import check_set, normalise
from archive.store.disk import make_folders, remove_tree, write_durably
from archive.store.hashing import blocks
from archive.store.staging import StagedFile

TOKEN_PATH = "meta/commit.json"  # noqa: S105 - a place, not a secret
CONTINUES_PATH = "meta/continues.json"
OBJECT_MARKER = "0=ocfl_object_1.1"
MARK = "mark.json"
MAX_FILES = 10_000
"""How many files a release may have; more are packed first (ARCHIVE.md D4)."""
_OURS = 16  # what lies under `meta/` besides
_SYNC_ALL_FROM = 65
_ATTEMPTS = 3
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED = frozenset({TOKEN_PATH, CONTINUES_PATH})


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that the dataset holds already, by their SHA-256."""

    sha256: bytes


Content = StagedFile | Kept | bytes


@dataclass(frozen=True, slots=True)
class CommittedVersion:
    """Where a release lies; `inventory_sha256` is of the version's own inventory."""

    dataset: str
    object_id: str
    volume: int
    version: int
    inventory_sha256: bytes


def commit(
    root: StorageRoot,
    dataset: str,
    token: str,
    state: Mapping[str, Content],
    *,
    message: str,
    user: User,
    created: datetime,
    path_key: bytes | None = None,
) -> CommittedVersion:
    """Make `state` the dataset's next version, durably and whole, and return where it lies.

    `token` (the release's id) makes it right to call again: the same token with the same state gives the same
    answer. Staged files are linked, not copied, and stay staged: discard them once this has returned.
    With `path_key` content paths are HMACs of digests: for releases whose digests must not leave the node.

    Raises:
        BadCommit: the state is empty, too large or takes a name of ours. Names raise ARC-001 to ARC-007.
        CommitConflict: the token was committed with another state.
        ContentMissing: a `Kept` digest is not in the dataset, or a staged file is gone.
        VersionTaken: another writer without our lock was faster; look, then call again.
        StoreFull, StoreUnavailable: nothing was committed, or all of it was: call again.

    """
    _check(token, state)
    root.require_marker()
    with root.locked(dataset):
        for volume in root.volumes(dataset)[-1:]:
            recover_locked(root, volume)
        digests = {path: _digest(content) for path, content in state.items()}
        done = _find(root, dataset, token, digests)
        if done:
            remove_tree(root.disk, root.staging / "commits" / token)
            return done
        return _Build(root, dataset, token, path_key).run(
            {**state, TOKEN_PATH: _token_file(token)}, Version(_rfc3339(created), message, user, {})
        )


def find_commit(root: StorageRoot, dataset: str, token: str) -> CommittedVersion | None:
    """Return where the release with this token lies, None if it was never committed."""
    marker = hashlib.sha256(_token_file(token)).hexdigest()
    for object_id in reversed(root.volumes(dataset)):
        found = root.inventory(object_id)
        for number, version in enumerate(found.versions, start=1):
            if version.state.get(TOKEN_PATH) == marker:
                return _committed(root, object_id, number)
    return None


class _Build:
    """One attempt at one version; owns `staging/commits/<token>`, whose mark tells recovery of it."""

    def __init__(self, root: StorageRoot, dataset: str, token: str, path_key: bytes | None) -> None:
        self._root = root
        self._disk = root.disk
        self._dataset = dataset
        self._work = root.staging / "commits" / token
        self._path_key = path_key

    def run(self, state: dict[str, Content], version: Version) -> CommittedVersion:
        volumes = self._root.volumes(self._dataset)
        base = self._root.inventory(volumes[-1]) if volumes else None
        if base and self._is_full(base):
            state[CONTINUES_PATH] = _continues_file(base.id)
            following, base = layout.object_id(self._dataset, len(volumes) + 1), None
        else:
            following = base.id if base else layout.object_id(self._dataset, 1)
        before = base or Inventory(following, {}, ())
        self._begin(following)
        folder = self._work if base else self._work / "object"
        try:
            self._build(folder, before, state, version, volumes)
            self._show(folder, following, before.head + 1)
        except VersionTaken:
            remove_tree(self._disk, self._work)
            raise
        except BaseException:
            # If the rename was done, recovery must find the mark; else nothing refers to what lies aside.
            if not (self._root.path_of(following) / f"v{before.head + 1}").exists():
                prune(self._root, self._root.path_of(following))
                remove_tree(self._disk, self._work)
            raise
        remove_tree(self._disk, self._work)
        return _committed(self._root, following, before.head + 1)

    def _is_full(self, base: Inventory) -> bool:
        limits = self._root.limits
        return base.head >= limits.versions or len(base.to_bytes()) >= limits.inventory_bytes

    def _begin(self, object_id: str) -> None:
        """Leave a durable mark before anything else, so that recovery knows which object to look at."""
        remove_tree(self._disk, self._work)
        self._disk.make_folder(self._work)
        write_durably(self._disk, self._work / MARK, mark(object_id))
        self._disk.sync_folder(self._work)
        self._disk.sync_folder(self._work.parent)

    def _build(
        self, folder: Path, before: Inventory, state: dict[str, Content], version: Version, volumes: list[str]
    ) -> None:
        """Write the version folder (in a new object: the whole object) and make all of it durable."""
        number = before.head + 1
        inside = folder / f"v{number}"
        _make_folders(self._root, [*([folder] if folder != self._work else []), inside])
        digests = {path: _digest(content) for path, content in state.items()}
        fresh = {d: state[path] for path, d in sorted(digests.items()) if d not in before.manifest}
        places = {digest: f"v{number}/content/{self._place(digest)}" for digest in fresh}
        one_by_one = len(fresh) < _SYNC_ALL_FROM
        _make_folders(self._root, _parents(folder, places.values()))
        for digest, content in fresh.items():
            self._put(folder / places[digest], digest, content, volumes, sync=one_by_one)
        after = Inventory(
            before.id,
            {**before.manifest, **places},
            (*before.versions, Version(version.created, version.message, version.user, digests)),
        )
        self._write_inventory(inside, after)
        if folder != self._work:
            write_durably(self._disk, folder / OBJECT_MARKER, b"ocfl_object_1.1\n")
            self._write_inventory(folder, after)
        if not one_by_one:
            self._disk.sync_all(self._work)
        for made in (*reversed(_parents(folder, places.values())), inside, folder, self._work):
            self._disk.sync_folder(made)

    def _place(self, digest: str) -> str:
        if self._path_key is not None:
            digest = hmac.digest(self._path_key, bytes.fromhex(digest), "sha256").hex()
        return f"{digest[:2]}/{digest}"

    def _put(self, target: Path, digest: str, content: Content, volumes: list[str], *, sync: bool) -> None:
        if isinstance(content, StagedFile):
            try:
                self._disk.link(content.path, target)
            except FileNotFoundError:
                raise ContentMissing({"path": content.id, "sha256": digest}) from None
            if target.stat().st_size != content.size:
                raise ContentMissing({"path": content.id, "sha256": digest})
            return
        with self._disk.create(target) as handle:
            for block in [content] if isinstance(content, bytes) else self._earlier(digest, volumes):
                self._disk.write(handle, block)
            if sync:
                self._disk.sync(handle)
        self._disk.seal(target)

    def _earlier(self, digest: str, volumes: list[str]) -> Iterable[bytes]:
        """Give the bytes of a digest that an earlier volume holds: each volume is whole by itself."""
        for object_id in reversed(volumes):
            place = self._root.inventory(object_id).manifest.get(digest)
            if place:
                found = hashlib.sha256()
                with self._disk.open(self._root.path_of(object_id) / place) as handle:
                    for block in blocks(handle):
                        found.update(block)
                        yield block
                if found.hexdigest() == digest:
                    return
        raise ContentMissing({"path": "", "sha256": digest})

    def _write_inventory(self, folder: Path, inventory: Inventory) -> None:
        raw = inventory.to_bytes()
        write_durably(self._disk, folder / inventories.NAME, raw)
        write_durably(self._disk, folder / inventories.SIDECAR, inventories.sidecar(raw))

    def _show(self, folder: Path, object_id: str, number: int) -> None:
        """Rename into place: the kernel refuses a name that is taken, which is our compare-and-swap."""
        place = self._root.path_of(object_id)
        target = place if folder != self._work else place / f"v{number}"
        source = folder if folder != self._work else folder / f"v{number}"
        try:
            if folder == self._work:
                self._disk.rename(source, target)
            else:
                self._rename_object(source, target)
        except FileExistsError:
            raise VersionTaken({"object": object_id, "version": number}) from None
        self._disk.sync_folder(target.parent)
        recover_locked(self._root, object_id, trusted=number)

    def _rename_object(self, source: Path, target: Path) -> None:
        """Rename a new object; its parent may be pruned under us by the recovery of another dataset."""
        for attempt in range(1, _ATTEMPTS + 1):
            make_folders(self._disk, target.parent, self._root.folder)
            try:
                self._disk.rename(source, target)
            except FileNotFoundError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return


def _make_folders(root: StorageRoot, folders: Iterable[Path]) -> None:
    """Make new folders whose durability the caller sees to."""
    for folder in folders:
        root.disk.make_folder(folder)


def _parents(folder: Path, places: Iterable[str]) -> list[Path]:
    """Return the folders that content paths need inside their version folder, outermost first."""
    found = {parent for place in places for parent in list((folder / place).parents)[:2]}
    return sorted(found)


def _find(root: StorageRoot, dataset: str, token: str, digests: Mapping[str, str]) -> CommittedVersion | None:
    done = find_commit(root, dataset, token)
    if done:
        there = root.inventory(done.object_id, done.version).versions[done.version - 1].state
        if {path: digest for path, digest in there.items() if path not in RESERVED} != digests:
            raise CommitConflict({"token": token, "object": done.object_id, "version": done.version})
    return done


def _committed(root: StorageRoot, object_id: str, number: int) -> CommittedVersion:
    dataset, volume = layout.parse_id(object_id)
    with root.disk.open(root.path_of(object_id) / f"v{number}" / inventories.NAME) as handle:
        digest = hashlib.sha256(handle.read()).digest()
    return CommittedVersion(dataset, object_id, volume, number, digest)


def _check(token: str, state: Mapping[str, Content]) -> None:
    if not _TOKEN.fullmatch(token):
        raise BadCommit({"why": "the token is not 1 to 64 of A-Z, a-z, 0-9, - and _"})
    if not 0 < len(state) <= MAX_FILES + _OURS:
        raise BadCommit({"why": f"{len(state)} files; 1 to {MAX_FILES} are possible"})
    if not RESERVED.isdisjoint(state):
        raise BadCommit({"why": f"{sorted(RESERVED)} are written by the archive"})
    if any(normalise(path).path != path for path in state):
        raise BadCommit({"why": "a path is not in NFC"})
    check_set([*state, *RESERVED])


def _digest(content: Content) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else content.sha256.hex()


def _token_file(token: str) -> bytes:
    return _canonical({"token": token})


def _continues_file(object_id: str) -> bytes:
    return _canonical({"continues": object_id})


def mark(object_id: str) -> bytes:
    """Return the file that tells recovery which object a piece of work in staging is for."""
    return _canonical({"object": object_id})


def _canonical(found: Mapping[str, str]) -> bytes:
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
