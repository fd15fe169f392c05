"""What a bundle claims, part by part: of the right shape, and not believed before `archive.verify.steps` checked it."""

from dataclasses import dataclass

from archive.records.manifest import ErasedLeaf, Leaf
from archive.records.rowtree import RowProof


@dataclass(frozen=True)
class Place:
    """Where a leaf stands among the files of its release, and the hashes from it to the manifest root."""

    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class OneFile:
    """The bundle is for one file: its leaf, opened."""

    path: str
    size: int
    sha256: bytes
    leaf: Leaf
    place: Place


@dataclass(frozen=True)
class WholeRelease:
    """The bundle is for every file of a release: all leaves, opened but for those that were erased."""

    leaves: tuple[Leaf | ErasedLeaf, ...]


@dataclass(frozen=True)
class OneRow:
    """The bundle is for one row of a file: the leaf's text, which names the row tree, and the row's proof."""

    path: str
    size: int
    leaf: str
    place: Place
    row: RowProof


@dataclass(frozen=True)
class ErasedFile:
    """The bundle is for a file that was erased: only the hash of its leaf is left."""

    leaf_hash: bytes
    place: Place


Subject = OneFile | WholeRelease | OneRow | ErasedFile


@dataclass(frozen=True)
class RecordClaim:
    """A metadata record's exact text, and the salt of its commitment."""

    text: bytes
    salt: bytes


@dataclass(frozen=True)
class StatementClaim:
    """A statement's envelope, its index, the text of its tlog-proof, and the record that it commits to, if given."""

    entry: bytes
    index: int
    proof: bytes
    record: RecordClaim | None = None


@dataclass(frozen=True)
class AnchorClaim:
    """A proof of time over a checkpoint, and the tlog-proof of a statement under that checkpoint.

    `header` is the block header (80 bytes) that an OpenTimestamps proof ends in; empty for other kinds.
    """

    kind: str
    by: str
    token: bytes
    header: bytes
    proof: bytes


@dataclass(frozen=True)
class RenewalClaim:
    """A renew statement, the ways of the publish statement and of an older token into its trees, and its own anchor."""

    statement: StatementClaim
    entry_path: tuple[bytes, ...]
    token_index: int
    token_count: int
    token_path: tuple[bytes, ...]
    anchor: AnchorClaim


@dataclass(frozen=True)
class BindingClaim:
    """Something outside the log that ties a key to an office; `content` is as its kind says."""

    kind: str
    vkey: str
    content: bytes
    certificates: tuple[bytes, ...]
    source: str


@dataclass(frozen=True)
class Bundle:
    """All parts of a bundle, of the right shape and nothing more."""

    dataset: str
    version: int
    subject: Subject
    manifest_salt: bytes
    record: RecordClaim | None
    publish: StatementClaim
    keys: tuple[StatementClaim, ...]
    later: tuple[StatementClaim, ...]
    anchors: tuple[AnchorClaim, ...]
    renewals: tuple[RenewalClaim, ...]
    bindings: tuple[BindingClaim, ...]
    policy: str
