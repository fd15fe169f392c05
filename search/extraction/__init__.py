"""Text out of PDF, DOCX, HTML, ZIP and tables, read in a sandboxed child; a failed reading is a fact, not a crash."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.formats.sandbox import Limits, run_in_child

EXTRACTOR = "ishi-extract-1"


@dataclass(frozen=True, slots=True)
class TextUnit:
    """One thing to find: `kind` is `sheet`, `row`, `page`, `para` or `feature`.

    `loc` says where: `path` (with `!/` into containers) and, where they apply, `sheet`, `row` and `page` (from 1).
    A `sheet` unit names the columns of the rows that follow; cells of a row are parted by tabs.
    """

    kind: str
    text: str
    columns: tuple[str, ...] = ()
    loc: dict[str, Any] = field(default_factory=dict)


class Extraction:
    """The units of one file as they come; `status` and `reason` hold once `units` is exhausted.

    Status: `ok`, `encrypted`, `limit`, `timeout`, `unsupported`, `damaged`; units given before the end stay good.
    """

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self.status = ""
        self.reason = ""
        self.partial: list[tuple[str, str]] = []
        """Members of a container that could not be read, each with its status."""
        self._path = path
        self._name = name
        self._limits = limits

    @property
    def units(self) -> Iterator[TextUnit]:
        columns: tuple[str, ...] = ()
        with self._path.open("rb") as source:
            for frame in run_in_child("search.extraction.child", source, {"name": self._name}, self._limits):
                if "end" in frame:
                    self.status = str(frame["end"])
                    self.reason = str(frame.get("what") or frame.get("reason", ""))
                elif "failed" in frame:
                    self.partial.append((str(frame["path"]), str(frame["failed"])))
                else:
                    if "columns" in frame:
                        columns = tuple(frame["columns"])
                    tabular = frame["kind"] in {"sheet", "row", "feature"}
                    yield TextUnit(frame["kind"], frame["text"], columns if tabular else (), frame["loc"])


def extract(path: Path, name: str, limits: Limits | None = None) -> Extraction:
    """Return the extraction of the file at `path`, which was published as `name`."""
    return Extraction(path, name, limits or Limits())
