"""Evidence of forks, kept for ever: one file each below the archive, named by its SHA-256."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ArchiveError
from archive.ledger import fork
from archive.ledger.fork import Fork

_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ForkStore:
    """The folder of evidence; any number of processes may use it. Nothing is ever taken out."""

    folder: Path

    def keep(self, found: Fork) -> None:
        """Make the file durable; again does nothing. Raises OSError."""
        target = self.folder / f"{found.id}{fork.SUFFIX}"
        if target.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444)
        with open(number, "wb") as file:  # noqa: PTH123 - made with its mode above
            file.write(found.encode())
            file.flush()
            os.fsync(number)
        draft.replace(target)
        for folder in (self.folder, self.folder.parent):
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(number)
            finally:
                os.close(number)

    def path(self, fork_id: str) -> Path | None:
        """Return where the evidence lies; None when there is none of that name."""
        path = self.folder / f"{fork_id}{fork.SUFFIX}"
        return path if _ID.fullmatch(fork_id) and path.is_file() else None

    def every(self) -> list[Fork]:
        """Return all evidence that can be read, by name."""
        found: list[Fork] = []
        for path in sorted(self.folder.glob(f"[0-9a-f]*{fork.SUFFIX}")):
            try:
                found.append(fork.parse(path.read_bytes()))
            except ArchiveError:
                continue  # a damaged file stays where it is; it convicts nobody
        return found
