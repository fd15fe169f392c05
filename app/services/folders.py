"""Where everything of a node lies below its data folder (ARCHITECTURE section 2)."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The data folder's parts; `archive` alone is the truth; `log_state` and `keys` are never below what is served."""

    data: Path

    @property
    def objects(self) -> Path:
        """The OCFL storage root."""
        return self.data / "archive" / "objects"

    @property
    def staging(self) -> Path:
        """Uploads and commits in progress, on the archive's file system."""
        return self.data / "archive" / "staging"

    @property
    def log(self) -> Path:
        """Tiles and checkpoint: what `/log/` serves."""
        return self.data / "archive" / "log"

    @property
    def forks(self) -> Path:
        """Evidence of forked logs, kept for ever."""
        return self.data / "archive" / "forks"

    @property
    def authorities(self) -> Path:
        """Certificates (PEM) of the time authorities that this node trusts, put there by the operator."""
        return self.data / "authorities"

    @property
    def log_state(self) -> Path:
        """The writer's queue and lock."""
        return self.data / "log-state"

    @property
    def keys(self) -> Path:
        """Sealed signing keys."""
        return self.data / "keys"

    @property
    def node_secret(self) -> Path:
        """The secret that seals the keys."""
        return self.data / "node.secret"

    @property
    def index(self) -> Path:
        """The full-text index; disposable."""
        return self.data / "index"

    @property
    def cache(self) -> Path:
        """Text taken out of files, previews; disposable."""
        return self.data / "cache"

    @property
    def recurring(self) -> Path:
        """How the worker's recurring tasks went; written by the worker alone."""
        return self.data / "recurring.json"

    @property
    def demo_accounts(self) -> Path:
        """The sample accounts' passwords, in a demo only."""
        return self.data / "demo-accounts.txt"
