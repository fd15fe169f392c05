"""Search with facets and highlights over a synthetic city: tantivy beside Whoosh and beside a plain scan."""

import gc
import hashlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from search.analysis import Analyser
from search.highlight import highlight
from search.index import open_engine
from search.port import Node, Request, SearchEngine, Unit, Upsert
from search.query import parse
from search.synonyms import Synonyms

DATASETS = 20_000
WHOOSH_DATASETS = 1_000
_TOPICS = (
    "避難所", "公園", "人口", "予算", "図書館", "保育園", "ごみ収集", "道路",
    "河川", "観光", "統計", "選挙", "消防", "病院",
    "学校", "バス停", "駐車場", "AED", "津波", "shelter", "population", "budget",
)  # fmt: skip
_PLACES = (
    "東京都港区", "京都市", "大阪市", "札幌市", "横浜市", "名古屋市", "福岡市", "仙台市", "広島市", "神戸市", "高松市",
    "那覇市", "霞が関", "渋谷区",
)  # fmt: skip
_FORMATS = ("csv", "xlsx", "pdf", "geojson", "zip")
_LICENCES = ("CC-BY-4.0", "CC0-1.0", "PDL-1.0")
_QUERIES = (
    "避難所", "京都", "公園 横浜市", "令和6年 予算", '"東京都港区"', "人口 統計",
    "図書館 agency:agency-7", "format:csv 学校",
    "AED", "shelter", "津波 OR 消防", "バス停 -札幌市", "渋谷区 保育園", "0547-62-1", "大", "ごみ収集 高松市", "budget",
)  # fmt: skip
_FACETS = ("agency", "format", "licence")


def units(datasets: int) -> list[Unit]:
    """Return one dataset unit and two row units for each of `datasets` datasets."""
    rng = random.Random(7)
    found: list[Unit] = []
    for n in range(datasets):
        topic, place, year = rng.choice(_TOPICS), rng.choice(_PLACES), 2010 + n % 15
        rare = "".join(chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(3))
        title = f"{place}の{topic}一覧 {year}年度"
        era = f"令和{n % 6 + 1}年の{rng.choice(_TOPICS)}"
        body = f"{place}における{topic}の所在地と概要。{era}についても載せています。{rare}"
        for part, kind in enumerate(("dataset", "row", "row")):
            text = title if part == 0 else f"{rng.choice(_TOPICS)} {place} {n % 900}-{part}-{n % 7} {rare}"
            found.append(
                Unit(
                    uid=hashlib.sha256(f"{n} {part}".encode()).hexdigest()[:32],
                    kind=kind,
                    dataset_id=f"dataset-{n}",
                    title=text,
                    body=body,
                    agency=f"agency-{n % 40}",
                    format=(_FORMATS[n % 5],),
                    licence=_LICENCES[n % 3],
                    theme=(topic,),
                    year=(str(year),),
                    published_at=1_700_000_000 + n * 60,
                )
            )
    return found


def _fill(engine: SearchEngine, stock: Sequence[Unit]) -> float:
    began = time.perf_counter()
    for start in range(0, len(stock), 20_000):
        engine.apply([Upsert(unit) for unit in stock[start : start + 20_000]], upto=start // 20_000 + 1)
    return len(stock) / (time.perf_counter() - began)


def _timed(ask: Callable[[str], object], rounds: int) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds."""
    times: list[float] = []
    for _ in range(rounds):
        for query in _QUERIES:
            began = time.perf_counter()
            ask(query)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), sorted(times)[int(len(times) * 0.95)]


def rows() -> list[tuple[str, ...]]:
    """Return (what, size, p50 ms, p95 ms, units indexed a second) of each engine in one run."""
    analyser = Analyser.load()
    synonyms = Synonyms.load(analyser)
    stock = units(DATASETS)
    found = [("search + 3 facets + 10 highlights", "datasets", "p50 ms", "p95 ms", "units/s indexed")]
    sizes = (("tantivy", DATASETS), ("tantivy", WHOOSH_DATASETS), ("whoosh", WHOOSH_DATASETS))
    for kind, size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            engine = open_engine(kind, Path(folder) / "g", analyser, create=True)
            speed = _fill(engine, stock[: size * 3])

            def ask(text: str, engine: SearchEngine = engine) -> object:
                node: Node = parse(text, analyser, synonyms).node
                hits = engine.search(Request(node, facets=_FACETS))
                return [highlight(g.hits[0].unit.body, node, analyser) for g in hits.groups]

            gc.collect()
            gc.freeze()  # the units made here are no part of a portal's memory
            p50, p95 = _timed(ask, 5 if kind == "tantivy" else 1)
            engine.close()
        found.append((kind, str(size), f"{p50:.1f}", f"{p95:.1f}", f"{speed:.0f}"))
    texts = [unit.title + unit.body for unit in stock]
    p50, p95 = _timed(lambda query: [text for text in texts if query in text], 1)
    found.append(("plain scan, no facets", str(DATASETS), f"{p50:.1f}", f"{p95:.1f}", ""))
    return found


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write("  ".join(f"{cell:>12}" for cell in row) + "\n")
