"""What lies in a ZIP file, read without trusting a word of its directory (SEARCH.md section 5)."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from archive.errors import ArchiveError
from archive.formats.decode import detect
from archive.formats.errors import Damaged, Encrypted, OverLimit
from archive.records.names import escaped, normalise

MAX_ENTRIES = 10_000
MAX_BYTES = 2 << 30
MAX_RATIO = 200
RATIO_FROM = 10 << 20
MAX_DEPTH = 3
_BLOCK = 1 << 16
_UTF8_NAMES = 0x800
_ENCRYPTED = 0x1
_TROUBLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a container; `name` is safe to show, `size` is what its directory claims."""

    name: str
    size: int
    number: int


class Container:
    """A ZIP file; owns the count of bytes that came out of it, all members together.

    Raises:
        Damaged, Encrypted, OverLimit: when opened or read.

    """

    def __init__(self, source: BinaryIO, max_bytes: int = MAX_BYTES) -> None:
        self._left = max_bytes
        try:
            self._zip = zipfile.ZipFile(source)
        except _TROUBLE as trouble:
            raise Damaged({"what": str(trouble)[:200]}) from trouble
        self._infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(self._zip.infolist()) > MAX_ENTRIES:
            raise OverLimit({"what": f"{MAX_ENTRIES} entries"})
        self._refuse_overlap()
        for info in self._infos:
            _refuse_link(info)
        self.members = [Member(_name(info), info.file_size, n) for n, info in enumerate(self._infos)]

    def stream(self, member: Member) -> Iterator[bytes]:
        """Give a member's bytes; what really comes out is counted, whatever the directory says."""
        info = self._infos[member.number]
        if info.flag_bits & _ENCRYPTED:
            raise Encrypted
        out = 0
        try:
            with self._zip.open(info) as opened:
                while block := opened.read(_BLOCK):
                    out += len(block)
                    self._left -= len(block)
                    if self._left < 0:
                        raise OverLimit({"what": "bytes unpacked"})
                    if out > RATIO_FROM and out > MAX_RATIO * max(1, info.compress_size):
                        raise OverLimit({"what": f"packed more than {MAX_RATIO} to 1"})
                    yield block
        except _TROUBLE as trouble:
            raise Damaged({"what": str(trouble)[:200]}) from trouble

    def read(self, member: Member, limit: int) -> BinaryIO:
        """Return a member in memory. Raises OverLimit above `limit` bytes."""
        whole = io.BytesIO()
        for block in self.stream(member):
            if whole.write(block) and whole.tell() > limit:
                raise OverLimit({"what": f"{limit} bytes in a member"})
        whole.seek(0)
        return whole

    def check(self) -> None:
        """Read everything once and throw it away: what passes is no bomb. Raises OverLimit, Damaged, Encrypted."""
        left = self._left
        for member in self.members:
            for _ in self.stream(member):
                continue
        self._left = left

    def _refuse_overlap(self) -> None:
        """Refuse members that share bytes: how one small file becomes petabytes."""
        end = -1
        for info in sorted(self._zip.infolist(), key=lambda i: i.header_offset):
            if info.header_offset < end:
                raise OverLimit({"what": "overlapping members"})
            end = info.header_offset + info.compress_size


def _refuse_link(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise Damaged({"what": "a link or device among the members"})


def _name(info: zipfile.ZipInfo) -> str:
    """Return the member's name, read as UTF-8 or CP932 where the file does not say. Raises Damaged if it climbs."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAMES:
        raw = name.encode("cp437", "replace")
        name = raw.decode(detect(raw).name, "replace")
    try:
        return normalise(name.replace("\\", "/")).path
    except ArchiveError as refused:
        if refused.code == "ARC-001":
            raise Damaged({"what": f"the member name {escaped(name[:100])}"}) from refused
        return escaped(name)
