"""What of a dataset can be found: itself, each file, and what stands inside the files (SEARCH section 4)."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from app.db.accounts import Agency
from app.db.catalogue import Dataset, Release, ReleaseFile
from search.port import Unit

MAX_TEXT_UNITS = 200_000
MAX_BODY = 20_000


@dataclass(frozen=True)
class Inside:
    """One row, page, sheet or paragraph inside a file, and where it stands there."""

    kind: str
    text: str
    columns: str
    loc: dict[str, object]


@dataclass(frozen=True)
class Shelf:
    """A dataset as the index sees it: its newest standing open release, if any."""

    dataset: Dataset
    agency: Agency
    release: Release | None
    files: list[ReleaseFile]


def file_format(path: str) -> str:
    """Return the facet value for a file: its ending in capitals, or OTHER."""
    return PurePosixPath(path).suffix.removeprefix(".").upper()[:12] or "OTHER"


def units_of(shelf: Shelf, inside: Iterable[tuple[ReleaseFile, Inside]]) -> Iterator[Unit]:
    """Give every unit of a dataset; one that is withdrawn or restricted is found by its title and name alone."""
    release = shelf.release
    if release is None or release.published_at is None:
        state = "withdrawn" if shelf.dataset.state == "withdrawn" else "live"
        yield _unit(shelf, 0, "dataset", title=_titles(shelf), body=shelf.dataset.name, state=state)
        return
    yield _unit(shelf, 0, "dataset", title=_titles(shelf), body=_description(shelf), loc={"version": release.version})
    number = 0
    for file in shelf.files:
        number += 1
        loc: dict[str, object] = {"version": release.version, "path": file.path}
        yield _unit(shelf, number, "file", body=file.path, loc=loc, file=file)
    for file, found in inside:
        number += 1
        yield _unit(
            shelf,
            number,
            found.kind,
            columns=found.columns,
            body=found.text[:MAX_BODY],
            loc={"version": release.version, "path": file.path, **found.loc},
            file=file,
        )


def _unit(
    shelf: Shelf,
    number: int,
    kind: str,
    *,
    title: str = "",
    columns: str = "",
    body: str = "",
    state: str = "live",
    loc: dict[str, object] | None = None,
    file: ReleaseFile | None = None,
) -> Unit:
    release, dataset = shelf.release, shelf.dataset
    moment = release.published_at if release else dataset.updated_at
    formats = [file_format(each.path) for each in ([file] if file else shelf.files)]
    return Unit(
        uid=hashlib.sha256(f"{dataset.name}\n{number}".encode()).hexdigest()[:32],
        kind=kind,
        dataset_id=dataset.name,
        title=title,
        columns=columns,
        body=body,
        codes=(dataset.name,) if number == 0 else (),
        resource_id=file.path if file else "",
        blob_sha256=file.sha256 if file else "",
        leaf_hash=release.leaf_hash if release else "",
        l_from=(release.log_index or 0) if release else 0,
        agency=shelf.agency.slug,
        licence=dataset.licence,
        format=tuple(dict.fromkeys(formats)),
        theme=tuple(dataset.themes),
        year=(str(moment.year),) if moment else (),
        published_at=int(moment.timestamp()) if moment else 0,
        state=state,
        loc=json.dumps(loc or {}, ensure_ascii=False),
    )


def _titles(shelf: Shelf) -> str:
    return " / ".join([*dict.fromkeys(_texts(shelf.dataset.title)), shelf.dataset.reading]).strip(" /")


def _description(shelf: Shelf) -> str:
    dataset = shelf.dataset
    parts = [
        *_texts(dataset.description),
        " ".join(dataset.keywords),
        dataset.area,
        dataset.period,
        " ".join(_texts(shelf.agency.title)),
        dataset.name,
    ]
    return "\n".join(part for part in parts if part)


def _texts(texts: Mapping[str, str]) -> list[str]:
    """Return the texts in the order of their languages: a rebuild must give the same unit."""
    return [texts[lang] for lang in sorted(texts)]
