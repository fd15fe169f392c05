"""What a sample dataset is: words, and the steps that publish, amend and withdraw its releases in order."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.services.words import Words

AREA = "見本市(架空の市)"
_FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Publish:
    """The next release: its files by path, the declared kind, what changed in each language."""

    files: Mapping[str, bytes]
    kind: str = "update"
    note: Mapping[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=Words)


@dataclass(frozen=True)
class Amend:
    """Other words for a release that is published already."""

    version: int
    words: Words
    reason: str


@dataclass(frozen=True)
class Withdraw:
    """A withdrawal with its ground and the law it rests on."""

    version: int
    ground: str
    law: str
    reason: str


Step = Publish | Amend | Withdraw


@dataclass(frozen=True)
class SampleDataset:
    """One dataset of the sample city."""

    name: str
    agency: str
    words: Words
    steps: Sequence[Step]


@dataclass(frozen=True)
class SampleAgency:
    """One agency of the sample city; `approvals` people decide on what it publishes."""

    slug: str
    title: Mapping[str, str]
    approvals: int


def csv_bytes(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, encoding: str = "utf-8", newline: str = "\n"
) -> bytes:
    """Return a table as CSV, as an office would save it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=newline)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def geojson_bytes(features: Sequence[tuple[float, float, Mapping[str, object]]]) -> bytes:
    """Return points (longitude, latitude, properties) as GeoJSON."""
    document = {
        "type": "FeatureCollection",
        "name": "見本市(架空)",
        "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lng, lat]}, "properties": dict(said)}
            for lng, lat, said in features
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP whose bytes depend on its members alone: every member carries the same date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(2026, 4, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def kept_file(name: str) -> bytes:
    """Return a file that lies beside this module: workbooks and PDFs, made by `python -m bench.sample_files`."""
    return (_FILES / name).read_bytes()


def place(number: int, *, spread: int = 97) -> tuple[str, str]:
    """Return latitude and longitude of the n-th invented place, with six decimals, on open water."""
    north, east = (number * 37) % spread, (number * 61) % spread
    return f"{34.690000 + north * 0.000713:.6f}", f"{138.500000 + east * 0.000827:.6f}"
