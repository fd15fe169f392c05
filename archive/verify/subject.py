"""Steps 1 to 4: from the bytes in hand to the release that a statement commits to."""

from collections.abc import Mapping
from hashlib import sha256

from archive import merkle
from archive.records import base64_strict
from archive.records.commit import check_opening
from archive.records.manifest import Leaf, read_leaf
from archive.records.names import escaped
from archive.records.statements import Statement
from archive.store.hashing import Digests
from archive.verify import record as records
from archive.verify.claims import Bundle, ErasedFile, OneFile, OneRow, Place, Subject, WholeRelease
from archive.verify.errors import BytesMissing, NotInRelease, OtherBytes, OtherFile, OtherRelease
from archive.verify.record import Said


def choose(file: Digests | None, subject: Subject) -> Leaf | None:
    """Step 1: return the leaf that the bytes are to be held against, None for a row or an erased file.

    Raises:
        OtherBytes, NotInRelease: the bundle is for others.
        BytesMissing: no bytes were given, and the bundle is not for an erased file.
        BadManifest, WrongOpening: a leaf of a whole release is not what its opening says.

    """
    if isinstance(subject, ErasedFile):
        if file is not None:
            raise OtherBytes({"got": file.sha256.hex(), "want": "-"})
        return None
    if file is None:
        raise BytesMissing
    if isinstance(subject, WholeRelease):
        # Every leaf is opened, so that a bundle with one wrong leaf is refused whichever file is asked about.
        found = [leaf for leaf in subject.leaves if isinstance(leaf, Leaf) and leaf.digest().sha256 == file.sha256]
        if not found:
            raise NotInRelease({"got": file.sha256.hex()})
        return found[0]
    if isinstance(subject, OneRow):
        size, digest = len(subject.row.raw), sha256(subject.row.raw).digest()
    else:
        size, digest = subject.size, subject.sha256
    if (file.size, file.sha256) != (size, digest):
        raise OtherBytes({"got": file.sha256.hex(), "want": digest.hex()})
    return subject.leaf if isinstance(subject, OneFile) else None


def check_leaf(file: Digests | None, subject: Subject, chosen: Leaf | None) -> tuple[str, int]:
    """Step 2: return path and size of the file that the leaf says these bytes are, or are a row of ('' if erased).

    Raises OtherFile, BadManifest, WrongOpening, MerkleError.
    """
    if isinstance(subject, OneRow):
        said = read_leaf(subject.leaf)
        _require_same_file({"path": (said.path, subject.path), "size": (said.size, subject.size)})
        if said.rows is None:
            raise OtherFile({"member": "rows"})
        subject.row.check(said.rows)
        return said.path, said.size
    if chosen is None or file is None:
        return "", 0
    leaf = chosen.digest()
    shown: dict[str, tuple[object, object]] = {
        "size": (leaf.size, file.size),
        "sha256": (leaf.sha256, file.sha256),
        "chunks.n": (leaf.chunks, file.chunks),
        "chunks.root": (leaf.chunk_root, file.chunk_root),
    }
    if isinstance(subject, OneFile):
        shown = {"path": (leaf.path, subject.path), **shown}
    _require_same_file(shown)
    return leaf.path, leaf.size


def check_manifest(bundle: Bundle, statement: Statement) -> int:
    """Step 3: return how many files the release has. Raises OtherRelease, MerkleError, WrongOpening."""
    subject = bundle.subject
    files = len(subject.leaves) if isinstance(subject, WholeRelease) else subject.place.size
    require_same("files", statement.body["files"], files)
    if isinstance(subject, WholeRelease):
        root = merkle.root([leaf.hash for leaf in subject.leaves])
    else:
        root = _climb(_leaf_hash(subject), subject.place)
    check_opening("manifest", bundle.manifest_salt, root, base64_strict.decode(statement.body["manifest"], 32))
    return files


def check_record(bundle: Bundle, statement: Statement, files: int, path: str, size: int) -> Said | None:
    """Step 4: return what the record says, None where it was erased. Raises OtherRelease, WrongOpening, BadRecord."""
    if bundle.record is None:
        return None
    committed = base64_strict.decode(statement.body["metadata"], 32)
    check_opening("metadata", bundle.record.salt, bundle.record.text, committed)
    said = records.read(bundle.record.text)
    require_same("dataset", said.dataset, bundle.dataset)
    require_same("version", said.version, bundle.version)
    require_same("licence", said.licence, statement.body["licence"])
    require_same("agency", said.agency, statement.agency.rpartition("/agency/")[2])
    require_same("files", len(said.files), files)
    if path:
        require_same("bytes", said.files.get(path, "none"), size)
    return said


def require_same(member: str, one: str | int, other: str | int) -> None:
    """Return if two parts of the evidence agree. Raises OtherRelease."""
    if one != other:
        raise OtherRelease({"member": member, "one": escaped(str(one)[:120]), "other": escaped(str(other)[:120])})


def _require_same_file(shown: Mapping[str, tuple[object, object]]) -> None:
    for member, (said, found) in shown.items():
        if said != found:
            raise OtherFile({"member": member})


def _leaf_hash(subject: OneFile | OneRow | ErasedFile) -> bytes:
    if isinstance(subject, OneFile):
        return subject.leaf.hash
    return subject.leaf_hash if isinstance(subject, ErasedFile) else merkle.leaf_hash(subject.leaf.encode())


def _climb(leaf: bytes, place: Place) -> bytes:
    ranges = merkle.inclusion_ranges(place.index, place.size)
    # The length comes before the content: one step short, an inner node would pass as a leaf.
    if len(ranges) != len(place.path):
        raise merkle.WrongProofLength({"want": len(ranges), "got": len(place.path)})
    found = leaf
    for (start, _), sibling in zip(ranges, place.path, strict=True):
        found = merkle.node_hash(sibling, found) if start < place.index else merkle.node_hash(found, sibling)
    return found
