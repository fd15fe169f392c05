"""Erasing by law: the bytes and what opens them are gone everywhere, every other proof stays."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from archive.errors import ArchiveError
from archive.objects import layout
from archive.objects.audit import audit
from archive.objects.commit import Content, Kept, commit
from archive.objects.inventory import User
from archive.objects.recovery import recover_all
from archive.objects.root import StorageRoot
from archive.packages import erasure
from archive.records import manifest
from archive.records.manifest import FileDigest, Leaf, Manifest
from archive.store.disk import LocalDisk
from tests.fakes.disks import Died, DyingDisk
from tests.unit.archive.objects.test_objects import foreign_reader_codes
from tests.unit.archive.verify.material import WHEN, digests

SECRET = "山田太郎 090-1234-5678".encode()
SAID = {"ground": {"code": "personal-data", "law": "x"}, "reason": "r"}
ONE = {"a.csv": SECRET, "b.csv": b"public"}
TWO = {"c.csv": SECRET, "d.csv": b"other"}
USER = User("n", "https://a/")


def openings(holds: dict[str, bytes]) -> Manifest:
    found = {path: digests(data) for path, data in holds.items()}
    return manifest.build([FileDigest(path, d.size, d.sha256, d.chunks, d.chunk_root) for path, d in found.items()])


def release(root: StorageRoot, version: int, holds: dict[str, bytes]) -> Manifest:
    tree = openings(holds)
    state: dict[str, Content] = {
        **{f"files/{path}": data for path, data in holds.items()},
        "meta/openings.json": json.dumps({"v": 1, "manifest": tree.to_json(), "metadata": {"salt": "s"}}).encode(),
        "meta/release.json": json.dumps({"version": version}).encode(),
        "meta/record.json": f"words of v{version}, 山田太郎".encode(),
    }
    commit(root, "shelters", f"r{version}", state, message=f"v{version}", user=USER, created=WHEN)
    return tree


def withdrawn(root: StorageRoot, ocfl_version: int) -> None:
    state: dict[str, Content] = {
        path: Kept(stored.sha256)
        for path, stored in root.state(layout.object_id("shelters", 1), ocfl_version).items()
        if path != "meta/commit.json"
    }
    commit(root, "shelters", "w", {**state, "meta/tombstone.json": b"{}"}, message="w", user=USER, created=WHEN)


def new(folder: Path, disk: Any = None) -> StorageRoot:
    (folder / "staging").mkdir(exist_ok=True)
    return StorageRoot.create(folder / "objects", folder / "staging", disk or LocalDisk())


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def kept_tree(root: StorageRoot, version: int) -> Manifest:
    state = root.state(layout.object_id("shelters", 1), version)
    return Manifest.from_json(json.loads(state["meta/openings.json"].path.read_bytes())["manifest"])


def test_a_file_goes_from_every_version_and_the_rest_still_proves(tmp_path: Path) -> None:
    root = new(tmp_path)
    first, second = release(root, 1, ONE), release(root, 2, TWO)
    withdrawn(root, 1)
    found = erasure.plan(root, "shelters", 1, ["a.csv"])
    assert [(one.version, one.indices, one.whole) for one in found] == [(1, (0,), False), (2, (0,), False)]
    assert erasure.destroy(root, "shelters", "e1", found, SAID) == [layout.object_id("shelters", 1)]
    left = everything(tmp_path)
    assert SECRET not in left
    assert b"a.csv" not in left
    for tree in (first, second):
        leaf = tree.leaves[0]
        assert isinstance(leaf, Leaf)
        for secret in (leaf.value, leaf.text, leaf.digest().sha256.hex()):
            assert secret.encode() not in left
    assert [checked.findings for checked in audit(root)] == [()]
    assert foreign_reader_codes(root) <= {"W004"}
    for version, tree, path in ((1, first, "b.csv"), (2, second, "d.csv"), (3, first, "b.csv")):
        kept = kept_tree(root, version)
        assert kept.commitment == tree.commitment
        assert kept.index_of(path) == 1
        assert root.read(layout.object_id("shelters", 1), version, "files/erased/0")
    assert root.read(layout.object_id("shelters", 1), 1, "meta/record.json").path.read_bytes().endswith(b"\x83\x8e")


def test_with_the_whole_release_its_words_go_too_and_those_of_others_stay(tmp_path: Path) -> None:
    root = new(tmp_path)
    release(root, 1, ONE)
    release(root, 2, {"d.csv": b"other"})
    erasure.destroy(root, "shelters", "e1", erasure.plan(root, "shelters", 1, []), SAID)
    left = everything(tmp_path)
    assert b"words of v1" not in left
    assert b"words of v2" in left
    assert b"public" not in left
    assert not erasure.destroy(root, "shelters", "e1", erasure.plan(root, "shelters", 2, [])[:0], SAID)


def test_again_changes_nothing_and_nothing_can_be_erased_twice(tmp_path: Path) -> None:
    root = new(tmp_path)
    release(root, 1, ONE)
    found = erasure.plan(root, "shelters", 1, ["a.csv"])
    assert erasure.is_left(root, "shelters", found[0])
    erasure.destroy(root, "shelters", "e1", found, SAID)
    before = everything(tmp_path)
    assert erasure.destroy(root, "shelters", "e1", found, SAID) == []
    assert not erasure.is_left(root, "shelters", found[0])
    assert everything(tmp_path) == before
    with pytest.raises(ArchiveError, match="no file to erase"):
        erasure.plan(root, "shelters", 1, ["a.csv"])
    with pytest.raises(ArchiveError, match="no file to erase"):
        erasure.plan(root, "shelters", 7, [])


def test_a_crash_at_any_effect_leaves_the_object_whole_and_a_rerun_finishes(tmp_path: Path) -> None:
    root = new(_folder(tmp_path / "prepared"))
    release(root, 1, ONE)
    withdrawn(root, 1)
    found = erasure.plan(root, "shelters", 1, ["a.csv"])
    disk = DyingDisk()
    erasure.destroy(_copy(tmp_path, "count", disk), "shelters", "e1", found, SAID)
    for at in range(len(disk.effects)):
        for moment in ("before", "after"):
            _dies_at(tmp_path, f"{at}{moment}", found, DyingDisk(at, moment))


def _dies_at(tmp_path: Path, name: str, found: list[erasure.Affected], disk: DyingDisk) -> None:
    folder = tmp_path / name
    with pytest.raises(Died):
        erasure.destroy(_copy(tmp_path, name, disk), "shelters", "e1", found, SAID)
    again = StorageRoot.open(folder / "objects", folder / "staging", LocalDisk())
    recover_all(again)
    assert [checked.findings for checked in audit(again)] == [()], name
    erasure.destroy(again, "shelters", "e1", found, SAID)
    assert [checked.findings for checked in audit(again)] == [()], name
    assert SECRET not in everything(folder), name
    assert not list((folder / "staging" / "commits").iterdir())


def _copy(tmp_path: Path, name: str, disk: DyingDisk) -> StorageRoot:
    shutil.copytree(tmp_path / "prepared", tmp_path / name)
    return StorageRoot.open(tmp_path / name / "objects", tmp_path / name / "staging", disk)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
