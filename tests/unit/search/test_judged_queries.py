"""Queries of citizens in Japanese, Chinese and English with their judged answers: nothing that answers is missed."""

from pathlib import Path

import pytest

from search.analysis import Analyser
from search.engines.memory import MemoryEngine
from search.port import Request, Unit, Upsert
from search.query import parse
from search.synonyms import Synonyms

VECTORS = Path(__file__).parents[2] / "vectors" / "search_judged.tsv"

DOCUMENTS = {
    "shelters": "指定緊急避難場所一覧 避難所の名称と収容人数 1,200人",
    "shelter-en": "Evacuation shelters of the city",
    "shelter-tw": "避難收容處所位置圖",
    "kyoto": "京都の寺社一覧",
    "tokyo-people": "東京都の人口推計",
    "population-en": "Population by age",
    "children": "子ども医療費助成の状況",
    "budget-r6": "令和６年度 一般会計予算",
    "census-h30": "平成30年 第3回 住宅・土地統計調査",
    "garbage": "ごみ収集日カレンダー",
    "it": "サーバーのデータ一覧",
    "shops": "髙島屋 渋谷区 霞が関 店舗",
    "names": "齋藤 渡邊 名簿",
    "moving": "引越し手続き案内",
    "bus": "駅前バス停留所の位置",
    "aed": "AED設置箇所",
    "codes": "商品番号 0547-62-1 および 001007",
    "library": "図書館の蔵書数",
    "wifi": "公衆無線LANアクセスポイント",
    "bicycle": "自転車駐輪場",
    "industry": "産業分類表",
}


def judged() -> list[tuple[str, frozenset[str]]]:
    lines = VECTORS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if not line.startswith("#"))
    return [(query, frozenset(wanted.split())) for query, wanted in pairs]


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture(scope="module")
def engine(analyser: Analyser) -> MemoryEngine:
    filled = MemoryEngine(analyser)
    stock = [
        Unit(uid=f"{n:032x}", kind="dataset", dataset_id=name, title=text)
        for n, (name, text) in enumerate(DOCUMENTS.items())
    ]
    filled.apply([Upsert(unit) for unit in stock], upto=1)
    return filled


@pytest.mark.parametrize(("query", "wanted"), judged())
def test_every_judged_answer_is_found_and_nothing_else(query, wanted, analyser, engine) -> None:
    node = parse(query, analyser, Synonyms.load(analyser)).node
    assert {group.dataset_id for group in engine.search(Request(node, limit=50)).groups} == wanted
