"""What a release's metadata record says, as far as the verifier tells it. Read without pydantic, on purpose.

The whole model is archive.records.metadata; here only the members that are compared or shown are looked at, so that a
record with a newer member can still be verified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive.records import jcs
from archive.records.errors import BadRecord
from archive.verify.bundle import MAX_BYTES


@dataclass(frozen=True)
class Said:
    """The words of a record, and the size of each of its files by path."""

    dataset: str
    version: int
    identifier: str
    title: Mapping[str, str]
    agency: str
    agency_title: Mapping[str, str]
    licence: str
    single_person: bool
    files: Mapping[str, int]


def read(raw: bytes) -> Said:
    """Return what the record says.

    Raises:
        BadRecord: a member is missing or of another shape.
        NotJson, NotCanonical, TooLarge: as `jcs.parse_canonical`.

    """
    found = jcs.parse_canonical(raw, limit=MAX_BYTES, what="metadata record")
    record = _is(found, dict, "record")
    agency = _is(record.get("agency"), dict, "agency")
    return Said(
        dataset=_is(record.get("dataset"), str, "dataset"),
        version=_is(record.get("version"), int, "version"),
        identifier=_is(record.get("identifier"), str, "identifier"),
        title=_words(record.get("title"), "title"),
        agency=_is(agency.get("slug"), str, "agency.slug"),
        agency_title=_words(agency.get("title"), "agency.title"),
        licence=_is(record.get("licence"), str, "licence"),
        single_person=_is(record.get("single_person"), bool, "single_person"),
        files=_files(record.get("files")),
    )


def _files(found: Any) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for each in _is(found, list, "files"):
        file = _is(each, dict, "files")
        path = _is(file.get("path"), str, "files.path")
        if path in sizes:
            raise BadRecord({"member": "files.path", "why": "the same path twice"})
        sizes[path] = _is(file.get("bytes"), int, "files.bytes")
    return sizes


def _words(found: Any, member: str) -> dict[str, str]:
    words: dict[str, str] = _is(found, dict, member)
    for text in words.values():
        _is(text, str, member)
    if not words:
        raise BadRecord({"member": member, "why": "empty"})
    return words


def _is(value: Any, kind: type, member: str) -> Any:
    if type(value) is not kind:
        raise BadRecord({"member": member, "why": f"not of type {kind.__name__}"})
    return value
