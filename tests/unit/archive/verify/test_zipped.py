"""Zips of evidence: read in place, and refused by one clear error when they are a trap."""

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.packages import evidence_zip
from archive.verify import zipped
from archive.verify.__main__ import main
from tests.unit.archive.verify.kinds import erase, erased_bundle, later, row_bundle, whole_release
from tests.unit.archive.verify.material import FILES, PATH, city, digests, honest, honest_release, raw

EVIDENCE, README = zipped.EVIDENCE, zipped.README
FILE = "file/避難所.csv"


def made(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return written.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(ArchiveError) as wrong:
        zipped.read(io.BytesIO(data))
    assert all(wrong.value.sentence(lang) for lang in ("ja", "en", "zh"))
    return wrong.value.code


def written(bundle: dict[str, object], data: bytes | None) -> bytes:
    target = io.BytesIO()
    evidence_zip.write(target, bundle, None if data is None else io.BytesIO(data))
    return target.getvalue()


GOOD = written(honest(), FILES[PATH])
BODY = raw(honest())


def test_a_json_document_is_itself() -> None:
    assert zipped.read(io.BytesIO(BODY)) == zipped.Evidence(BODY, None)
    assert zipped.read(io.BytesIO(b"PK")).bundle == b"PK"
    assert len(zipped.read(io.BytesIO(b" " * 9_000_000)).bundle) == zipped.MAX_BYTES + 1


def test_what_was_written_is_read() -> None:
    found = zipped.read(io.BytesIO(GOOD))
    assert json.loads(found.bundle) == honest()
    assert found.file == digests(FILES[PATH])
    assert written(honest(), FILES[PATH]) == GOOD
    with zipfile.ZipFile(io.BytesIO(GOOD)) as packed:
        assert packed.namelist() == [EVIDENCE, FILE, README]
        page = packed.read(README).decode()
    assert all(word in page for word in ("証拠の束", "Evidence", "證據", "避難所一覧", "防災課", "CC-BY-4.0"))


def test_other_kinds_and_what_is_shown_of_them() -> None:
    row = zipped.read(io.BytesIO(written(row_bundle(1), None)))
    assert row.file == digests("青葉小学校,400\r\n".encode())
    for bundle in (whole_release(honest_release()), erased_bundle(later("erase", erase()))):
        assert zipped.read(io.BytesIO(written(bundle, None))).file is None
    told = honest()
    told["file"]["path"] = "<b>'x':y"
    page = evidence_zip.page(told, "<b>'x'_y")
    assert "<b>" not in page


def test_a_zip_that_somebody_packed_again() -> None:
    members = ((EVIDENCE, BODY), ("file/", b""), (FILE, b"hello"), ("__MACOSX/._x", b"?"), ("other.txt", b"x" * 9))
    found = zipped.read(io.BytesIO(made(*members, method=zipfile.ZIP_DEFLATED)))
    assert (found.bundle, found.file) == (BODY, digests(b"hello"))
    assert zipped.read(io.BytesIO(made((EVIDENCE, BODY)))).file is None


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return made((EVIDENCE, BODY), (EVIDENCE, b"{}"))


def at_each(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Return the zip with `value` at `offset` behind every `mark`."""
    changed, at = bytearray(data), data.find(mark)
    while at >= 0:
        changed[at + offset : at + offset + len(value)] = value
        at = data.find(mark, at + 1)
    return bytes(changed)


CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
SMALL = made((EVIDENCE, BODY))
WIDE = END[:2] + b"\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 10**9, 10**9, 10**12, 0)
TRAPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a way up": (lambda: made((EVIDENCE, BODY), ("../x", b"")), "VER-061"),
    "a way up below": (lambda: made((EVIDENCE, BODY), ("file/../../x", b"")), "VER-061"),
    "the root": (lambda: made((EVIDENCE, BODY), ("/etc/passwd", b"")), "VER-061"),
    "a drive": (lambda: made((EVIDENCE, BODY), ("C:x", b"")), "VER-061"),
    "a backslash": (lambda: made((EVIDENCE, BODY), ("file\\x", b"")), "VER-061"),
    "a double slash": (lambda: made((EVIDENCE, BODY), ("file//x", b"")), "VER-061"),
    "a NUL": (lambda: made((EVIDENCE, BODY), ("file/xy", b"")).replace(b"file/xy", b"file/x\0"), "VER-061"),
    "a link": (lambda: made((EVIDENCE, BODY), (link("file/x"), b"/etc/passwd")), "VER-061"),
    "the evidence is a link": (lambda: made((link(EVIDENCE), b"/etc/passwd")), "VER-061"),
    "a name twice": (twice, "VER-062"),
    "a name twice but for case": (lambda: made((EVIDENCE, BODY), ("Evidence.JSON", BODY)), "VER-062"),
    "encrypted": (lambda: at_each(at_each(SMALL, CENTRAL, 8, b"\x01\0"), LOCAL, 6, b"\x01\0"), "VER-063"),
    "another method": (lambda: made((EVIDENCE, BODY), method=zipfile.ZIP_LZMA), "VER-063"),
    "a bomb": (lambda: made((EVIDENCE, BODY), (FILE, bytes(50_000_000)), method=zipfile.ZIP_DEFLATED), "VER-064"),
    "evidence of 9 MB": (lambda: made((EVIDENCE, b" " * 9_000_000)), "VER-064"),
    "evidence that swells": (lambda: made((EVIDENCE, b" " * 9_000_000), method=zipfile.ZIP_DEFLATED), "VER-064"),
    "65 names": (lambda: made((EVIDENCE, BODY), *((f"{at}", b"") for at in range(64))), "VER-064"),
    "a directory said to be large": (lambda: at_each(SMALL, END, 12, b"\xff\xff\xff\x0f"), "VER-064"),
    "a wide directory said to be large": (
        lambda: SMALL[: SMALL.rindex(END)] + WIDE + SMALL[SMALL.rindex(END) :],
        "VER-064",
    ),
    "no evidence": (lambda: made((FILE, b"x")), "VER-065"),
    "two files": (lambda: made((EVIDENCE, BODY), ("file/a", b""), ("file/b", b"")), "VER-065"),
    "nothing": (lambda: LOCAL + made(), "VER-065"),
    "only a beginning": (lambda: GOOD[:2_000], "VER-060"),
    "an end that is cut": (lambda: GOOD[:-4], "VER-060"),
    "other bytes than their checksum": (
        lambda: GOOD.replace("中央小学校".encode(), "中央大学校".encode(), 1),
        "VER-060",
    ),
    "a directory that points nowhere": (lambda: at_each(SMALL, CENTRAL, 42, b"\xf0\xff\xff\x7f"), "VER-060"),
    "a version nobody has": (lambda: at_each(SMALL, CENTRAL, 6, b"\xff\0"), "VER-060"),
    "a name in no encoding": (lambda: at_each(at_each(SMALL, CENTRAL, 8, b"\0\x08"), CENTRAL, 46, b"\xff"), "VER-060"),
}


@pytest.mark.parametrize(("trap", "expected"), TRAPS.values(), ids=list(TRAPS))
def test_traps(trap: Callable[[], bytes], expected: str) -> None:
    assert refused(trap()) == expected


def test_any_cut_and_any_bit_gives_an_answer_or_one_error() -> None:
    small, codes = written(honest(), b"hello"), set()
    for at in range(4, len(small), 97):
        for data in (small[:at], small[:at] + bytes([small[at] ^ 4]) + small[at + 1 :]):
            try:
                zipped.read(io.BytesIO(data))
            except ArchiveError as wrong:
                codes.add(wrong.code)
    assert "VER-060" in codes
    assert {code[:6] for code in codes} == {"VER-06"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("policy").write_text(f"log {city().log.public.vkey}\nquorum none\n")
    Path("good.zip").write_bytes(GOOD)
    Path("wrong.zip").write_bytes(written(honest(), b"something else"))
    Path("trap.zip").write_bytes(made((EVIDENCE, BODY), ("../x", b"")))
    Path("file").write_bytes(FILES[PATH])
    Path("gone").write_bytes(raw(erased_bundle(later("erase", erase()))))
    Path("pem").write_text("-----BEGIN CERTIFICATE-----\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["good.zip"], 0),
        (["file", "good.zip"], 0),
        (["file", "wrong.zip"], 0),
        (["wrong.zip"], 1),
        (["policy", "good.zip"], 1),
        (["trap.zip"], 1),
        (["gone"], 0),
        (["good.zip", "--authority", "pem"], 0),
        (["good.zip", "--authorities", "missing"], 2),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_zip_alone_or_with_the_file_beside_it(arguments: list[str], expected: int) -> None:
    assert main([*arguments, "--policy", "policy", "--json"]) == expected


def test_a_zip_that_two_programs_read_differently_is_none() -> None:
    honest_zip, other = (made((EVIDENCE, b"{}"), ("file/a.csv", data)) for data in (b"good", b"evil"))
    assert zipped.read(io.BytesIO(honest_zip)).file is not None
    members = other[: other.index(b"PK\x01\x02")]
    commented = honest_zip[:-2] + len(other).to_bytes(2, "little") + other
    for trap in (other + honest_zip, members + honest_zip, commented, honest_zip + b"x", honest_zip + other[:40]):
        assert refused(trap) == "VER-060"
