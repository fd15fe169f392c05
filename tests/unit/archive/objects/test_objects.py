"""Committing and reading versions, judged by ocfl-py as well."""

import hashlib
import io
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import ocfl
import pytest

from archive.objects import errors, layout
from archive.objects.audit import Finding, audit
from archive.objects.commit import CommittedVersion, Content, Kept, commit, find_commit
from archive.objects.inventory import User, parse
from archive.objects.recovery import recover
from archive.objects.root import Limits, StorageRoot
from archive.records.names import PathNotPlain, PathsCollide
from archive.store.disk import LocalDisk
from archive.store.staging import Staging

WHEN = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
WHO = User("Mihon City", "https://mihon.example/")


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def save(root: StorageRoot, token: str, state: Mapping[str, Content], dataset: str = "shelters") -> CommittedVersion:
    return commit(root, dataset, token, state, message="a release", user=WHO, created=WHEN)


def new_root(folder: Path, limits: Limits | None = None) -> StorageRoot:
    return StorageRoot.create(folder / "objects", folder / "staging", LocalDisk(), limits)


def foreign_reader_codes(root: StorageRoot) -> set[str]:
    """Return what ocfl-py has to say about the root and every object in it."""
    codes: set[str] = set()
    for object_id in root.objects():
        passed, validator = ocfl.Object(identifier=object_id).validate(objdir=str(root.path_of(object_id)))
        assert passed, str(validator)
        codes |= set(validator.log.codes)
    storage = ocfl.StorageRoot(root=str(root.folder))
    assert storage.validate(validate_objects=True, log_warnings=True), str(storage.log)
    assert not storage.log.codes, str(storage.log)
    return codes


@pytest.fixture
def root(tmp_path: Path) -> StorageRoot:
    return new_root(tmp_path)


def test_a_version_is_read_back(root: StorageRoot) -> None:
    saved = save(root, "r1", {"files/避難所.csv": b"name\n", "meta/release.json": b"{}"})
    assert (saved.object_id, saved.volume, saved.version) == ("urn:ishibumi:shelters:1", 1, 1)
    found = root.read(saved.object_id, 1, "files/避難所.csv")
    assert (found.path.read_bytes(), found.sha256, found.size) == (b"name\n", sha(b"name\n"), 5)
    assert found.path.relative_to(root.path_of(saved.object_id)).as_posix() == (
        f"v1/content/{sha(b'name' + bytes([10])).hex()[:2]}/{sha(b'name' + bytes([10])).hex()}"
    )
    assert sorted(root.state(saved.object_id, 1)) == [
        "files/避難所.csv",
        "meta/commit.json",
        "meta/release.json",
    ]
    assert list(root.objects()) == [saved.object_id]


def test_foreign_readers_call_it_valid_with_one_known_warning(root: StorageRoot) -> None:
    save(root, "r1", {"files/a.csv": b"1", "files/b.csv": b"2"})
    save(root, "r2", {"files/a.csv": b"3", "files/b.csv": Kept(sha(b"2"))})
    save(root, "r1", {"files/a.csv": b"1"}, dataset="x" * 80)
    assert foreign_reader_codes(root) == {"W004"}


def test_a_staged_file_is_linked_and_may_be_discarded(root: StorageRoot, tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging", LocalDisk(), 1 << 30)
    staged = staging.stage(io.BytesIO(b"big"))
    saved = save(root, "r1", {"files/big.csv": staged})
    found = root.read(saved.object_id, 1, "files/big.csv")
    assert found.path.stat().st_ino == staged.path.stat().st_ino
    staging.discard(staged.id)
    assert found.path.read_bytes() == b"big"
    with pytest.raises(errors.ContentMissing):
        save(root, "r2", {"files/big.csv": b"x", "files/c": staging_gone(staged)})


def staging_gone(staged: object) -> Content:
    assert not isinstance(staged, bytes | Kept)
    return type(staged)("gone", staged.path, 4, sha(b"gone"), 1, bytes(32))  # type: ignore[attr-defined,call-arg,no-any-return]


def test_old_versions_stay_as_they_were(root: StorageRoot) -> None:
    for n in range(1, 6):
        save(root, f"r{n}", {"files/a.csv": b"%d" % n, "files/same.csv": b"same"})
    for n in range(1, 6):
        assert root.read("urn:ishibumi:shelters:1", n, "files/a.csv").path.read_bytes() == b"%d" % n
    assert root.read("urn:ishibumi:shelters:1", 5, "files/same.csv").path.parts[-4] == "v1"


def test_the_same_token_gives_the_same_answer_and_nothing_new(root: StorageRoot) -> None:
    first = save(root, "r1", {"files/a.csv": b"1"})
    save(root, "r2", {"files/a.csv": b"2"})
    assert save(root, "r1", {"files/a.csv": b"1"}) == first == find_commit(root, "shelters", "r1")
    assert root.head(first.object_id) == 2
    assert find_commit(root, "shelters", "r3") is None


def test_the_same_token_with_other_content_is_a_conflict(root: StorageRoot) -> None:
    save(root, "r1", {"files/a.csv": b"1"})
    for other in ({"files/a.csv": b"2"}, {"files/b.csv": b"1"}, {"files/a.csv": b"1", "files/b.csv": b"1"}):
        with pytest.raises(errors.CommitConflict):
            save(root, "r1", other)
    assert root.head("urn:ishibumi:shelters:1") == 1


@pytest.mark.parametrize("limits", [Limits(versions=3), Limits(inventory_bytes=1200)])
def test_a_full_volume_is_followed_by_another_that_is_whole_alone(tmp_path: Path, limits: Limits) -> None:
    root = new_root(tmp_path, limits)
    saved = [save(root, "r0", {"files/same.csv": b"same", "files/a.csv": b"0"})]
    saved += [
        save(root, f"r{n}", {"files/same.csv": Kept(sha(b"same")), "files/a.csv": b"%d" % n}) for n in range(1, 8)
    ]
    assert saved[-1].volume > 2
    volumes = root.volumes("shelters")
    assert volumes == [f"urn:ishibumi:shelters:{n}" for n in range(1, saved[-1].volume + 1)]
    for before, volume in pairwise(volumes):
        assert (
            root.read(volume, 1, "meta/continues.json").path.read_bytes() == b'{"continues":"%s"}\n' % before.encode()
        )
        assert root.read(volume, 1, "files/same.csv").path.is_relative_to(root.path_of(volume))
    assert save(root, "r1", {"files/same.csv": b"same", "files/a.csv": b"1"}) == saved[1]
    assert foreign_reader_codes(root) == {"W004"}
    assert [checked.findings for checked in audit(root)] == [()] * len(volumes)


def test_many_small_files_and_keyed_places(root: StorageRoot) -> None:
    state = {f"files/{n}.csv": b"%d" % n for n in range(70)}
    saved = commit(root, "shelters", "r1", state, message="m", user=WHO, created=WHEN, path_key=b"k" * 32)
    assert root.read(saved.object_id, 1, "files/7.csv").path.read_bytes() == b"7"
    assert sha(b"7").hex() not in {path.name for path in root.folder.rglob("*")}
    assert foreign_reader_codes(root) == {"W004"}


@pytest.mark.parametrize(
    ("state", "error"),
    [
        pytest.param({}, errors.BadCommit, id="nothing"),
        pytest.param({"meta/commit.json": b""}, errors.BadCommit, id="our name"),
        pytest.param({"META/commit.json": b""}, PathsCollide, id="our name in another case"),
        pytest.param({"a/../b": b""}, PathNotPlain, id="climbs"),
        pytest.param({"\u30ab\u3099": b""}, errors.BadCommit, id="not NFC"),
        pytest.param({"a": b"", "A": b""}, PathsCollide, id="case"),
        pytest.param({"a": Kept(bytes(32))}, errors.ContentMissing, id="bytes nobody has"),
    ],
)
def test_what_cannot_be_committed_leaves_nothing(root: StorageRoot, state: dict[str, Content], error: type) -> None:
    with pytest.raises(error):
        save(root, "r1", state)
    assert list(root.objects()) == []
    assert list((root.staging / "commits").iterdir()) == []
    assert [p.name for p in root.folder.iterdir() if p.is_dir()] == ["extensions"]


def test_two_publishers_at_once_both_get_their_own_version(root: StorageRoot) -> None:
    found: list[CommittedVersion] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(save(root, f"r{n}", {"files/a": b"%d" % n}))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(f.version for f in found) == [1, 2, 3, 4]
    assert foreign_reader_codes(root) == {"W004"}


def test_a_stranger_who_took_the_version_is_not_overwritten(root: StorageRoot, tmp_path: Path) -> None:
    class Meanwhile(LocalDisk):
        def rename(self, source: Path, target: Path) -> None:
            target.mkdir()
            (target / "stranger").touch()
            super().rename(source, target)

    save(root, "r1", {"a": b"1"})
    racing = StorageRoot.open(root.folder, root.staging, Meanwhile())
    with pytest.raises(errors.VersionTaken):
        save(racing, "r2", {"a": b"2"})
    assert list((root.staging / "commits").iterdir()) == []
    assert recover(root, "urn:ishibumi:shelters:1").quarantined == ("v2",)  # type: ignore[union-attr]
    assert save(root, "r2", {"a": b"2"}).version == 2
    assert foreign_reader_codes(root) == {"W004"}


def test_a_missing_marker_is_no_empty_archive(root: StorageRoot) -> None:
    (root.folder / "0=ocfl_1.1").unlink()
    for call in (
        lambda: StorageRoot.open(root.folder, root.staging, LocalDisk()),
        lambda: list(root.objects()),
        lambda: root.volumes("shelters"),
        lambda: root.head("urn:ishibumi:shelters:1"),
        lambda: save(root, "r1", {"a": b"1"}),
        lambda: list(audit(root)),
    ):
        with pytest.raises(errors.NotAnArchive):
            call()


def test_an_archive_is_made_only_where_nothing_is(root: StorageRoot, tmp_path: Path) -> None:
    with pytest.raises(errors.FolderInUse):
        new_root(tmp_path)
    (root.folder / "0=ocfl_1.1").unlink()
    assert list(new_root(tmp_path).objects()) == []
    assert "OCFL" in (root.folder / "README.md").read_text()


def test_what_is_not_there_has_its_own_code(root: StorageRoot) -> None:
    object_id = save(root, "r1", {"a": b"1"}).object_id
    with pytest.raises(errors.NoSuchObject):
        root.head("urn:ishibumi:other:1")
    for version in (0, 2):
        with pytest.raises(errors.NoSuchVersion):
            root.state(object_id, version)
    with pytest.raises(errors.NoSuchFile):
        root.read(object_id, 1, "b")
    for bad in ("urn:ishibumi:x:0", "urn:other", "urn:ishibumi:../x:1"):
        with pytest.raises(errors.NoSuchObject):
            layout.parse_id(bad)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        pytest.param("inventory.json", "inventory", id="root inventory"),
        pytest.param("inventory.json.sha256", "inventory", id="root sidecar"),
        pytest.param("v1/inventory.json", "inventory", id="version inventory"),
        pytest.param("v1/content", "damaged", id="content"),
    ],
)
def test_a_flipped_bit_is_found(root: StorageRoot, place: str, kind: str) -> None:
    folder = root.path_of(save(root, "r1", {"files/a": b"12345"}).object_id)
    save(root, "r2", {"files/a": b"67890"})
    path = folder / place
    damage(min(path.rglob("*/*")) if path.is_dir() else path)
    (checked,) = audit(root)
    assert [finding.kind for finding in checked.findings] == [kind]
    assert root.read(checked.object_id, 1, "files/a").path.is_file()
    if place.startswith("inventory"):
        recover(root, checked.object_id)
        assert next(audit(root)).findings == ()


@pytest.mark.parametrize("length", [0, 1, 4095, 4096])
def test_a_torn_write_is_found(root: StorageRoot, length: int) -> None:
    found = root.read(save(root, "r1", {"files/a": b"x" * 5000}).object_id, 1, "files/a")
    found.path.chmod(0o644)
    found.path.write_bytes(b"x" * length)
    assert [f.kind for checked in audit(root) for f in checked.findings] == ["damaged"]


def test_missing_foreign_and_linked_files_are_found(root: StorageRoot) -> None:
    saved = save(root, "r1", {"files/a": b"1", "files/b": b"2"})
    folder = root.path_of(saved.object_id)
    (folder / "v1/stranger").touch()
    gone, linked = (root.read(saved.object_id, 1, f"files/{name}").path for name in "ab")
    gone.unlink()
    linked.rename(folder / "aside")
    linked.symlink_to(folder / "aside")
    (checked,) = audit(root)
    assert {(f.kind, f.path) for f in checked.findings} == {
        ("missing", gone.relative_to(folder).as_posix()),
        ("unexpected", linked.relative_to(folder).as_posix()),
        ("unexpected", "aside"),
        ("unexpected", "v1/stranger"),
    }
    assert Finding(saved.object_id, "unexpected", "aside") in checked.findings


def test_a_sound_object_is_counted(root: StorageRoot) -> None:
    save(root, "r1", {"files/a": b"1" * 1000})
    (checked,) = audit(root)
    assert checked.findings == ()
    assert checked.bytes > 1000
    assert checked.files == 2 + 2 + 2  # two inventories with sidecars, one file, one token


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"type":1}', b"\xff",
        b'{"type":"https://ocfl.io/1.1/spec/#inventory","digestAlgorithm":"sha256","head":"v1","manifest":{"../x":[]}}',
    ],
)  # fmt: skip
def test_a_hostile_inventory_raises_only_our_error(raw: bytes) -> None:
    with pytest.raises(errors.BadInventory):
        parse(raw, "x")


def test_an_inventory_cannot_point_outside(root: StorageRoot) -> None:
    saved = save(root, "r1", {"a": b"1"})
    raw = root.inventory(saved.object_id).to_bytes()
    for bad in (b"v1/content/../../x", b"/etc/passwd"):
        with pytest.raises(errors.BadInventory):
            parse(raw.replace(b"v1/content/6b/" + sha(b"1").hex().encode(), bad), "x")
    assert parse(raw, "x").to_bytes() == raw
