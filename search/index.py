"""Which index answers: engines by name, generations as folders, the link `current` swapped at once."""

import importlib.util
import os
import re
from datetime import datetime
from pathlib import Path

from search.analysis import NAME, Analyser
from search.engines.memory import MemoryEngine
from search.errors import SearchError
from search.port import SCHEMA_ID, NoIndex, SearchEngine

CURRENT = "current"
ENGINES = ("tantivy", "whoosh", "memory")
_GENERATION = re.compile(r"[a-z0-9][a-z0-9.-]{0,120}")


class UnknownEngine(SearchError):
    code = "SEA-107"
    ja = "検索エンジン「{engine}」はありません。tantivy か whoosh を指定してください。"
    en = "There is no search engine {engine}. Name tantivy or whoosh."
    zh = "沒有名為「{engine}」的搜尋引擎,請指定 tantivy 或 whoosh。"


def best_engine() -> str:
    """Return the engine for this machine: tantivy, or Whoosh where there is no tantivy for it."""
    return "tantivy" if importlib.util.find_spec("tantivy") else "whoosh"


def open_engine(kind: str, folder: Path, analyser: Analyser, *, create: bool = False) -> SearchEngine:
    """Return an open engine over the generation in `folder`. The caller closes it.

    Raises UnknownEngine, NoIndex, Incompatible or Corrupt.
    """
    engine: SearchEngine
    if kind == "tantivy":
        from search.engines.tantivy import TantivyEngine

        engine = TantivyEngine(folder, analyser)
    elif kind == "whoosh":
        from search.engines.whoosh import WhooshEngine

        engine = WhooshEngine(folder, analyser)
    elif kind == "memory":
        engine = MemoryEngine(analyser)
    else:
        raise UnknownEngine({"engine": kind})
    engine.open(folder.name, create=create)
    return engine


def generation_name(analyser: Analyser, kind: str, moment: datetime) -> str:
    """Return a folder name that says what is inside: analyser and table, schema, engine, when begun."""
    table = analyser.id.partition(":")[2][:12]
    return f"{NAME}.{table}-{SCHEMA_ID}-{kind}-{moment:%Y%m%dt%H%M%S}"


def current_generation(root: Path) -> Path | None:
    """Return the folder that `current` names, or None when there is none yet."""
    link = root / CURRENT
    if not link.is_symlink():
        return None
    folder = root / link.readlink().name
    return folder if folder.is_dir() else None


def swap(root: Path, generation: str) -> None:
    """Make `generation` the current one, at once: readers see the old one or the new one. Raises NoIndex."""
    if not _GENERATION.fullmatch(generation) or not (root / generation).is_dir():
        raise NoIndex({"folder": generation})
    part = root / f".{CURRENT}.{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(generation, target_is_directory=True)
    part.replace(root / CURRENT)
    folder = os.open(root, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_current(root: Path, analyser: Analyser, *, kind: str | None = None) -> SearchEngine:
    """Return a reader or writer over the current generation. Raises NoIndex, Incompatible or Corrupt."""
    folder = current_generation(root)
    if folder is None:
        raise NoIndex({"folder": root.name})
    return open_engine(kind or best_engine(), folder, analyser)
