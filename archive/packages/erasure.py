"""What it takes to erase files of a release by law: their bytes, their openings, and, with all of them, the words.

The statement in the log, the manifest's root and every other file's proof stay as they are: of an erased file only the
hash of its leaf is left. The same bytes in another release of the dataset go with them: it is affected too.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archive.errors import ArchiveError
from archive.objects.erase import erase
from archive.objects.root import StorageRoot, StoredFile
from archive.packages.evidence import FILES, OPENINGS, RECORD
from archive.records.manifest import Manifest

DECIDED = "meta/release.json"
AMENDMENT = "meta/amendment.json"


class NothingToErase(ArchiveError):
    code = "ARC-060"
    ja = "{dataset} 第{version}版に、消去するファイル({path})がありません。名前を確かめてください。"
    en = "There is no file to erase ({path}) in {dataset} v{version}. Check the name."
    zh = "{dataset} 第 {version} 版中沒有要刪除的檔案({path})。請確認名稱。"


@dataclass(frozen=True)
class Affected:
    """One release that loses files: which ones, by their place in its manifest; `whole` when it loses all of them."""

    version: int
    indices: tuple[int, ...]
    whole: bool


@dataclass(frozen=True)
class _Kept:
    """What one OCFL version keeps of a release."""

    version: int
    state: Mapping[str, StoredFile]
    openings: dict[str, Any]
    tree: Manifest


def plan(root: StorageRoot, dataset: str, version: int, paths: Collection[str]) -> list[Affected]:
    """Return which releases lose what when the files `paths` of a release (none named: all) are erased.

    The release that was asked for comes first. Raises NothingToErase, and as `StorageRoot.state`.
    """
    kept = list(_kept(root, dataset))
    wanted = next((each for each in kept if each.version == version), None)
    opened = {leaf.digest().path: leaf.digest().sha256 for _, leaf in wanted.tree.opened} if wanted else {}
    missing = [path for path in paths if path not in opened]
    if not opened or missing:
        raise NothingToErase({"dataset": dataset, "version": version, "path": (missing or ["*"])[0][:200]})
    gone = {digest for path, digest in opened.items() if not paths or path in paths}
    found: dict[int, Affected] = {}
    for each in kept:
        indices = tuple(index for index, leaf in each.tree.opened if leaf.digest().sha256 in gone)
        if indices and each.version not in found:
            # Files that went before count as gone: with the last one the words go too.
            found[each.version] = Affected(each.version, indices, len(indices) == len(each.tree.opened))
    return sorted(found.values(), key=lambda each: (each.version != version, each.version))


def is_left(root: StorageRoot, dataset: str, affected: Affected) -> bool:
    """Tell whether the archive still opens something that is to be erased: after a restored backup, for example."""
    gone = frozenset(affected.indices)
    return any(index in gone for each in _kept(root, dataset, [affected.version]) for index, _ in each.tree.opened)


def file_count(root: StorageRoot, dataset: str, version: int) -> int | None:
    """Return how many files a release has or had, None when the archive has no such release."""
    return next((len(each.tree.leaves) for each in _kept(root, dataset, [version])), None)


def destroy(
    root: StorageRoot, dataset: str, token: str, affected: Collection[Affected], said: Mapping[str, Any]
) -> list[str]:
    """Erase what `affected` names, in every OCFL version that keeps it; return the objects that were rebuilt.

    `said` (`ground`, and what else may stay: `reason`, the opening of `order`) is kept with the openings; of it only
    the ground lies in the place of each file. Calling again is right. Raises as `archive.objects.erase.erase`.
    """
    tombstone = _json({"v": 1, "event": "erased", "ground": said["ground"]})
    by_version = {each.version: each for each in affected}
    if not by_version:
        return []
    replacements: dict[str, bytes] = {}
    for kept in _kept(root, dataset, by_version):
        replacements |= _replacements(kept, by_version[kept.version], tombstone, said)
    return erase(root, dataset, token, replacements) if replacements else []


def _replacements(kept: _Kept, affected: Affected, tombstone: bytes, said: Mapping[str, Any]) -> dict[str, bytes]:
    gone = [leaf.digest().path for index, leaf in kept.tree.opened if index in affected.indices]
    if not gone:
        return {}
    tree = kept.tree.without(affected.indices)
    openings = {**kept.openings, "manifest": tree.to_json(), "erased": [*kept.openings.get("erased", []), dict(said)]}
    found = {kept.state[FILES + path].sha256.hex(): tombstone for path in gone if FILES + path in kept.state}
    if affected.whole:
        openings.pop("metadata", None)
        for path in (RECORD, AMENDMENT):
            if path in kept.state:
                found[kept.state[path].sha256.hex()] = tombstone
    found[kept.state[OPENINGS].sha256.hex()] = _json(openings)
    return found


def _json(found: Mapping[str, Any]) -> bytes:
    return json.dumps(found, sort_keys=True, ensure_ascii=False).encode()


def _kept(root: StorageRoot, dataset: str, only: Collection[int] = ()) -> Iterator[_Kept]:
    """Give what is kept of every release, or of `only` some: openings are large, and every start asks for a few."""
    for object_id in root.volumes(dataset):
        for state in root.states(object_id):
            if OPENINGS not in state or DECIDED not in state:
                continue
            version = int(json.loads(state[DECIDED].path.read_bytes())["version"])
            if only and version not in only:
                continue
            openings = json.loads(state[OPENINGS].path.read_bytes())
            yield _Kept(version, state, openings, Manifest.from_json(openings["manifest"]))
