"""The analyser: its published vectors, and the laws that highlights and rebuilds rest on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.analysis import MAX_TOKEN, NAME, Analyser, folding_table

TABLE = folding_table()
ANALYSER = Analyser(TABLE)
text = st.text(
    st.sampled_from("東京都港区髙島屋澁谷區ｶﾀﾞﾊﾟーサヶが霞関デ－タ-‐令和６年,0139 aＢ・Ⅲ㍻é\ufe0fﬁß"), max_size=40
)


@pytest.mark.parametrize(
    ("given_text", "tokens"),
    [
        ("東京都港区", "东京 京都 都港 港区 区"),
        ("ＡＢＣ株式会社", "abc 株式 式会 会社 社"),
        ("ｶﾀｶﾅ", "かた たか かな な"),
        ("髙島屋", "高岛 岛屋 屋"),
        ("澁谷區", "渋谷 谷区 区"),
        ("霞ヶ関", "霞け け関 関"),
        ("霞が関", "霞け け関 関"),
        ("デ－タ", "でー ーた た"),
        ("令和６年", "令和 和 6 年"),
        ("001007", "001007"),
        ("1,234,567", "1234567"),
        ("1,23", "1 23"),
        ("サーバー", "さー ーば ば"),
        ("サーバ", "さー ーば ば"),
        ("キー", "きー ー"),
        ("葛\U000e0100城", "葛城 城"),
        ("", ""),
        ("、。！", ""),
    ],
)
def test_vectors(given_text, tokens) -> None:
    assert " ".join(ANALYSER.tokens(given_text)) == tokens


def test_edges_are_where_words_begin() -> None:
    assert ANALYSER.analyse("東京都港区").edges == ("东京", "港区")
    assert ANALYSER.analyse("お茶の水").edges == ("お茶", "茶の", "の水")


def test_codes_are_kept_whole() -> None:
    assert ANALYSER.analyse("品番 0547-62-1 と A.B/7").codes == ("0547621", "ab7")


def test_a_token_has_a_limit() -> None:
    assert len(ANALYSER.tokens("a" * 500)[0]) == MAX_TOKEN


def test_the_id_names_the_table() -> None:
    assert ANALYSER.id.startswith(NAME + ":")
    assert len(ANALYSER.id) == len(NAME) + 65
    assert Analyser({**TABLE, "亜": "x"}).id != ANALYSER.id
    assert Analyser.load().id == ANALYSER.id


@pytest.mark.parametrize(
    "group", ["産產产", "税稅", "説說说", "県縣县", "挙舉举", "斎齋齊斉斋", "辺邊邉边", "竜龍龙", "台臺", "図圖图"]
)
def test_forms_of_one_character_are_one(group) -> None:
    assert len({ANALYSER.fold(char) for char in group}) == 1


def test_two_words_are_not_one() -> None:
    assert ANALYSER.fold("連絡") != ANALYSER.fold("聯絡")


def test_the_table_is_settled() -> None:
    assert len(TABLE) > 3000
    assert not set(TABLE.values()) & TABLE.keys()


@given(text)
def test_offsets_lead_back_and_tell_the_same_text(source) -> None:
    folded = ANALYSER.fold_with_offsets(source)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert all(0 <= a < b <= len(source) for a, b in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)
    assert [span.token for span in ANALYSER.spans(folded.text)] == list(ANALYSER.analyse(source).tokens)


@given(text)
def test_a_text_finds_itself(source) -> None:
    probe = ANALYSER.probe(ANALYSER.fold(source))
    tokens = ANALYSER.tokens(source)
    if probe is None:
        assert tokens == ()
        return
    wanted = probe.tokens
    assert tokens[: len(wanted) - 1] == wanted[:-1]
    assert tokens[len(wanted) - 1].startswith(wanted[-1])


@given(text, text, st.sampled_from(["京都", "避難所", "データ"]))
def test_a_run_of_kanji_is_found_inside_any_text(before, after, word) -> None:
    tokens = ANALYSER.tokens(f"{before} {word} {after}")
    probe = ANALYSER.probe(ANALYSER.fold(word))
    assert probe is not None
    assert any(tokens[i : i + len(probe.tokens)] == probe.tokens for i in range(len(tokens)))
