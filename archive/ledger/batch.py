"""What the writer answers: where entries stand, and what became of a batch of the queue."""

from dataclasses import dataclass, field

from archive.errors import ArchiveError
from archive.merkle import Hash


@dataclass(frozen=True)
class Appended:
    """Where an entry stands in the log, and whether this call put it there."""

    index: int
    leaf_hash: Hash
    was_new: bool


@dataclass(frozen=True)
class Batch:
    """What became of the queue's oldest entries: their positions, or why they were refused."""

    positions: dict[Hash, int] = field(default_factory=dict)
    refused: dict[Hash, ArchiveError] = field(default_factory=dict)
