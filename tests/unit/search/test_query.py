"""The query language: what it means, and that a plain box never fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import Analyser
from search.diagnostics import QueryFault
from search.errors import SearchError
from search.port import And, Everything, Exact, Not, Or, Words
from search.query import MAX_LEAVES, narrow, parse
from search.synonyms import MAX_VARIANTS, Synonyms, shipped, skipped_lines

ANALYSER = Analyser.load()
NONE = Synonyms.of(ANALYSER, {})
SHIPPED = Synonyms.load(ANALYSER)


def node(text: str):
    parsed = parse(text, ANALYSER, NONE)
    assert parsed.diagnostics == ()
    return parsed.node


def told(text: str) -> list[tuple[str, int]]:
    return [(d.code, d.column) for d in parse(text, ANALYSER, NONE).diagnostics]


def word(*tokens: str, fields: tuple[str, ...] = ("title", "columns", "body")) -> Words:
    return Words(tokens, fields)


def test_words_are_and_unless_or_or_not_is_said() -> None:
    assert node("a b") == node("a AND b") == And((word("a"), word("b")))
    assert node("a OR b c") == Or((word("a"), And((word("b"), word("c")))))
    assert node("a -b") == node("a NOT b") == And((word("a"), Not(word("b"))))
    assert node("(a OR b) c") == And((Or((word("a"), word("b"))), word("c")))


@pytest.mark.parametrize("text", ["format:CSV", "format：csv", "format:ＣＳＶ"])
def test_fields_and_width(text) -> None:
    assert node(text) == Exact("format", "csv")


def test_a_field_goes_into_parentheses_and_years_into_ranges() -> None:
    assert node("format:(csv OR xlsx)") == Or((Exact("format", "csv"), Exact("format", "xlsx")))
    assert node("year:[2020 TO 2021]") == Or((Exact("year", "2020"), Exact("year", "2021")))
    assert node("year:{2019 TO 2021}") == Or((Exact("year", "2020"),))
    assert len(node("year:[* TO 2024]").parts) <= 200
    assert node("title:abc") == word("abc", fields=("title",))
    assert node('agency:"city of x"') == Exact("agency", "city of x")


def test_full_width_operators() -> None:
    assert node("（ａ　OR　ｂ）") == Or((word("a"), word("b")))
    assert node("”a b”") == word("a", "b")
    assert node("ab＊") == Words(("ab",), prefix=True)
    assert node("＊") == Everything()


def test_an_empty_box_is_everything() -> None:
    assert node("") == node("  ") == node("*:*") == Everything()


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('a "b c', [("SEA-201", 3)]),
        ("(a b", [("SEA-202", 1)]),
        ("a b)", [("SEA-202", 4)]),
        ("a OR", [("SEA-203", 3)]),
        ("AND a", [("SEA-203", 1)]),
        ("foo:bar", [("SEA-204", 1)]),
        ("a" * 600, [("SEA-205", 513)]),
        ("a*", [("SEA-208", 1)]),
        ("hash:abc", [("SEA-208", 6)]),
        ("year:[a TO b]", [("SEA-209", 6)]),
        ('"a b"~3', [("SEA-210", 1)]),
        ("！？", [("SEA-211", 1)]),
    ],
)
def test_a_slip_is_told_with_its_column(text, want) -> None:
    assert told(text) == want


def test_after_a_slip_all_words_count_and_fields_stay() -> None:
    assert parse("agency:kyoto (a OR b", ANALYSER, NONE).node == And((Exact("agency", "kyoto"), word("a"), word("b")))


def test_too_many_and_too_deep() -> None:
    assert told(" ".join(f"w{n}" for n in range(40)))[0][0] == "SEA-206"
    assert len(parse(" ".join(f"w{n}" for n in range(40)), ANALYSER, NONE).node.parts) == MAX_LEAVES
    assert told("(" * 9 + "a" + ")" * 9)[0][0] == "SEA-207"


@given(st.text(max_size=80) | st.text(st.sampled_from('ab京 "()*:-~[]{}ANDORT年＊：'), max_size=60))
def test_nothing_a_person_types_fails(text) -> None:
    for diagnostic in parse(text, ANALYSER, SHIPPED).diagnostics:
        assert all(diagnostic.sentence(lang) for lang in ("ja", "en", "zh"))
        assert diagnostic.column >= 1


def test_every_diagnostic_speaks_three_languages() -> None:
    for fault in QueryFault.__subclasses__():
        assert issubclass(fault, SearchError)
        assert all((fault.code, fault.ja, fault.en, fault.zh))


def test_choices_narrow_a_query() -> None:
    assert narrow(word("a"), {}) == word("a")
    assert narrow(word("a"), {"format": ["CSV", "pdf"], "agency": []}) == And(
        (word("a"), Or((Exact("format", "csv"), Exact("format", "pdf"))))
    )


def test_synonyms_and_eras_widen_words_never_phrases() -> None:
    assert isinstance(parse("子供", ANALYSER, SHIPPED).node, Or)
    assert isinstance(parse('"子供"', ANALYSER, SHIPPED).node, Words)
    assert "2019年度" in SHIPPED.variants("令和元年度")
    assert "令和1年" in SHIPPED.variants("2019年")
    assert SHIPPED.variants("r99999") == ("r99999",)
    assert len(SHIPPED.variants(ANALYSER.fold("避難所") * 5)) <= MAX_VARIANTS


def test_a_word_list_with_slips_still_loads(tmp_path) -> None:
    path = tmp_path / "synonyms.ja.tsv"
    path.write_bytes(
        "\ufeff# remark\n\n一語だけ\n甲乙\t丙丁\t\n\xff壊れ\n".encode("utf-8")
        + b"\xff\xfe\tx\n"
        + b"a" * 600
        + b"\tbb\n"
    )
    loaded = Synonyms.load(ANALYSER, [path])
    assert loaded.variants("甲乙") == ("甲乙", "丙丁")
    assert 3 in skipped_lines(path)
    assert [n for shipped_path in shipped() for n in skipped_lines(shipped_path)] == []
