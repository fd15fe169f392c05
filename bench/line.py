"""Small releases through the whole line by the real worker: approved → archive → log → shown, and found by search."""

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlmodel import col, func, select

from app.config import Settings
from app.db.catalogue import Release, SearchChange
from app.db.engine import make_engine, transaction
from app.policy import Actor, Role
from app.services import agencies, drafts, node
from app.services.folders import Folders
from app.services.intake import take
from app.services.words import Words
from app.wiring import Portal, SystemClock, open_portal

RELEASES = 200
GOAL = 10.0
_ME = Actor("bench", "bench", {"a1": frozenset({Role.UPLOADER})}, is_operator=True)


def rows() -> list[tuple[str, ...]]:
    """Return (what, figure, beside it)."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data_dir=Path(scratch) / "data")
        settings.data_dir.mkdir()
        engine = make_engine(settings.sqlalchemy_url)
        node.create(Folders(settings.data_dir), engine, "bench.example", SystemClock())
        engine.dispose()
        portal = open_portal(settings)
        fsyncs = _fsyncs_a_second(Path(scratch))
        with transaction(portal.engine) as session:
            agencies.add_agency(
                session, portal.jobs, _ME, slug="a1", title={"en": "A"}, approvals=1, now=portal.clock.now()
            )
        environment = {**os.environ, "ISHIBUMI_DATA_DIR": str(settings.data_dir), "ISHIBUMI_LOG_LEVEL": "ERROR"}
        worker = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], env=environment)
        try:
            _publish(portal, 0)
            _await(portal, 1)
            begun = time.perf_counter()
            for number in range(1, RELEASES + 1):
                _publish(portal, number)
            queued = time.perf_counter()
            _await(portal, RELEASES + 1)
            shown = time.perf_counter()
            _await_index(portal)
            found = time.perf_counter()
        finally:
            worker.terminate()
            worker.wait()
            portal.close()
    rate = RELEASES / (shown - begun)
    return [
        ("releases of one small file", f"{RELEASES}", ""),
        ("submitted per second", f"{RELEASES / (queued - begun):.1f}", ""),
        ("published per second", f"{rate:.1f}", f"goal {GOAL:.0f}"),
        ("published and findable per second", f"{RELEASES / (found - begun):.1f}", ""),
        ("4 KiB write + fsync per second", f"{fsyncs:.0f}", f"1 release = {fsyncs / rate:.0f} of them"),
    ]


def _publish(portal: Portal, number: int) -> None:
    now = portal.clock.now()
    staged = take(portal.staging, io.BytesIO(b"name,n\nshelter,%d\n" % number), "a.csv")
    with transaction(portal.engine) as session:
        words = Words(title={"en": f"Set {number}"})
        drafts.create_dataset(session, _ME, name=f"set-{number}", agency="a1", words=words, now=now)
        release = drafts.start_release(session, _ME, dataset=f"set-{number}", kind="update", note={}, now=now)
        drafts.add_file(session, _ME, release.id, staged, most=10)
        drafts.submit(session, portal.jobs, _ME, release.id, origin=portal.host, now=now)


def _await(portal: Portal, count: int) -> None:
    while True:
        with transaction(portal.engine) as session:
            query = select(func.count()).select_from(Release).where(Release.state == "published")
            if session.exec(query).one() >= count:
                return
        time.sleep(0.05)


def _await_index(portal: Portal) -> None:
    while True:
        with transaction(portal.engine) as session:
            query = select(func.count()).select_from(SearchChange).where(col(SearchChange.done_at).is_(None))
            if session.exec(query).one() == 0:
                return
        time.sleep(0.05)


def _fsyncs_a_second(folder: Path) -> float:
    count, begun = 200, time.perf_counter()
    with (folder / "fsync").open("wb", buffering=0) as out:
        for _ in range(count):
            out.write(bytes(4096))
            os.fsync(out.fileno())
    return count / (time.perf_counter() - begun)
