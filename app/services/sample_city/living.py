"""見本市 生活環境課, where one person decides: rubbish, plots, recycling. All of it is invented."""

from collections.abc import Sequence

from app.services.sample_city.shapes import AREA, Amend, Publish, SampleDataset, csv_bytes
from app.services.words import Words

AGENCY = "seikatsu"
CONTACT = "見本市 生活環境課(架空) seikatsu@mihon.example"
_TOWNS = ("石文町", "苔野", "刻印台", "葉浦", "年輪町", "証橋", "写谷", "控原", "綴本町", "栞台")
_DAYS = "月火水木金"


def datasets() -> Sequence[SampleDataset]:
    """Return the datasets of the agency."""
    return (_calendar(), _plots(), _recycling(), _libraries())


def _calendar() -> SampleDataset:
    header = ("地区", "燃えるごみ", "燃えないごみ", "資源", "年末最終日", "年始開始日")

    def rows(last: str, first: str) -> list[tuple[object, ...]]:
        return [
            (
                town,
                f"{_DAYS[number % 3]}・{_DAYS[number % 3 + 2]}",
                f"第{number % 4 + 1}{_DAYS[number % 5]}曜日",
                f"{_DAYS[(number + 1) % 5]}曜日",
                last,
                first,
            )
            for number, town in enumerate(_TOWNS)
        ]

    title = {
        "ja": "ごみ収集カレンダー(見本)",
        "en": "Rubbish collection calendar (sample)",
        "zh-Hant": "垃圾收運日曆(範例)",
    }
    return SampleDataset(
        name="garbage-calendar",
        agency=AGENCY,
        words=Words(
            title=title,
            description={
                "ja": "地区ごとの収集日です。架空の見本市のものです。",
                "en": "Collection days in the invented city of Mihon.",
            },
            reading="ごみしゅうしゅうかれんだー",
            themes=["environment"],
            keywords=["ごみ", "収集", "年末年始"],
            period="2025-04/2026-03",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"収集日.csv": csv_bytes(header, rows("2025-12-28", "2026-01-05"))}),
            Publish(
                {"収集日.csv": csv_bytes(header, rows("2025-12-30", "2026-01-05"))},
                "correction",
                {"ja": "年末の最終日を直しました。", "en": "Last collection of the year corrected."},
            ),
            Amend(
                2,
                Words(
                    title={**title, "ja": "ごみ・資源収集カレンダー 令和7年度(見本)"},
                    description={
                        "ja": "令和7年度の地区ごとの収集日です。年末年始の休みを含みます。架空の見本市のものです。",
                        "en": "Collection days by district in fiscal year 2025, with the holidays around New Year, "
                        "in the invented city of Mihon.",
                    },
                ),
                "題名に年度がなく、別の年度と取り違えるおそれがあったため。",
            ),
            Amend(
                2,
                Words(keywords=["ごみ", "収集", "年末年始", "祝日", "資源"], contact="見本市 生活環境課 収集係(架空)"),
                "問い合わせ先の係が変わり、祝日でも引けるようにするため。",
            ),
        ),
    )


def _plots() -> SampleDataset:
    header = ("農園コード", "農園名", "所在地", "区画番号", "面積_㎡", "年間利用料_円", "管理者")

    def rows(fee: int, count: int) -> list[tuple[object, ...]]:
        keepers = ("㈱見本農園", "髙田園芸(架空)", "見本①号組合")
        return [
            (
                f"{1100 + number // 6 * 10:05}",
                f"見本{_TOWNS[number // 6 % 10]}ファミリー農園",
                f"見本市{_TOWNS[number // 6 % 10]}{number % 5 + 1}丁目",
                f"{number % 6 + 1:03}",
                15 + number % 3 * 5,
                fee + number % 3 * 1_500,
                keepers[number // 6 % 3],
            )
            for number in range(count)
        ]

    def release(fee: int, count: int) -> dict[str, bytes]:
        return {"ファミリー農園.csv": csv_bytes(header, rows(fee, count), encoding="cp932", newline="\r\n")}

    return SampleDataset(
        name="family-farm-plots",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "ファミリー農園区画一覧(見本)",
                "en": "Family farm plots (sample)",
                "zh-Hant": "家庭農園區劃一覽(範例)",
            },
            description={
                "ja": "市民農園の区画です。農園コードは先頭のゼロまでが値です(01100 など)。"
                "表計算ソフトの既定の文字コード(CP932)のまま置いています。架空の見本市のものです。",
                "en": "Allotments of the invented city of Mihon. Codes keep leading zeros (01100); the file is CP932.",
            },
            themes=["agriculture"],
            keywords=["農園", "区画", "allotment"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish(release(6_000, 36)),
            Publish(release(6_000, 42), "addition", {"ja": "新しい農園を加えました。", "en": "One farm more."}),
            Publish(release(6_600, 42), "update", {"ja": "利用料の改定。", "en": "New fees."}),
        ),
    )


def _recycling() -> SampleDataset:
    header = ("番号", "名称", "品目", "曜日")

    def rows(count: int) -> list[tuple[object, ...]]:
        things = ("古紙", "びん・缶", "衣類", "小型家電")
        return [
            (f"R{number:02}", f"見本{_TOWNS[number % 10]}回収所", things[number % 4], _DAYS[number % 5])
            for number in range(1, count + 1)
        ]

    return SampleDataset(
        name="recycling-stations",
        agency=AGENCY,
        words=Words(
            title={"ja": "資源回収拠点(見本)", "en": "Recycling stations (sample)", "zh-Hant": "資源回收站(範例)"},
            description={
                "ja": "資源を持ち込める場所です。架空の見本市のものです。",
                "en": "Where to bring recyclables in the invented city of Mihon.",
            },
            licence="CC0-1.0",
            themes=["environment"],
            keywords=["資源", "回収", "recycling"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"回収拠点.csv": csv_bytes(header, rows(16))}),
            Publish({"回収拠点.csv": csv_bytes(header, rows(20))}, "addition", {"ja": "4か所を加えました。"}),
        ),
    )


def _libraries() -> SampleDataset:
    header = ("館名", "月", "貸出冊数", "来館者数")

    def rows(months: int) -> list[tuple[object, ...]]:
        return [
            (f"見本{town}分館", f"2025-{month:02}", 900 + (number * 211 + month * 57) % 800, 400 + month * 31 % 300)
            for number, town in enumerate(_TOWNS[:4])
            for month in range(1, months + 1)
        ]

    return SampleDataset(
        name="library-lending",
        agency=AGENCY,
        words=Words(
            title={"ja": "図書館の貸出(見本)", "en": "Library lending (sample)", "zh-Hant": "圖書館借閱(範例)"},
            description={
                "ja": "分館ごとの月別の貸出冊数です。架空の見本市のものです。",
                "en": "Loans by branch and month in the invented city of Mihon.",
            },
            themes=["culture", "education"],
            keywords=["図書館", "貸出", "library"],
            period="2025",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"貸出.csv": csv_bytes(header, rows(6))}),
            Publish(
                {"貸出.csv": csv_bytes(header, rows(12))}, "addition", {"ja": "12月分まで。", "en": "To December."}
            ),
        ),
    )
