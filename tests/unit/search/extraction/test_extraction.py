"""Text out of real kinds of files; poisoned ones end as a fact with the right name."""

import io
import json
import os
from pathlib import Path

import openpyxl
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from archive.formats.sandbox import Limits
from search.extraction import TextUnit, extract
from tests.unit.archive.formats.test_formats import workbook, zipped

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BOMB = b'<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
XXE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def read(tmp_path: Path, name: str, raw: bytes, limits: Limits | None = None) -> tuple[list[TextUnit], str]:
    path = tmp_path / "blob"
    path.write_bytes(raw)
    found = extract(path, name, limits)
    return list(found.units), found.status


def pdf(*pages: str, password: str | None = None) -> bytes:
    made = io.BytesIO()
    canvas = Canvas(made, encrypt=StandardEncryption(password) if password else None)
    for page in pages:
        canvas.drawString(72, 720, page)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def docx(body: bytes) -> bytes:
    return zipped(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": body})


def sparse_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    book.active["XFD1048576"] = "z"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp"])
def test_rows_of_a_csv(tmp_path: Path, encoding: str) -> None:
    raw = "避難所名,人数\r\n第一小学校,036\r\n,\r\n公民館,12\r\n".encode(encoding)
    units, status = read(tmp_path, "避難所.csv", raw)
    columns = ("避難所名", "人数")
    assert status == "ok"
    assert units == [
        TextUnit("sheet", "", columns, {"path": "避難所.csv"}),
        TextUnit("row", "第一小学校\t036", columns, {"path": "避難所.csv", "row": 2}),
        TextUnit("row", "公民館\t12", columns, {"path": "避難所.csv", "row": 4}),
    ]


def test_rows_of_each_visible_sheet(tmp_path: Path) -> None:
    units, status = read(tmp_path, "a.xlsx", workbook())
    assert status == "ok"
    assert [unit.loc.get("sheet") for unit in units] == ["避難所"] * 3 + ["別表"]
    assert units[0].text == "避難所\n避難所一覧"
    assert units[1] == TextUnit(
        "row", "第一小学校\t01100\t36", ("名称", "コード", "人数"), {"path": "a.xlsx", "sheet": "避難所", "row": 3}
    )


def test_properties_of_features_and_records(tmp_path: Path) -> None:
    feature = {"type": "Feature", "geometry": None, "properties": {"名称": "公園", "n": 3, "none": None}}
    units, status = read(
        tmp_path, "a.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    )
    assert (status, units[1].kind, units[1].text) == ("ok", "feature", "公園\t3\t")
    assert units[1].columns == ("名称", "n", "none")
    units, _ = read(tmp_path, "a.json", b'[{"a":"x"},{"a":"y","b":["z",1]}]')
    assert [(unit.kind, unit.text) for unit in units[1:]] == [("row", "x"), ("row", "y\tz 1")]
    units, _ = read(tmp_path, "a.json", b'{"a":{"b":["x","y"]}}')
    assert [(unit.kind, unit.text) for unit in units] == [("para", "x\ny")]


def test_pages_of_a_pdf(tmp_path: Path) -> None:
    units, status = read(tmp_path, "a.pdf", pdf("first page", "second page"))
    assert status == "ok"
    assert [(unit.kind, unit.text.strip(), unit.loc["page"]) for unit in units] == [
        ("page", "first page", 1),
        ("page", "second page", 2),
    ]


def test_paragraphs_of_documents(tmp_path: Path) -> None:
    word = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>避難</w:t></w:r><w:r><w:t>計画</w:t></w:r></w:p></w:body></w:document>'
    page = "<html><head><title>題</title><script>x()</script></head><body><p>本文</p><style>p{}</style></body></html>"
    for name, raw, text in (
        ("a.docx", docx(word.encode()), "避難計画"),
        ("a.html", page.encode("cp932"), "題\n本文"),
        ("a.txt", "一\n\n二".encode("cp932"), "一\n二"),
        ("a.xml", b"<a><b>x</b>y</a>", "x\ny"),
    ):
        units, status = read(tmp_path, name, raw)
        assert (status, [unit.text for unit in units]) == ("ok", [text])


def test_members_are_found_and_a_bad_one_does_not_hide_the_others(tmp_path: Path) -> None:
    inner = zipped(**{"b.csv": b"x,y\n1,2\n"})
    raw = zipped(**{"bad.pdf": b"%PDF-", "in.zip": inner, "z.bin": b"?"})
    path = tmp_path / "blob"
    path.write_bytes(raw)
    found = extract(path, "a.zip")
    units = list(found.units)
    assert units[1].loc == {"path": "a.zip!/in.zip!/b.csv", "row": 2}
    assert found.status == "ok"
    assert found.partial == [("a.zip!/bad.pdf", "damaged"), ("a.zip!/z.bin", "unsupported")]


def nested(depth: int) -> bytes:
    raw = zipped(**{"x.csv": b"a,b\n1,2\n"})
    for _ in range(depth - 1):
        raw = zipped(**{"n.zip": raw})
    return raw


@pytest.mark.parametrize(
    ("name", "raw", "status"),
    [
        pytest.param("a.zip", zipped(**{"x.csv": bytes(50 << 20)}), "limit", id="ZIP bomb"),
        pytest.param("a.zip", nested(4), "limit", id="four deep"),
        pytest.param("a.zip", nested(3), "ok", id="three deep"),
        pytest.param("a.xlsx", zipped(**{"xl/workbook.xml": bytes(50 << 20)}), "limit", id="bomb in a workbook"),
        pytest.param("a.xlsx", sparse_workbook(), "limit", id="two cells, 17 thousand million between"),
        pytest.param("a.xml", BOMB, "damaged", id="entity bomb"),
        pytest.param("a.xml", XXE, "damaged", id="external entity"),
        pytest.param("a.docx", docx(XXE), "damaged", id="external entity in DOCX"),
        pytest.param("a.docx", zipped(x=b""), "damaged", id="DOCX without a document"),
        pytest.param("a.pdf", pdf("x")[:200], "damaged", id="cut PDF"),
        pytest.param("a.pdf", pdf("x", password="secret"), "encrypted", id="PDF with a password"),
        pytest.param("a.json", b"[" * 200_000, "damaged", id="deep JSON"),
        pytest.param("a.json", b"{", "damaged", id="cut JSON"),
        pytest.param("a.png", b"\x89PNG\r\n\x1a\n", "unsupported", id="image"),
        pytest.param("a.csv", b'"' + b"x" * (2 << 20), "limit", id="cell of 2 MiB"),
        pytest.param("a.csv", b"", "ok", id="empty"),
        pytest.param("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged", id="cut XLS"),
    ],
)
def test_a_poisoned_file_is_a_fact(tmp_path: Path, name: str, raw: bytes, status: str) -> None:
    units, found = read(tmp_path, name, raw, Limits(memory=768 << 20, cpu=10, wall=30))
    assert found == status
    assert not any("root:" in unit.text for unit in units)


@pytest.mark.real
def test_every_real_file_gives_text(tmp_path: Path) -> None:
    folder = Path(os.environ.get("TEST_DATA_DIR", "../shared/data"))
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".csv", ".xlsx", ".geojson", ".json"}]
    assert files
    for path in files:
        found = extract(path, path.name)
        assert list(found.units) or path.stat().st_size < 100, path
        assert found.status == "ok", (path, found.status, found.reason)
