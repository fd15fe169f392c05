"""One worker for a data folder: a file whose flock makes a second one refuse to start (ARCHIVE section 2.4, trap 4).

Imports no DBOS, so that `serve` can ask before it starts anything.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import AppError


class WorkerRuns(AppError):
    code = "APP-040"
    ja = (
        "このデータフォルダーでは、別の worker が動いています。先にその `ishibumi serve` か `worker` を止めてください。"
    )
    en = "Another worker runs on this data folder. Stop that `ishibumi serve` or `worker` first."
    zh = "此資料夾已有另一個 worker 在執行。請先停止該 `ishibumi serve` 或 `worker`。"


@contextmanager
def worker_slot(data_dir: Path) -> Iterator[None]:
    """Hold the right to be the worker of a data folder. Raises WorkerRuns at once when another process has it."""
    descriptor = os.open(data_dir / "worker-0.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise WorkerRuns from taken
        yield
    finally:
        os.close(descriptor)
