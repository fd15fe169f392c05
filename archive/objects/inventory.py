"""OCFL 1.1 inventories: read strictly, written one way."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from archive.errors import ArchiveError
from archive.objects.errors import BadInventory
from archive.records.names import normalise

TYPE = "https://ocfl.io/1.1/spec/#inventory"
NAME = "inventory.json"
SIDECAR = "inventory.json.sha256"
MAX_BYTES = 64 << 20  # a volume rolls over at 4 MiB; what is larger was not written by us
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTENT = re.compile(r"v[1-9][0-9]{0,5}/content/[0-9a-f]{2}/[0-9a-f]{64}")
_HEAD = re.compile(r"v([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class User:
    """Who committed, in words that may stand in public for ever; `address` is a URI."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version: `state` maps logical paths to hex SHA-256."""

    created: str
    message: str
    user: User
    state: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that an object holds: `manifest` maps hex SHA-256 to a content path below the object."""

    id: str
    manifest: Mapping[str, str]
    versions: tuple[Version, ...]

    @property
    def head(self) -> int:
        return len(self.versions)

    def added_in(self, number: int) -> dict[str, str]:
        """Return digest by content path of what version `number` brought."""
        inside = f"v{number}/"
        return {path: digest for digest, path in self.manifest.items() if path.startswith(inside)}

    def to_bytes(self) -> bytes:
        """Return the one form we write: equal inventories are equal bytes."""
        whole = {
            "digestAlgorithm": "sha256",
            "head": f"v{self.head}",
            "id": self.id,
            "manifest": {digest: [path] for digest, path in self.manifest.items()},
            "type": TYPE,
            "versions": {f"v{n}": _version_json(v) for n, v in enumerate(self.versions, start=1)},
        }
        text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode() + b"\n"


def sidecar(inventory: bytes) -> bytes:
    """Return the sidecar file of an inventory's bytes (OCFL 1.1 section 3.7)."""
    return f"{hashlib.sha256(inventory).hexdigest()} {NAME}\n".encode()


def parse(raw: bytes, where: str) -> Inventory:
    """Return the inventory that `raw` is. Raises BadInventory, told with `where` it lies."""
    try:
        return _inventory(json.loads(raw[: MAX_BYTES + 1]))
    except _Unfit as unfit:
        raise BadInventory({"where": where, "why": str(unfit)}) from None
    except (ValueError, RecursionError):
        raise BadInventory({"where": where, "why": "not JSON"}) from None


class _Unfit(Exception):
    """What is wrong with the JSON of an inventory."""


def _version_json(version: Version) -> dict[str, Any]:
    state: dict[str, list[str]] = {}
    for path, digest in sorted(version.state.items()):
        state.setdefault(digest, []).append(path)
    user = {"address": version.user.address, "name": version.user.name}
    return {"created": version.created, "message": version.message, "state": state, "user": user}


def _inventory(found: Any) -> Inventory:
    whole = _object(found)
    if (whole.get("type"), whole.get("digestAlgorithm")) != (TYPE, "sha256"):
        raise _Unfit("not an OCFL 1.1 inventory with sha256")
    manifest = {_digest(d): _content_path(paths) for d, paths in _object(whole.get("manifest")).items()}
    head = _HEAD.fullmatch(_text(whole.get("head")))
    versions = _object(whole.get("versions"))
    if not head or set(versions) != {f"v{n}" for n in range(1, int(head[1]) + 1)}:
        raise _Unfit("versions are not v1 to head")
    paths: set[str] = set()
    ordered = tuple(_version(versions[f"v{n}"], manifest, paths) for n in range(1, len(versions) + 1))
    return Inventory(_text(whole.get("id")), manifest, ordered)


def _version(found: Any, manifest: Mapping[str, str], paths: set[str]) -> Version:
    """Return one version; `paths` holds the logical paths that other versions have shown to be right."""
    version = _object(found)
    user = _object(version.get("user", {}))
    state = dict(_state(_object(version.get("state")), manifest, paths))
    return Version(
        _text(version.get("created")),
        _text(version.get("message", "")),
        User(_text(user.get("name", "")), _text(user.get("address", ""))),
        state,
    )


def _state(found: Mapping[str, Any], manifest: Mapping[str, str], known: set[str]) -> Iterable[tuple[str, str]]:
    for digest, paths in found.items():
        if digest not in manifest:
            raise _Unfit("a state names content that the manifest does not have")
        for path in _list(paths):
            if _text(path) not in known:
                known.add(_logical(path))
            yield path, digest


def _logical(path: str) -> str:
    try:
        plain = normalise(path).path
    except ArchiveError as refused:
        raise _Unfit(f"a logical path is refused: {refused.code}") from refused
    if plain != path:
        raise _Unfit("a logical path is not in NFC")
    return path


def _content_path(found: Any) -> str:
    paths = _list(found)
    if len(paths) != 1 or not _CONTENT.fullmatch(_text(paths[0])):
        raise _Unfit("a content path is not ours")
    return _text(paths[0])


def _digest(found: str) -> str:
    if not _DIGEST.fullmatch(found):
        raise _Unfit("a digest is not SHA-256 in lower case")
    return found


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise _Unfit("an object is missing")
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise _Unfit("a list is missing")
    return found


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise _Unfit("a text is missing")
    return found
