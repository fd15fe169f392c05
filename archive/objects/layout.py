"""Where an object lies: ids of dataset volumes and OCFL extension 0003-hash-and-id-n-tuple-storage-layout."""

import hashlib
import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from archive.objects.errors import NoSuchObject
from archive.records.names import check_agency_slug, check_dataset_name, escaped

EXTENSION = "0003-hash-and-id-n-tuple-storage-layout"
CONFIG = {"digestAlgorithm": "sha256", "extensionName": EXTENSION, "numberOfTuples": 3, "tupleSize": 3}
LAYOUT = {"description": "Folders by the SHA-256 of the object id, then the id.", "extension": EXTENSION}
DEPTH = 4  # three tuples and the id
AGENCY = "agency."  # records of agencies: the dot keeps them apart, no dataset name can have one
_ID = re.compile(r"urn:ishibumi:((?:agency\.)?[a-z0-9-]{1,80}):([1-9][0-9]{0,8})")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_LONGEST = 100


def object_id(dataset: str, volume: int) -> str:
    """Return the id of a volume, counted from 1, of a dataset or `agency.<slug>`. Raises ARC-008, ARC-009."""
    return f"urn:ishibumi:{_check(dataset)}:{volume}"


def parse_id(identifier: str) -> tuple[str, int]:
    """Return dataset and volume of an object id. Raises NoSuchObject: nothing else can be in the archive."""
    found = _ID.fullmatch(identifier)
    if not found:
        raise NoSuchObject({"object": escaped(identifier[:200])})
    return _check(found[1]), int(found[2])


def object_path(identifier: str) -> PurePosixPath:
    """Return the folder of an object below the storage root (extension 0003, sha256, 3 tuples of 3)."""
    raw = identifier.encode()
    digest = hashlib.sha256(raw).hexdigest()
    name = "".join(chr(byte) if byte in _SAFE else f"%{byte:02x}" for byte in raw)
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{digest}"
    return PurePosixPath(digest[:3], digest[3:6], digest[6:9], name)


def id_of_name(name: str) -> str | None:
    """Return the object id that a folder is named after, None if the name was cut because it is long."""
    return None if len(name) > _LONGEST else unquote(name)


def _check(name: str) -> str:
    if name.startswith(AGENCY):
        return AGENCY + check_agency_slug(name.removeprefix(AGENCY))
    return check_dataset_name(name)
