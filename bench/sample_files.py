"""Make the workbooks and PDFs of the sample city again: `python -m bench.sample_files` (needs the dev group)."""

from datetime import UTC, datetime
from pathlib import Path

from openpyxl import Workbook
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FOLDER = Path(__file__).parents[1] / "app" / "services" / "sample_city" / "files"
FONT = "HeiseiKakuGo-W5"
REVENUE = ("市税", "地方譲与税", "地方交付税", "使用料及び手数料", "国庫支出金", "県支出金", "繰入金", "市債")
EXPENDITURE = ("議会費", "総務費", "民生費", "衛生費", "農林水産業費", "商工費", "土木費", "消防費", "教育費", "公債費")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for year in (2024, 2025, 2026):
        workbook(year)
    notice(1, "2月14日(土)午後5時")
    notice(2, "2月15日(日)午前9時")


def workbook(year: int) -> None:
    book = Workbook()
    book.properties.creator = "見本市(架空)"
    book.properties.created = book.properties.modified = datetime(year, 4, 1, tzinfo=UTC).replace(tzinfo=None)
    first = book.active
    first.title = "歳入"
    for sheet, titles, start in ((first, REVENUE, 41_000), (book.create_sheet("歳出"), EXPENDITURE, 23_000)):
        sheet.append(["款", "本年度予算額_千円", "前年度予算額_千円", "増減"])
        for number, title in enumerate(titles):
            now = start * (len(titles) - number) + (year - 2020) * 1_370 + number * 211
            before = now - 1_370 - number * 97
            sheet.append([title, now, before, now - before])
        sheet.column_dimensions["A"].width = 22
    book.save(FOLDER / f"budget-{year}.xlsx")


def notice(number: int, until: str) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(str(FOLDER / f"notice-{number}.pdf"), invariant=1)
    canvas.setTitle("断水のお知らせ(見本)")
    canvas.setFont(FONT, 20)
    canvas.drawString(70, 760, "断水のお知らせ(見本)")
    canvas.setFont(FONT, 11)
    lines = (
        "架空の見本市 危機管理課",
        "",
        "写谷・控原地区では、水道管の破損のため断水しています。",
        f"復旧の見込み: 令和8年{until}ごろ",
        "給水拠点: 見本写谷給水拠点(W06)、見本控原給水拠点(W07)",
        "容器をお持ちください。お一人あたり一日3リットルが目安です。",
        "",
        "これは説明のための文書で、実在の地区や施設とは関係がありません。",
    )
    for row, line in enumerate(lines):
        canvas.drawString(70, 720 - row * 20, line)
    canvas.save()


if __name__ == "__main__":
    main()
