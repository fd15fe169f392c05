"""An evidence bundle as it comes: the JSON document, or a zip of it with its file. Read in place, never unpacked.

Of a zip only `evidence.json` and the one file below `file/` are looked at; whatever else it holds is never read. A
name that would be dangerous to unpack is refused all the same, since a person will unpack it.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from archive.records.names import escaped
from archive.store import hashing
from archive.store.hashing import Digests
from archive.verify.bundle import MAX_BYTES
from archive.verify.errors import BadZip, LockedZip, NotInZip, TwiceInZip, UnsafeZipName, ZipTooLarge

EVIDENCE = "evidence.json"
README = "README.html"
FILE = "file/"
MAX_ENTRIES = 64
MAX_DIRECTORY = 256 * 1024
MAX_SWELL = 200
"""How many bytes one packed byte may become; the zips that we write are not packed at all."""
_START = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_SLACK = 64 * 1024
_END_BYTES = 22
_END64_BYTES = 56
_LOCAL_BYTES = 30
_DESCRIPTOR_BYTES = 24
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True)
class Evidence:
    """A bundle's bytes, not yet parsed, and the digests of the file that came in the same zip, if one did."""

    bundle: bytes
    file: Digests | None


def read(source: BinaryIO) -> Evidence:
    """Return the evidence in an open JSON or zip file, told apart by its first bytes.

    Raises:
        BadZip: it begins as a zip and is none, or is damaged. NotInZip: not one bundle and at most one file.
        UnsafeZipName: a link, or a name that leads elsewhere. TwiceInZip: one name twice.
        LockedZip: encrypted, or another method than stored and deflated. ZipTooLarge: more than the limits.

    """
    start = source.read(len(_START))
    if start != _START:
        return Evidence(start + source.read(MAX_BYTES + 1 - len(start)), None)
    with _told():
        _check_directory(source)
        with zipfile.ZipFile(source) as found:
            _check_gaps(source, found)
            return _read(found)


def _read(found: zipfile.ZipFile) -> Evidence:
    entries = {entry.filename: entry for entry in found.infolist()}
    seen: set[str] = set()
    for entry in found.infolist():
        _check_name(entry, seen)
    files = [entry for name, entry in entries.items() if name.startswith(FILE) and not entry.is_dir()]
    if EVIDENCE not in entries or len(files) > 1:
        raise NotInZip({"why": f"{len(files)} files" if EVIDENCE in entries else f"no {EVIDENCE}"})
    _check_packing(entries[EVIDENCE])
    if entries[EVIDENCE].file_size > MAX_BYTES:
        raise ZipTooLarge({"name": EVIDENCE})
    for entry in files:
        _check_packing(entry)
    bundle = found.read(entries[EVIDENCE])
    if not files:
        return Evidence(bundle, None)
    with found.open(files[0]) as packed:
        return Evidence(bundle, hashing.digests(iter(lambda: packed.read(hashing.BLOCK), b"")))


def _check_directory(source: BinaryIO) -> None:
    """Hold the directory's own numbers to the limits before the library reads it into memory."""
    size = source.seek(0, 2)
    source.seek(max(0, size - _SLACK))
    tail = source.read(_SLACK)
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end != _END_BYTES:
        raise BadZip({"why": "no directory"})
    entries, length = struct.unpack_from("<HL", tail, end + 10)
    wide = tail.rfind(_END64, 0, end)
    if wide >= 0 and len(tail) - wide >= _END64_BYTES:
        entries, length = (
            max(pair) for pair in zip((entries, length), struct.unpack_from("<QQ", tail, wide + 32), strict=True)
        )
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise ZipTooLarge({"name": "directory"})
    source.seek(0)


def _check_gaps(source: BinaryIO, found: zipfile.ZipFile) -> None:
    """Refuse bytes that belong to no entry: another program may find a second file of the same name in them."""
    at = 0
    for entry in sorted(found.infolist(), key=lambda each: each.header_offset):
        source.seek(entry.header_offset)
        head = source.read(_LOCAL_BYTES)
        if not at <= entry.header_offset <= at + (_DESCRIPTOR_BYTES if at else 0) or len(head) < _LOCAL_BYTES:
            raise BadZip({"why": "bytes of no entry"})
        at = entry.header_offset + _LOCAL_BYTES + sum(struct.unpack_from("<HH", head, 26)) + entry.compress_size
    if not at <= found.start_dir <= at + _DESCRIPTOR_BYTES or found.comment:
        raise BadZip({"why": "bytes of no entry"})


def _check_name(entry: zipfile.ZipInfo, seen: set[str]) -> None:
    name = entry.orig_filename
    told = escaped(name[:120])
    if name.casefold() in seen:  # two spellings are one file where names have no case
        raise TwiceInZip({"name": told})
    seen.add(name.casefold())
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnsafeZipName({"name": told, "why": "link"})
    parts = name.removesuffix("/").split("/")
    if "\\" in name or ":" in name or "\0" in name or not {"", ".", ".."}.isdisjoint(parts):
        raise UnsafeZipName({"name": told, "why": "path"})


def _check_packing(entry: zipfile.ZipInfo) -> None:
    told = escaped(entry.filename[:120])
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise LockedZip({"name": told})
    if entry.file_size > MAX_SWELL * entry.compress_size + _SLACK:
        raise ZipTooLarge({"name": told})


@contextmanager
def _told() -> Iterator[None]:
    """Tell whatever the library says of a damaged zip as one error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError) as wrong:
        raise BadZip({"why": type(wrong).__name__}) from wrong
    except (UnicodeDecodeError, ValueError, OverflowError) as wrong:  # a negative offset, a name in no encoding
        raise BadZip({"why": type(wrong).__name__}) from wrong
