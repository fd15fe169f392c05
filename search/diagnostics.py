"""What a searcher is told about a query that was not quite right, beside the results."""

from collections.abc import Mapping
from dataclasses import dataclass

from search.errors import SearchError


class QueryFault(SearchError):
    """Base of what can be wrong in a query; the parser turns each into a diagnostic."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A remark and the column (from 1) it is about."""

    fault: QueryFault
    column: int

    @property
    def code(self) -> str:
        return self.fault.code

    @property
    def params(self) -> Mapping[str, str]:
        return self.fault.params

    def sentence(self, lang: str) -> str:
        return self.fault.sentence(lang)


class UnbalancedQuote(QueryFault):
    code = "SEA-201"
    ja = '引用符「"」が閉じていません。すべての語を含むものを探しました。'
    en = "A quotation mark is not closed. We looked for all of the words instead."
    zh = "引號未關閉,已改為搜尋包含所有字詞的資料。"


class UnbalancedParenthesis(QueryFault):
    code = "SEA-202"
    ja = "かっこの対応が取れていません。すべての語を含むものを探しました。"
    en = "A parenthesis has no partner. We looked for all of the words instead."
    zh = "括號不成對,已改為搜尋包含所有字詞的資料。"


class DanglingOperator(QueryFault):
    code = "SEA-203"
    ja = "「{word}」の相手になる語がありません。すべての語を含むものを探しました。"
    en = "A word is missing beside {word}. We looked for all of the words instead."
    zh = "「{word}」旁缺少字詞,已改為搜尋包含所有字詞的資料。"


class UnknownField(QueryFault):
    code = "SEA-204"
    ja = "「{field}:」という項目はありません。ふつうの語として探しました。使える項目: {known}"
    en = "There is no field {field}. It was taken as a plain word. Fields: {known}"
    zh = "沒有「{field}:」這個欄位,已當作一般字詞搜尋。可用欄位:{known}"


class TooLong(QueryFault):
    code = "SEA-205"
    ja = "検索語が長すぎるため、{limit} 文字までで探しました。"
    en = "The query is too long: only its first {limit} characters were used."
    zh = "查詢過長,僅使用前 {limit} 個字元。"


class TooManyWords(QueryFault):
    code = "SEA-206"
    ja = "語が多すぎるため、最初の {limit} 語で探しました。"
    en = "There are too many words: the first {limit} were used."
    zh = "字詞過多,僅使用前 {limit} 個。"


class TooDeep(QueryFault):
    code = "SEA-207"
    ja = "かっこの重なりは {limit} 段までです。すべての語を含むものを探しました。"
    en = "Parentheses may be {limit} deep. We looked for all of the words instead."
    zh = "括號最多 {limit} 層,已改為搜尋包含所有字詞的資料。"


class PrefixTooShort(QueryFault):
    code = "SEA-208"
    ja = "「*」や hash: の前には {limit} 文字以上が必要です。そのままの語として探しました。"
    en = "A beginning needs {limit} characters or more. It was taken as it stands."
    zh = "前綴至少需要 {limit} 個字元,已依原字詞搜尋。"


class BadRange(QueryFault):
    code = "SEA-209"
    ja = "範囲は year:[2020 TO 2024] の形で書いてください。すべての語を含むものを探しました。"
    en = "Write a range as year:[2020 TO 2024]. We looked for all of the words instead."
    zh = "範圍請寫成 year:[2020 TO 2024],已改為搜尋包含所有字詞的資料。"


class NearnessIgnored(QueryFault):
    code = "SEA-210"
    ja = "「~」による近さの指定は使えません。語がすべて含まれるものを探しました。"
    en = "Nearness (~) is not available. We looked for all of the words instead."
    zh = "不支援以「~」指定鄰近距離,已改為搜尋包含所有字詞的資料。"


class NothingToFind(QueryFault):
    code = "SEA-211"
    ja = "探せる文字(かな、漢字、英字、数字)がありません。語を入れてください。"
    en = "There is no letter or digit to look for. Enter a word."
    zh = "沒有可搜尋的文字或數字,請輸入字詞。"
