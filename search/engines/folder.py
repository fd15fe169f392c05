"""What every index folder has, whichever engine made it: its description and its manifest."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from search.port import SCHEMA_ID, Corrupt, EngineInfo, Incompatible, Manifest, NoIndex

INFO = "ishibumi-index.json"


def open_folder(folder: Path, engine: str, analyser: str, *, create: bool) -> tuple[EngineInfo, bool]:
    """Return what the folder holds, and whether it was made just now.

    Raises NoIndex, Incompatible or Corrupt.
    """
    info = EngineInfo(engine, analyser, SCHEMA_ID, folder.name)
    if not (folder / INFO).exists():
        if not create:
            raise NoIndex({"folder": folder.name})
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # Whoosh keeps pickles: nobody else may write here
        return info, True
    try:
        found = EngineInfo(**json.loads((folder / INFO).read_bytes()))
    except (ValueError, TypeError):
        raise Corrupt({"reason": INFO}) from None
    if (found.engine, found.analyser, found.schema) != (engine, analyser, SCHEMA_ID):
        raise Incompatible({"want": f"{engine} {analyser}", "got": f"{found.engine} {found.analyser}"})
    return found, False


def describe(folder: Path, info: EngineInfo) -> None:
    """Write the description last: a folder without it is one whose making was cut short."""
    part = folder / (INFO + ".part")
    with part.open("w", encoding="utf-8") as out:
        json.dump(asdict(info), out)
        out.flush()
        os.fsync(out.fileno())
    part.replace(folder / INFO)


def copy_files(folder: Path, to: Path, names: Iterable[str]) -> Manifest:
    """Copy `names` into the new folder `to` and return their hashes, taken from the copies."""
    to.mkdir(parents=True)
    for name in (INFO, *names):
        shutil.copyfile(folder / name, to / name)
    return hashes(to)


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each data file of a folder."""
    return {
        path.name: _sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith((".lock", ".part")) and "LOCK" not in path.name
    }


def faults(folder: Path, manifest: Mapping[str, str]) -> Sequence[str]:
    """Return the names in `manifest` whose files are missing or differ."""
    return [name for name, want in manifest.items() if not (folder / name).is_file() or _sha256(folder / name) != want]


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
