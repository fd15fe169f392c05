"""見本市 危機管理課: shelters, water, notices, and one roster that had to be withdrawn. All of it is invented."""

from collections.abc import Sequence

from app.services.sample_city.shapes import (
    AREA,
    Publish,
    SampleDataset,
    Withdraw,
    csv_bytes,
    geojson_bytes,
    kept_file,
    place,
)
from app.services.words import Words

AGENCY = "bosai"
CONTACT = "見本市 危機管理課(架空) bosai@mihon.example"
_TOWNS = ("石文町", "苔野", "刻印台", "葉浦", "年輪町", "証橋", "写谷", "控原", "綴本町", "栞台")
_KINDS = ("小学校", "中学校", "公民館", "体育館", "集会所")
_SHELTER_HEADER = ("施設番号", "名称", "住所", "緯度", "経度", "洪水", "地震", "津波", "収容人数", "備考")
_Row = tuple[object, ...]


def datasets() -> Sequence[SampleDataset]:
    """Return the datasets of the agency."""
    return (
        _shelters(),
        _water_points(),
        _cooling(),
        _aed(),
        _outages(),
        _notices(),
        _roster(),
    )


def _shelter_rows(count: int) -> list[_Row]:
    rows: list[_Row] = []
    for number in range(1, count + 1):
        town, kind = _TOWNS[number % len(_TOWNS)], _KINDS[number % len(_KINDS)]
        latitude, longitude = place(number)
        floods, waves = ("○" if number % 3 else "×"), ("○" if number % 4 else "×")
        address = f"見本市{town}{number % 5 + 1}丁目{number % 17 + 1}番{number % 9 + 1}号"
        rows.append(
            (
                f"S{number:03}",
                f"見本{town}{kind}",
                address,
                latitude,
                longitude,
                floods,
                "○",
                waves,
                120 + number * 35 % 640,
                "",
            )
        )
    return rows


def _with(rows: list[_Row], number: int, **changed: object) -> list[_Row]:
    """Return the rows with some cells of shelter `number` replaced."""
    named = dict(zip(_SHELTER_HEADER, rows[number - 1], strict=True)) | changed
    return [*rows[: number - 1], tuple(named[column] for column in _SHELTER_HEADER), *rows[number:]]


def _shelter_csv(rows: list[_Row]) -> bytes:
    return csv_bytes(_SHELTER_HEADER, rows, encoding="utf-8-sig", newline="\r\n")


def _shelter_map(rows: list[_Row]) -> bytes:
    return geojson_bytes(
        [
            (float(str(row[4])), float(str(row[3])), {"施設番号": row[0], "名称": row[1], "収容人数": row[8]})
            for row in rows
        ]
    )


def _shelters() -> SampleDataset:
    first = _shelter_rows(42)
    corrected = _with(first, 7, 収容人数=480)
    moved = _with(
        corrected,
        12,
        住所="見本市栞台4丁目2番1号",
        緯度="34.741250",
        経度="138.566210",
        備考="令和7年10月1日に刻印台から移転",
    )
    more = [*moved, *_shelter_rows(45)[42:]]
    closed = _with(more, 20, 備考="改修のため令和8年9月末まで使えません")
    name = "指定緊急避難場所.csv"
    return SampleDataset(
        name="designated-shelters",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "指定緊急避難場所一覧(見本)",
                "en": "Designated emergency shelters (sample)",
                "zh-Hant": "指定緊急避難場所一覽(範例)",
            },
            description={
                "ja": "架空の見本市が指定した緊急避難場所の名称、住所、位置、対応する災害、収容人数です。"
                "実在の施設ではありません。",
                "en": "Emergency shelters of the invented city of Mihon: name, address, position, hazards, capacity. "
                "None of them exists.",
                "zh-Hant": "虛構的見本市所指定之緊急避難場所:名稱、地址、位置、適用災害及收容人數。並非實際設施。",
            },
            reading="していきんきゅうひなんばしょいちらん",
            licence="CC-BY-4.0",
            themes=["disaster"],
            keywords=["避難所", "防災", "shelter", "避難場所"],
            period="2024-04/2026-09",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({name: _shelter_csv(first)}),
            Publish(
                {name: _shelter_csv(corrected)},
                "correction",
                {
                    "ja": "S007 の収容人数の誤りを直しました(365人を480人に)。",
                    "en": "Capacity of S007 corrected.",
                    "zh-Hant": "更正 S007 的收容人數。",
                },
            ),
            Publish(
                {name: _shelter_csv(moved)},
                "update",
                {
                    "ja": "S012 が栞台へ移転したため、住所と位置を改めました。",
                    "en": "S012 moved: new address and position.",
                    "zh-Hant": "S012 遷移:更新地址與位置。",
                },
            ),
            Publish(
                {name: _shelter_csv(more), "指定緊急避難場所.geojson": _shelter_map(more)},
                "addition",
                {
                    "ja": "3か所を加え、地図用の GeoJSON も置きました。",
                    "en": "Three shelters more; GeoJSON added.",
                    "zh-Hant": "新增三處,並提供 GeoJSON。",
                },
            ),
            Publish(
                {name: _shelter_csv(closed), "指定緊急避難場所.geojson": _shelter_map(closed)},
                "update",
                {"ja": "S020 は改修のため一時使えません。", "en": "S020 is closed for repairs."},
            ),
        ),
    )


def _water_points() -> SampleDataset:
    header = ("番号", "名称", "住所", "緯度", "経度", "貯水量_立方メートル", "種別")

    def rows(count: int, volume: int) -> list[_Row]:
        kinds = ("耐震性貯水槽", "応急給水栓", "浄水場")
        return [
            (
                f"W{number:02}",
                f"見本{_TOWNS[number % 10]}給水拠点",
                f"見本市{_TOWNS[number % 10]}{number % 4 + 1}丁目",
                *place(number + 200),
                volume + number % 3 * 20,
                kinds[number % 3],
            )
            for number in range(1, count + 1)
        ]

    return SampleDataset(
        name="emergency-water-points",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "災害時給水拠点(見本)",
                "en": "Emergency water points (sample)",
                "zh-Hant": "災害時供水據點(範例)",
            },
            description={
                "ja": "断水のときに水を配る場所です。架空の見本市のもので、実在しません。",
                "en": "Where water is handed out when the mains fail, in the invented city of Mihon.",
                "zh-Hant": "停水時的供水地點。虛構的見本市資料。",
            },
            themes=["disaster"],
            keywords=["給水", "断水", "water"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"給水拠点.csv": csv_bytes(header, rows(12, 40))}),
            Publish(
                {"給水拠点.csv": csv_bytes(header, rows(14, 40))},
                "addition",
                {"ja": "2か所を加えました。", "en": "Two points more."},
            ),
            Publish(
                {"給水拠点.csv": csv_bytes(header, rows(14, 60))},
                "correction",
                {"ja": "貯水量を実測値に直しました。", "en": "Volumes corrected to measured values."},
            ),
        ),
    )


def _cooling() -> SampleDataset:
    header = ("名称", "住所", "開館時間", "休館日", "受入可能人数", "緯度", "経度")

    def rows(count: int, opening: str) -> list[_Row]:
        return [
            (
                f"見本{_TOWNS[number % 10]}涼み処{number}",
                f"見本市{_TOWNS[number % 10]}{number % 6 + 1}丁目{number % 8 + 1}番",
                opening,
                ("月曜日", "火曜日", "なし")[number % 3],
                10 + number * 7 % 40,
                *place(number + 300),
            )
            for number in range(1, count + 1)
        ]

    def release(rows_of_it: list[_Row]) -> dict[str, bytes]:
        return {"クーリングシェルター.csv": csv_bytes(header, rows_of_it)}

    return SampleDataset(
        name="cooling-shelters",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "クーリングシェルター(指定暑熱避難施設・見本)",
                "en": "Cooling shelters (sample)",
                "zh-Hant": "避暑中心(範例)",
            },
            description={
                "ja": "熱中症特別警戒情報が出たときに開く施設です。架空の見本市のものです。",
                "en": "Places opened under an extreme heat alert, in the invented city of Mihon.",
            },
            themes=["disaster", "health"],
            keywords=["熱中症", "暑さ", "heat"],
            period="2024-06/2026-09",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish(release(rows(9, "9:00-17:00"))),
            Publish(release(rows(15, "9:00-17:00")), "addition", {"ja": "令和7年の指定分を加えました。"}),
            Publish(
                release(rows(15, "9:00-19:00")), "update", {"ja": "開館時間を延ばしました。", "en": "Open longer."}
            ),
        ),
    )


def _aed() -> SampleDataset:
    header = (
        "設置場所コード",
        "名称",
        "住所",
        "設置位置",
        "利用可能曜日",
        "開始時間",
        "終了時間",
        "小児対応",
        "緯度",
        "経度",
    )

    def rows(count: int, pads: int) -> list[_Row]:
        return [
            (
                f"{number:05}",
                f"見本{_TOWNS[number % 10]}{_KINDS[number % 5]}",
                f"見本市{_TOWNS[number % 10]}{number % 5 + 1}丁目{number % 20 + 1}番",
                ("1階玄関", "事務室", "体育館入口")[number % 3],
                "月火水木金土日" if number % 2 else "月火水木金",
                "8:30",
                "17:15",
                "有" if number % pads == 0 else "無",
                *place(number + 400),
            )
            for number in range(1, count + 1)
        ]

    def release(count: int, pads: int) -> dict[str, bytes]:
        return {"aed設置箇所.csv": csv_bytes(header, rows(count, pads), encoding="utf-8-sig")}

    return SampleDataset(
        name="aed-locations",
        agency=AGENCY,
        words=Words(
            title={"ja": "AED 設置箇所(見本)", "en": "AED locations (sample)", "zh-Hant": "AED 設置地點(範例)"},
            description={
                "ja": "自動体外式除細動器(AED)のある場所です。架空の見本市のもので、緊急時に使わないでください。",
                "en": "Defibrillators of the invented city of Mihon. Never use this in an emergency.",
            },
            themes=["health", "disaster"],
            keywords=["AED", "救急", "defibrillator"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish(release(30, 3)),
            Publish(release(33, 3), "addition", {"ja": "3台を加えました。", "en": "Three more."}),
            Publish(release(33, 2), "update", {"ja": "小児用パッドを増やしました。", "en": "More pads for children."}),
        ),
    )


def _outages() -> SampleDataset:
    header = ("受付番号", "発生日時", "復旧日時", "地区", "戸数", "原因")

    def rows(count: int) -> list[_Row]:
        causes = ("水道管の破損", "工事", "停電", "凍結")
        return [
            (
                f"2025-{number:03}",
                f"2025-{number % 12 + 1:02}-{number % 27 + 1:02} {6 + number % 12:02}:15",
                f"2025-{number % 12 + 1:02}-{number % 27 + 1:02} {8 + number % 12:02}:40",
                _TOWNS[number % 10],
                number * 53 % 410 + 3,
                causes[number % 4],
            )
            for number in range(1, count + 1)
        ]

    return SampleDataset(
        name="water-outages",
        agency=AGENCY,
        words=Words(
            title={"ja": "断水記録(見本)", "en": "Water outages (sample)", "zh-Hant": "停水紀錄(範例)"},
            description={
                "ja": "断水の発生と復旧の日時、地区、戸数、原因です。架空の見本市の記録です。",
                "en": "When and where water failed and came back, in the invented city of Mihon.",
            },
            licence="CC0-1.0",
            themes=["disaster"],
            keywords=["断水", "水道", "復旧"],
            period="2025",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"断水記録.csv": csv_bytes(header, rows(18))}),
            Publish({"断水記録.csv": csv_bytes(header, rows(31))}, "addition", {"ja": "7月分までを加えました。"}),
            Publish({"断水記録.csv": csv_bytes(header, rows(44))}, "addition", {"ja": "12月分までを加えました。"}),
        ),
    )


def _notices() -> SampleDataset:
    name = "断水のお知らせ.pdf"
    return SampleDataset(
        name="water-notices",
        agency=AGENCY,
        words=Words(
            title={"ja": "断水のお知らせ(見本)", "en": "Water cut notices (sample)", "zh-Hant": "停水通知(範例)"},
            description={
                "ja": "住民に配った断水のお知らせの PDF です。架空の見本市の文書です。",
                "en": "The notice handed out to residents, as PDF. A document of the invented city of Mihon.",
            },
            themes=["disaster"],
            keywords=["断水", "お知らせ", "PDF"],
            period="2026-02",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({name: kept_file("notice-1.pdf")}),
            Publish(
                {name: kept_file("notice-2.pdf")},
                "correction",
                {"ja": "復旧の見込みの日を直しました。", "en": "Expected date of repair corrected."},
            ),
        ),
    )


def _roster() -> SampleDataset:
    header = ("地区", "氏名", "電話番号")
    rows = [(town, f"見本 太郎{number}", f"000-0000-{number:04}") for number, town in enumerate(_TOWNS)]
    return SampleDataset(
        name="watch-volunteers",
        agency=AGENCY,
        words=Words(
            title={"ja": "見守り協力者名簿(見本)", "en": "Roster of watch volunteers (sample)"},
            description={
                "ja": "誤って公開され、取り下げられた名簿の見本です。氏名も番号も架空です。",
                "en": "A sample of a roster published by mistake and withdrawn; names and numbers are invented.",
            },
            themes=["disaster"],
            keywords=["名簿"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"見守り協力者.csv": csv_bytes(header, rows)}),
            Withdraw(
                1,
                "personal-data",
                "個人情報の保護に関する法律(平成15年法律第57号)第69条",
                "個人の氏名と電話番号を含むため取り下げました(見本)。",
            ),
        ),
    )
