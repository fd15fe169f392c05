"""Files people really bring, and files nobody should: all told, none raising, none taking the process along."""

import io
import stat
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pytest

from archive.formats import media
from archive.formats.confine import landlock
from archive.formats.containers import Container
from archive.formats.decode import decode, detect
from archive.formats.errors import Damaged, FormatError, OverLimit, UnreadableText
from archive.formats.preview import preview
from archive.formats.sandbox import Limits, run_in_child
from archive.formats.tables import rows, sniff

CSV = "避難所名,電話,人数\r\n第一小学校,0123,036\r\n"


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return packed.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "避難所"
    for row in (["避難所一覧"], ["名称", "コード", "人数"], ["第一小学校", "01100", 36], ["公民館", "00012", 7.5]):
        book.active.append(row)
    book.create_sheet("別表").append(["a", "b"])
    book.create_sheet("隠し").sheet_state = "hidden"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp932", "cp932"),
        ("euc_jp", "euc_jp"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("iso2022_jp", "iso2022_jp"),
    ],
)
def test_the_encoding_is_found(encoding: str, name: str) -> None:
    text, used = decode(CSV.encode(encoding))
    assert (text, used.name) == (CSV, name)


def test_traditional_chinese_and_nec_signs() -> None:
    assert decode("臺北市政府行政機關辦公日曆表".encode("cp950"))[0] == "臺北市政府行政機關辦公日曆表"
    assert decode("①㈱髙﨑".encode("cp932"))[0] == "①㈱髙﨑"


def test_more_than_one_fit_is_told() -> None:
    found = detect("亜亜".encode("euc_jp"))
    assert found.ambiguous
    assert (found.name, set(found.candidates)) == ("euc_jp", {"euc_jp", "cp932", "cp950"})


def test_a_cut_letter_ends_a_sample_not_a_text() -> None:
    raw = "漢字".encode()[:-1]
    assert decode(raw, whole=False)[0] == "漢"
    with pytest.raises(UnreadableText):
        decode(raw, "utf-8")
    with pytest.raises(UnreadableText):
        decode(raw, "no-such-codec")


def test_bytes_that_are_no_text_are_unreadable_or_told_some_way() -> None:
    with pytest.raises(UnreadableText):
        decode(b"\xff\xfe\x00")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_and_the_header_are_found(delimiter: str) -> None:
    text = "\n".join(["一覧", "", delimiter.join("abc"), *(delimiter.join(["1", "2", "x y"]) for _ in range(5))])
    found = sniff(text)
    assert (found.delimiter, found.header_row) == (delimiter, 2)


def test_every_cell_is_as_written() -> None:
    text = 'a,b\n01100,"x, ""y""\nz"\n１２３,  \\1000 \n'
    assert list(rows(text, ",")) == [["a", "b"], ["01100", 'x, "y"\nz'], ["１２３", "  \\1000 "]]
    assert list(rows("a,b\r1,2\r", ",")) == [["a", "b"], ["1", "2"]]
    assert list(rows("a,b\n1,2\n3,4,5", ","))[2] == ["3", "4", "5"]


def test_rows_have_limits() -> None:
    with pytest.raises(OverLimit):
        list(rows("," * 20_000, ","))
    with pytest.raises(OverLimit):
        list(rows('"' + "x" * (1 << 21), ","))


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.CSV", b"a,b", "text/csv"),
        ("a.xlsx", b"PK\x03\x04", media.XLSX),
        ("a.csv", b"PK\x03\x04", "application/zip"),
        ("a.pdf", b"<html>", media.UNKNOWN),
        ("a.csv", b"%PDF-1.7", "application/pdf"),
        ("a", b"", media.UNKNOWN),
    ],
)
def test_bytes_are_believed_before_names(name: str, head: bytes, kind: str) -> None:
    assert media.guess(name, head) == kind


def test_members_have_their_japanese_names() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        info = zipfile.ZipInfo("xxxxxx.csv")
        opened.writestr(info, b"1")
    raw = packed.getvalue().replace(b"xxxxxx.csv", "避難所".encode("cp932") + b".csv")
    container = Container(io.BytesIO(raw))
    assert [member.name for member in container.members] == ["避難所.csv"]
    assert container.read(container.members[0], 9).read() == b"1"


def link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    return packed.getvalue()


def overlapping() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("a", b"x" * 100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened.writestr("b", b"x" * 100)
        opened.filelist[1].header_offset = opened.filelist[0].header_offset
    return packed.getvalue()


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        pytest.param(zipped(bomb=bytes(50 << 20)), OverLimit, id="ratio over 200"),
        pytest.param(zipped(**{str(n): b"" for n in range(10_001)}), OverLimit, id="10,001 entries"),
        pytest.param(zipped(**{"../x": b""}), Damaged, id="climbs"),
        pytest.param(link(), Damaged, id="symlink"),
        pytest.param(overlapping(), OverLimit, id="overlap"),
        pytest.param(zipped(a=b"x" * 999)[:-30], Damaged, id="cut"),
        pytest.param(b"PK\x03\x04", Damaged, id="only a beginning"),
    ],
)
def test_a_hostile_container_is_refused(raw: bytes, error: type[FormatError]) -> None:
    with pytest.raises(error):
        Container(io.BytesIO(raw)).check()


def shown(tmp_path: Path, name: str, raw: bytes, **what: object) -> dict[str, object]:
    path = tmp_path / "upload.bin"
    path.write_bytes(raw)
    found = preview(path, name, **what)  # type: ignore[arg-type]
    return {key: getattr(found, key) for key in type(found).__slots__}


def test_a_table_is_previewed_with_its_encoding(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.csv", CSV.encode("cp932"))
    assert found["columns"] == ("避難所名", "電話", "人数")
    assert found["rows"] == (("第一小学校", "0123", "036"),)
    assert (found["encoding"], found["status"], found["truncated"]) == ("cp932", "ok", False)
    assert shown(tmp_path, "a.csv", CSV.encode("cp932"), encoding="utf-8")["status"] == "unsupported"


def test_a_preview_stops_at_its_limit(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.csv", "漢,b\n".encode() * 2_000_000, limit=3)
    assert (len(found["rows"]), found["truncated"]) == (3, True)  # type: ignore[arg-type]


def test_a_workbook_is_previewed_sheet_by_sheet(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.xlsx", workbook())
    assert found["sheets"] == ("避難所", "別表")
    assert (found["header_row"], found["columns"]) == (1, ("名称", "コード", "人数"))
    assert found["rows"] == (("第一小学校", "01100", "36"), ("公民館", "00012", "7.5"))
    assert shown(tmp_path, "a.xlsx", workbook(), sheet="別表")["columns"] == ("a", "b")
    assert shown(tmp_path, "a.xlsx", workbook(), sheet="隠し")["status"] == "damaged"


def test_a_member_is_previewed_inside_its_containers(tmp_path: Path) -> None:
    inner = zipped(**{"c.csv": b"x,y\n1,2\n"})
    raw = zipped(**{"b.zip": inner, "t.json": b"{}"})
    assert shown(tmp_path, "a.zip", raw)["members"] == (("b.zip", len(inner)), ("t.json", 2))
    assert shown(tmp_path, "a.zip", raw, member="b.zip!/c.csv")["rows"] == (("1", "2"),)
    assert shown(tmp_path, "a.zip", raw, member="t.json")["text"] == "{}"
    assert shown(tmp_path, "a.zip", raw, member="none")["status"] == "damaged"
    assert shown(tmp_path, "a.zip", raw, member="b.zip!/" * 4 + "x")["status"] == "limit"


@pytest.mark.parametrize(("name", "raw", "status"), [("a.png", b"\x89PNG\r\n\x1a\n", "unsupported"), ("a.xlsx", b"PK\x03\x04", "damaged"), ("a.csv", b"", "ok")])  # fmt: skip
def test_what_cannot_be_shown_says_why(tmp_path: Path, name: str, raw: bytes, status: str) -> None:
    assert shown(tmp_path, name, raw)["status"] == status


@pytest.mark.parametrize(
    ("does", "limits", "end"),
    [
        ("spin", Limits(wall=0.5), "timeout"),
        ("spin", Limits(cpu=1), "timeout"),
        ("eat", Limits(memory=256 << 20), "limit"),
        ("talk", Limits(output=1000), "limit"),
        ("write", Limits(), "ok"),
        ("abort", Limits(), "limit"),
        ("nonsense", Limits(), "damaged"),
    ],
)
def test_a_child_is_held_to_its_limits(tmp_path: Path, does: str, limits: Limits, end: str) -> None:
    (tmp_path / "x").write_bytes(b"")
    with (tmp_path / "x").open("rb") as source:
        *frames, last = run_in_child("tests.fakes.hostile_reader", source, {"does": does}, limits)
    assert last["end"] == end
    if does == "write":
        assert [frame["refused"] for frame in frames] == [True, True, True]


@pytest.mark.skipif(landlock() < 6, reason="the kernel keeps no process in")  # signals since Linux 6.12
def test_a_child_reaches_no_file_and_no_process_whoever_it_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with (tmp_path / "x").open("rb") as source:
        *frames, last = run_in_child("tests.fakes.hostile_reader", source, {"does": "escape"}, Limits())
    assert last["end"] == "ok"
    assert [frame["refused"] for frame in frames] == [True] * 4
