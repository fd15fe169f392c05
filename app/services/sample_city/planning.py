"""見本市 企画課: population, budget, facilities, tourism, buses. All of it is invented."""

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
    zip_bytes,
)
from app.services.words import Words

AGENCY = "kikaku"
CONTACT = "見本市 企画課(架空) kikaku@mihon.example"
_TOWNS = ("石文町", "苔野", "刻印台", "葉浦", "年輪町", "証橋", "写谷", "控原", "綴本町", "栞台")
CITY_CODE = "999997"
"""Nobody's code: there is no prefecture 99. The last figure is the right check digit."""
_PARENTS_AGE = 40


def datasets() -> Sequence[SampleDataset]:
    """Return the datasets of the agency."""
    return (_population(), _budget(), _facilities(), _tourism(), _buses())


def _population() -> SampleDataset:
    header = ("市町村コード", "地区", "年齢階級", "男", "女", "計")

    def rows(year: int) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for place_number, town in enumerate(_TOWNS):
            for age in range(0, 90, 10):
                men = 90 + (place_number * 31 + age * 7) % 120 - (year - 2021) * (3 if age < _PARENTS_AGE else -2)
                women = men + (place_number + age) % 11 - 3
                found.append((CITY_CODE, town, f"{age:02}-{age + 9:02}", men, women, men + women))
        return found

    return SampleDataset(
        name="population-by-age",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "年齢別・地区別人口(見本)",
                "en": "Population by age and district (sample)",
                "zh-Hant": "各年齡及地區人口(範例)",
            },
            description={
                "ja": "各年4月1日現在の住民の数です。架空の見本市の数字です。",
                "en": "Residents on 1 April of each year in the invented city of Mihon.",
                "zh-Hant": "每年四月一日的居民人數。虛構的見本市數據。",
            },
            reading="ねんれいべつちくべつじんこう",
            themes=["population"],
            keywords=["人口", "年齢", "population"],
            area=AREA,
            contact=CONTACT,
            period="2021-04-01",
        ),
        steps=tuple(
            Publish(
                {"人口.csv": csv_bytes(header, rows(year))},
                "update",
                {
                    "ja": f"{year}年4月1日現在の数にしました。",
                    "en": f"As of 1 April {year}.",
                    "zh-Hant": f"更新至 {year} 年四月一日。",
                },
                Words(period=f"{year}-04-01"),
            )
            for year in range(2021, 2026)
        ),
    )


def _budget() -> SampleDataset:
    return SampleDataset(
        name="budget",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "一般会計予算(見本)",
                "en": "Budget, general account (sample)",
                "zh-Hant": "一般會計預算(範例)",
            },
            description={
                "ja": "歳入と歳出を款ごとに、一つのブックの二つのシートに収めました。架空の見本市の予算です。",
                "en": "Revenue and expenditure, two sheets of one workbook; budget of the invented city of Mihon.",
            },
            licence="PDL-1.0",
            themes=["finance"],
            keywords=["予算", "歳入", "歳出", "budget"],
            period="2024",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"一般会計予算.xlsx": kept_file("budget-2024.xlsx")}),
            Publish(
                {"一般会計予算.xlsx": kept_file("budget-2025.xlsx")},
                "update",
                {"ja": "令和7年度にしました。", "en": "Fiscal year 2025."},
                Words(period="2025"),
            ),
            Publish(
                {"一般会計予算.xlsx": kept_file("budget-2026.xlsx")},
                "update",
                {"ja": "令和8年度にしました。", "en": "Fiscal year 2026."},
                Words(period="2026"),
            ),
        ),
    )


def _facilities() -> SampleDataset:
    kinds = ("図書館", "市民センター", "公園", "博物館", "保育園")

    def release(count: int, phone: str) -> dict[str, bytes]:
        return {
            "公共施設.geojson": geojson_bytes(
                [
                    (
                        float(place(number + 500)[1]),
                        float(place(number + 500)[0]),
                        {
                            "番号": f"F{number:03}",
                            "名称": f"見本{_TOWNS[number % 10]}{kinds[number % 5]}",
                            "種別": kinds[number % 5],
                            "電話": phone,
                        },
                    )
                    for number in range(1, count + 1)
                ]
            )
        }

    return SampleDataset(
        name="public-facilities",
        agency=AGENCY,
        words=Words(
            title={"ja": "公共施設の位置(見本)", "en": "Public facilities (sample)", "zh-Hant": "公共設施位置(範例)"},
            description={
                "ja": "公共施設の位置と種別の GeoJSON です。架空の見本市のもので、点は海の上にあります。",
                "en": "Facilities as GeoJSON points of the invented city of Mihon; all points lie on open water.",
            },
            themes=["government", "culture"],
            keywords=["公共施設", "地図", "GeoJSON"],
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish(release(35, "")),
            Publish(release(38, ""), "addition", {"ja": "3施設を加えました。", "en": "Three more."}),
            Publish(release(38, "000-000-0000"), "update", {"ja": "代表電話の欄を埋めました。"}),
        ),
    )


def _tourism() -> SampleDataset:
    header = ("年月", "入込客数", "宿泊者数", "外国人宿泊者数", "観光消費額_千円")

    def rows(months: int, factor: int) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for number in range(months):
            visitors = (18_000 + number * 977 % 9_000) * factor
            found.append(
                (
                    f"{2024 + number // 12}-{number % 12 + 1:02}",
                    visitors,
                    visitors // 6,
                    visitors // 71,
                    visitors * 4 + number * 13,
                )
            )
        return found

    return SampleDataset(
        name="tourism-statistics",
        agency=AGENCY,
        words=Words(
            title={"ja": "観光統計(見本)", "en": "Tourism statistics (sample)", "zh-Hant": "觀光統計(範例)"},
            description={
                "ja": "月ごとの観光客の数と消費額です。架空の見本市の数字です。",
                "en": "Visitors and spending by month in the invented city of Mihon.",
                "zh-Hant": "每月遊客人數與消費額。虛構的見本市數據。",
            },
            themes=["tourism", "economy"],
            keywords=["観光", "宿泊", "tourism"],
            period="2024-01/2025-12",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish({"観光統計.csv": csv_bytes(header, rows(12, 1))}),
            Publish({"観光統計.csv": csv_bytes(header, rows(18, 10))}, "addition", {"ja": "2025年6月分まで。"}),
            Publish(
                {"観光統計.csv": csv_bytes(header, rows(18, 1))},
                "correction",
                {"ja": "第2版は桁を誤っていたため、作り直しました。", "en": "v2 was wrong by a factor of ten."},
            ),
            Withdraw(
                2,
                "error",
                "見本市オープンデータ公開要綱(架空)第8条",
                "集計の桁を誤り、入込客数が10倍になっていました(見本)。",
            ),
            Publish(
                {"観光統計.csv": csv_bytes(header, rows(24, 1))},
                "addition",
                {"ja": "2025年12月分まで。", "en": "Up to December 2025."},
            ),
        ),
    )


def _buses() -> SampleDataset:
    stops = [(f"B{number:02}", f"見本{town}", *place(number + 600)) for number, town in enumerate(_TOWNS)]

    def release(first: int, minutes: int, *, weekend: bool) -> dict[str, bytes]:
        times: list[tuple[object, ...]] = []
        for trip in range(14):
            for order, stop in enumerate(stops):
                clock = first + trip * 60 + order * minutes
                time = f"{clock // 60:02}:{clock % 60:02}:00"
                times.append((f"T{trip:02}", time, time, stop[0], order + 1))
        members = {
            "gtfs/agency.txt": csv_bytes(
                ("agency_id", "agency_name", "agency_url", "agency_timezone"),
                [(CITY_CODE, "見本市コミュニティバス(架空)", "https://mihon.example/", "Asia/Tokyo")],
            ),
            "gtfs/stops.txt": csv_bytes(("stop_id", "stop_name", "stop_lat", "stop_lon"), stops),
            "gtfs/routes.txt": csv_bytes(
                ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
                [("R1", CITY_CODE, "石文", "石文線", 3)],
            ),
            "gtfs/trips.txt": csv_bytes(
                ("route_id", "service_id", "trip_id"),
                [("R1", "毎日" if weekend else "平日", f"T{trip:02}") for trip in range(14)],
            ),
            "gtfs/stop_times.txt": csv_bytes(
                ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"), times
            ),
            "時刻表/石文線.csv": csv_bytes(("停留所", *(f"{trip + 1}便" for trip in range(14))), _grid(times, stops)),
            "お読みください.txt": "架空の見本市のバスです。走っていません。\n".encode(),
        }
        return {"バス時刻表.zip": zip_bytes(members)}

    return SampleDataset(
        name="bus-timetable",
        agency=AGENCY,
        words=Words(
            title={
                "ja": "コミュニティバス時刻表(見本)",
                "en": "Community bus timetable (sample)",
                "zh-Hant": "社區巴士時刻表(範例)",
            },
            description={
                "ja": "GTFS-JP の形を借りた時刻表と、停留所ごとの表を ZIP にまとめました。架空の見本市のバスです。",
                "en": "A timetable shaped like GTFS and a grid by stop, in one ZIP; a bus of the invented Mihon.",
            },
            themes=["transport"],
            keywords=["バス", "時刻表", "GTFS"],
            period="2025-04/2026-03",
            area=AREA,
            contact=CONTACT,
        ),
        steps=(
            Publish(release(6 * 60, 4, weekend=False)),
            Publish(
                release(6 * 60 + 30, 4, weekend=False),
                "update",
                {"ja": "始発を30分遅らせました。", "en": "The first bus leaves 30 minutes later."},
            ),
            Publish(
                release(6 * 60 + 30, 5, weekend=True),
                "update",
                {"ja": "所要時間を見直し、土日も走ります。", "en": "Slower, and also at weekends."},
            ),
        ),
    )


def _grid(times: list[tuple[object, ...]], stops: list[tuple[str, str, str, str]]) -> list[list[object]]:
    return [[name, *(str(time[1])[:5] for time in times if time[3] == stop)] for stop, name, _, _ in stops]
