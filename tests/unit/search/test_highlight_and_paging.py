"""Marks in the original characters, always escaped; cursors that nobody can invent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import Analyser
from search.highlight import Segment, highlight, to_html
from search.paging import CursorExpired, CursorInvalid, decode_cursor, encode_cursor
from search.port import Everything, Request, Sort, SortKey
from search.query import parse
from search.synonyms import Synonyms

ANALYSER = Analyser.load()
SYNONYMS = Synonyms.load(ANALYSER)


def marked(text: str, query: str, **limits: int) -> str:
    segments = highlight(text, parse(query, ANALYSER, SYNONYMS).node, ANALYSER, **limits)
    return "".join(f"[{part.text}]" if part.marked else part.text for part in segments)


@pytest.mark.parametrize(
    ("text", "query", "want"),
    [
        ("東京都港区", "京都", "東[京都]港区"),
        ("髙島屋の本店", "高島屋", "[髙島屋]の本店"),
        ("ｶﾞｽとﾃﾞｰﾀ", "データ", "ｶﾞｽと[ﾃﾞｰﾀ]"),
        ("令和６年度の予算", "R6年度", "[令和６年度]の予算"),
        ("価格は1,234円", "1234", "価格は[1,234]円"),
        ("駅前の駅", "駅", "[駅]前の[駅]"),
        ("公園と公園", "公園 -遊具", "[公園]と[公園]"),
        ("何もない", "公園", "何もない"),
    ],
)
def test_original_characters_are_marked(text, query, want) -> None:
    assert marked(text, query) == want


def test_a_long_text_is_cut_around_the_first_mark() -> None:
    found = marked("あ" * 500 + "公園" + "い" * 500, "公園", max_chars=40)
    assert "[公園]" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= 44


def test_markup_is_escaped_before_it_is_marked() -> None:
    text = '<script>公園</script> & "公園"'
    html = to_html(highlight(text, parse("公園 script", ANALYSER, SYNONYMS).node, ANALYSER))
    assert "<script" not in html
    assert "&lt;<mark>script</mark>&gt;<mark>公園</mark>" in html


@given(st.text(max_size=60), st.text(max_size=10))
def test_segments_are_the_text(text, query) -> None:
    segments = highlight(text, parse(query, ANALYSER, SYNONYMS).node, ANALYSER)
    assert "".join(segment.text for segment in segments) == text
    assert all(isinstance(segment, Segment) and segment.text for segment in segments)
    bare = to_html(segments).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert ">" not in bare


REQUEST = Request(Everything(), limit=5)
PLACE = SortKey(1.5, 20, 2**63 + 5)
KEY = b"k" * 32


def test_a_cursor_comes_back_whole_for_the_same_question() -> None:
    cursor = encode_cursor(PLACE, REQUEST, generation="g1", key=KEY)
    other_page = Request(Everything(), limit=50, facets=("agency",), after=PLACE)
    assert decode_cursor(cursor, other_page, generation="g1", key=KEY) == PLACE


@pytest.mark.parametrize(
    "request_",
    [Request(Everything(), sort=Sort.NEWEST), Request(Everything(), acl=frozenset({"public", "g"}))],
)
def test_a_cursor_fits_no_other_question(request_) -> None:
    cursor = encode_cursor(PLACE, REQUEST, generation="g1", key=KEY)
    with pytest.raises(CursorInvalid):
        decode_cursor(cursor, request_, generation="g1", key=KEY)


def test_a_cursor_ends_with_its_generation_and_its_key() -> None:
    cursor = encode_cursor(PLACE, REQUEST, generation="g1", key=KEY)
    with pytest.raises(CursorExpired):
        decode_cursor(cursor, REQUEST, generation="g2", key=KEY)
    with pytest.raises(CursorInvalid):
        decode_cursor(cursor, REQUEST, generation="g1", key=b"other")


@given(st.text(max_size=80))
def test_an_invented_cursor_is_refused(cursor) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(cursor, REQUEST, generation="g1", key=KEY)
