"""The answer of a verification: a verdict with its exit code, what was checked and what was not, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from archive.errors import ArchiveError
from archive.records.statements import format_time
from archive.store.hashing import Digests

OK, FAILED, UNDETERMINED = 0, 1, 3


class Verdict(Enum):
    """What a reader is told. `matches` is what a bundle alone can say: newer releases are unknown offline."""

    MATCHES = "matches"
    LATEST = "latest"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    PENDING = "pending"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"
    BROKEN = "broken"
    UNDETERMINED = "undetermined"

    @property
    def exit_code(self) -> int:
        """0 it is so, 1 it is not, 3 it could not be determined."""
        return FAILED if self in _NOT_SO else UNDETERMINED if self in _NOT_KNOWN else OK


_NOT_SO = frozenset({Verdict.UNKNOWN, Verdict.BROKEN})
_NOT_KNOWN = frozenset({Verdict.PENDING, Verdict.DOUBTFUL, Verdict.UNDETERMINED})


_NOTHING_TO_CHECK = frozenset({"VER-053", "VER-002", "REC-001", "REC-002"})


class StepState(Enum):
    """How a step went."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Step:
    """One numbered step of the verification (docs/reference/evidence-bundle.md)."""

    number: int
    state: StepState


@dataclass(frozen=True)
class Ground:
    """Where and why a publication was withdrawn or erased, in the log's own words."""

    index: int
    code: str
    law: str
    time: datetime


@dataclass(frozen=True)
class TimeFact:
    """What one independent proof of time shows: `state` is proven, pending or unchecked, with `why` for the last two.

    `time` is not later than which the statement stood in the log; None unless proven.
    """

    kind: str
    by: str
    state: str
    time: datetime | None
    why: str = ""


@dataclass(frozen=True)
class Facts:
    """What the evidence shows, once the steps before 9 (whether the log is trusted) went well.

    `row` is the number of the row that the bundle is for; `doubtful_from` the index from which the signer's key is not
    to be relied on, when the statement stands behind it.
    """

    path: str
    dataset: str
    version: int
    identifier: str
    title: Mapping[str, str]
    agency: str
    agency_title: Mapping[str, str]
    licence: str
    single_person: bool
    published_at: datetime
    origin: str
    log_vkey: str
    log_index: int
    log_size: int
    agency_vkey: str
    custody: str
    row: int | None = None
    doubtful_from: int | None = None
    amended_at: tuple[int, ...] = ()
    withdrawn_at: Ground | None = None
    erased_at: Ground | None = None
    times: tuple[TimeFact, ...] = ()
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The verdict on one file, row, or (without `file`) erased file; `error` says why it is not a good one.

    `latest_version` and `tombstone` are known only where a node's archive was asked.
    """

    verdict: Verdict
    file: Digests | None
    steps: tuple[Step, ...] = ()
    facts: Facts | None = None
    error: ArchiveError | None = None
    latest_version: int | None = None
    tombstone: Mapping[str, str] | None = None

    @property
    def exit_code(self) -> int:
        """0 it is so, 1 it is not, 3 it could not be determined."""
        return self.verdict.exit_code

    @property
    def nothing_to_check(self) -> bool:
        """Whether no file was given, to evidence that needs one or to what is no evidence: wrong use, not a verdict."""
        return self.file is None and self.error is not None and self.error.code in _NOTHING_TO_CHECK

    def sentence(self, lang: str) -> str:
        """Return the verdict as one sentence in `lang` (ja, zh, else en)."""
        return SENTENCES[_key(self)][_column(lang)].format(
            version=self.facts.version if self.facts else "",
            latest=self.latest_version,
            vkey=self.facts.log_vkey if self.facts else "",
            why=self.error.sentence(lang) if self.error else "",
            seen=len(self.facts.witnesses) if self.facts else 0,
            row=self.facts.row if self.facts else "",
            law=_law(self.facts.erased_at) if self.facts else "",
            since=self.facts.doubtful_from if self.facts else "",
        )

    def as_of_archive(
        self, verdict: Verdict, latest_version: int | None, tombstone: Mapping[str, str] | None
    ) -> "Result":
        """Return this result with what the archive knows besides; a result that is not good stays what it is."""
        if self.exit_code != OK or self.verdict is Verdict.ERASED:
            return self
        return replace(self, verdict=verdict, latest_version=latest_version, tombstone=tombstone)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the result as one JSON document."""
        found: dict[str, Any] = {
            "verdict": self.verdict.value,
            "exit_code": self.exit_code,
            "sentence": self.sentence(lang),
            "code": self.error.code if self.error else None,
            "reason": self.error.sentence(lang) if self.error else None,
            "file": {"sha256": self.file.sha256.hex(), "bytes": self.file.size} if self.file else None,
            "steps": [
                {"number": step.number, "what": STEPS[step.number][_column(lang)], "state": step.state.value}
                for step in self.steps
            ],
        }
        if self.facts is not None:
            found |= _facts(self.facts)
        if self.latest_version is not None:
            found["latest_version"] = self.latest_version
        if self.tombstone is not None:
            found["tombstone"] = dict(self.tombstone)
        return found


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "path": facts.path,
        "dataset": facts.dataset,
        "version": facts.version,
        "identifier": facts.identifier,
        "title": dict(facts.title),
        "agency": {"slug": facts.agency, "title": dict(facts.agency_title)},
        "licence": facts.licence,
        "single_person": facts.single_person,
        "published_at": format_time(facts.published_at),
        "log": {
            "origin": facts.origin,
            "vkey": facts.log_vkey,
            "index": facts.log_index,
            "size": facts.log_size,
        },
        "witnesses": list(facts.witnesses),
        "agency_key": {"vkey": facts.agency_vkey, "custody": facts.custody, "doubtful_from": facts.doubtful_from},
        "row": facts.row,
        "amended_at": list(facts.amended_at),
        "withdrawn": _ground(facts.withdrawn_at),
        "erased": _ground(facts.erased_at),
        "times": [
            {
                "kind": each.kind,
                "by": each.by,
                "state": each.state,
                "not_later_than": format_time(each.time) if each.time else None,
                "why": each.why,
            }
            for each in facts.times
        ],
    }


def _ground(found: Ground | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"index": found.index, "code": found.code, "law": found.law, "time": format_time(found.time)}


def _law(found: Ground | None) -> str:
    return f"{found.law}, #{found.index}" if found else ""


def _column(lang: str) -> int:
    return {"ja": 0, "zh": 2}.get(lang[:2], 1)


def _key(result: Result) -> str:
    if result.verdict is Verdict.UNDETERMINED and result.facts is not None:
        return "untrusted"
    if result.verdict is Verdict.MATCHES and result.facts is not None and result.facts.row is not None:
        return "row"
    return result.verdict.value


SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "matches": ("第{version}版と一致します", "Matches release {version}", "與第 {version} 版一致"),
    "row": (
        "第{version}版の第{row}行と一致します",
        "Matches row {row} of release {version}",
        "與第 {version} 版第 {row} 列一致",
    ),
    "erased": (
        "第{version}版に在りましたが、法律により消去されました({law})",
        "Was in release {version}, and was lawfully erased ({law})",
        "曾在第 {version} 版中,已依法刪除({law})",
    ),
    "doubtful": (
        "第{version}版と一致しますが、部署の鍵は台帳の {since} 番から疑わしいとされています",
        "Matches release {version}, but the agency's key is doubtful from statement {since} on",
        "與第 {version} 版一致,但機關金鑰自第 {since} 筆起被視為可疑",
    ),
    "latest": (
        "最新の第{version}版と一致します",
        "Matches release {version}, the latest",
        "與最新的第 {version} 版一致",
    ),
    "superseded": (
        "旧版の第{version}版と一致します(最新は第{latest}版)",
        "Matches release {version}; {latest} is newer",
        "與舊版第 {version} 版一致(最新為第 {latest} 版)",
    ),
    "withdrawn": (
        "取り下げ済みの第{version}版と一致します",
        "Matches release {version}, since withdrawn",
        "與已撤回的第 {version} 版一致",
    ),
    "pending": (
        "刻印の途中です(有効な証人 {seen})",
        "Being inscribed ({seen} witnesses so far)",
        "刻印中(有效見證者 {seen})",
    ),
    "unknown": (
        "この節点の台帳に見つかりません。偽造とは限りません",
        "Not in this node's log; that does not prove forgery",
        "此節點的帳本中查無此檔,不代表偽造",
    ),
    "broken": (
        "証明が成り立ちません。使わないでください",
        "The proof fails. Do not rely on it",
        "證明不成立,請勿採用",
    ),
    "undetermined": (
        "確かめられませんでした({why})",
        "Could not be checked ({why})",
        "無法確認({why})",
    ),
    "untrusted": (
        "証拠に矛盾はありませんが、台帳の鍵 {vkey} はあなたが信頼する鍵ではありません",
        "Consistent, but the log key {vkey} is not one you trust",
        "證據前後一致,但帳本金鑰 {vkey} 並非您所信任",
    ),
}

STEPS: Mapping[int, tuple[str, str, str]] = {
    1: (
        "ファイルの大きさと SHA-256 は、証拠が述べるとおりです",
        "The file has the size and SHA-256 that the evidence names",
        "檔案的大小與 SHA-256 與證據所述相同",
    ),
    2: (
        "ファイル一覧の葉は、この内容(SHA-256 と 64 KiB ごとの木)に約束しています",
        "The manifest's leaf commits to these bytes (SHA-256 and the tree of 64 KiB chunks)",
        "檔案清單的葉承諾了此內容(SHA-256 與每 64 KiB 的樹)",
    ),
    3: (
        "その葉は、公開の文が約束するファイル一覧に入っています",
        "That leaf is in the manifest that the publish statement commits to",
        "該葉位於公開陳述所承諾的檔案清單中",
    ),
    4: (
        "説明(メタデータ)は公開の文が約束するもので、同じデータセット、版、ファイルを述べています",
        "The metadata is what the statement commits to, and names the same dataset, release and file",
        "詮釋資料即陳述所承諾者,且指同一資料集、版本與檔案",
    ),
    5: (
        "公開の文は正規形で、一通りにしか読めません",
        "The publish statement is canonical: it reads one way only",
        "公開陳述為正規形式,只有一種讀法",
    ),
    6: (
        "文には部署の鍵の署名があり、その鍵は台帳に登録されています",
        "The agency's key signed the statement, and the log says whose key that is",
        "陳述由機關金鑰簽署,且該金鑰已登記於帳本",
    ),
    7: (
        "文と鍵の登録は、すべて同じ台帳に刻まれています",
        "Statement and key registrations are all inscribed in the same log",
        "陳述與金鑰登記皆刻於同一帳本",
    ),
    8: (
        "台帳の先端には、genesis が名指す鍵(またはその後継の鍵)の署名があります",
        "The log's head is signed by the key that its genesis names, or one that followed it",
        "帳本的最新檢查點由 genesis 指定的金鑰(或其後繼金鑰)簽署",
    ),
    9: (
        "その台帳と証人は、あなたが信頼する方針に合います",
        "That log and its witnesses satisfy the policy that you trust",
        "該帳本與其見證者符合您信任的政策",
    ),
    10: (
        "第三者の時刻の証明は、この台帳のものです",
        "The independent proofs of time are for this log",
        "第三方的時間證明屬於此帳本",
    ),
}
"""What each step shows when it went well, in ja, en and zh-Hant."""
