"""A verification told to a person: the answer, who and what, each step, and what nobody has checked."""

from collections.abc import Mapping

from archive.records.names import escaped
from archive.records.statements import format_time
from archive.verify.result import OK, STEPS, Facts, Ground, Result, StepState, TimeFact, Verdict

_MARKS = {StepState.OK: "✓", StepState.FAILED: "✗", StepState.NOT_CHECKED: "–"}
_MODES = (Verdict.MATCHES, Verdict.PENDING)


def text(result: Result, lang: str) -> str:
    """Return the report in `lang` (ja, zh, else en), several lines without a last LF.

    What comes from the evidence is shown with control and direction characters escaped.
    """
    say = WORDS.get(lang[:2], WORDS["en"])
    mark = "✓" if result.exit_code == OK else "✗" if result.verdict is Verdict.BROKEN else "?"
    lines = [f"{mark} {result.sentence(lang)}"]
    if result.error is not None:
        lines.append(f"  {result.error.code}  {escaped(result.error.sentence(lang))}")
    if result.file is not None:
        lines.append(f"  SHA-256 {result.file.sha256.hex()}")
    if result.facts is not None:
        lines += [
            "",
            say["shown" if result.exit_code == OK else "claimed"],
            *_about(result, result.facts, lang, say),
        ]
    if result.tombstone is not None:
        told = {name: escaped(words) for name, words in result.tombstone.items()}
        lines.append("  " + say["tombstone"].format(law=told.get("law", ""), reason=told.get("reason", "")))
    if result.steps:
        lines += ["", say["checked"]]
        column = {"ja": 0, "zh": 2}.get(lang[:2], 1)
        lines += [f"  {_MARKS[step.state]} {step.number}. {STEPS[step.number][column]}" for step in result.steps]
        lines += ["", say["unchecked"], *(f"  – {line}" for line in _unchecked(result, say))]
    return "\n".join(lines)


def _about(result: Result, facts: Facts, lang: str, say: Mapping[str, str]) -> list[str]:
    agency = f"{_spoken(facts.agency_title, lang)} ({escaped(facts.agency)})"
    if facts.single_person:
        agency += f" – {say['single']}"
    version = f"v{facts.version}"
    if result.latest_version is not None and result.latest_version != facts.version:
        version += f" ({say['newest']} v{result.latest_version})"
    size = f" ({result.file.size} B)" if result.file else ""
    return [
        f"  {say['dataset']}: {_spoken(facts.title, lang)} ({escaped(facts.identifier)}) {version}",
        *([f"  {say['file']}: {escaped(facts.path)}{size}"] if facts.path else []),
        f"  {say['agency']}: {agency}",
        f"  {say['agency key']}: {escaped(facts.agency_vkey)} – {say[facts.custody]}",
        f"  {say['licence']}: {escaped(facts.licence)}",
        f"  {say['date']}: {format_time(facts.published_at)}",
        *(_time(each, say) for each in facts.times),
        *(_event(say["withdrawn"], each) for each in (facts.withdrawn_at,) if each),
        *(_event(say["erased"], each) for each in (facts.erased_at,) if each),
        *(f"  {say['amended']}: #{index}" for index in facts.amended_at),
        f"  {say['log']}: {escaped(facts.origin)} #{facts.log_index} / {facts.log_size}",
        f"  {say['key']}: {escaped(facts.log_vkey)}",
    ]


def _time(fact: TimeFact, say: Mapping[str, str]) -> str:
    told = format_time(fact.time) if fact.time is not None else f"{say[fact.state]} {escaped(fact.why)}".rstrip()
    return f"  {say['not later than']} ({fact.kind}, {escaped(fact.by)}): {told}"


def _event(word: str, ground: Ground) -> str:
    return f"  {word}: {escaped(ground.law)} ({escaped(ground.code)}), {format_time(ground.time)}, #{ground.index}"


def _unchecked(result: Result, say: Mapping[str, str]) -> list[str]:
    proven = result.facts is not None and any(each.time is not None for each in result.facts.times)
    lines = [] if proven else [say["time"]]
    if result.facts is not None and result.facts.witnesses:
        lines.insert(0, say["witnessed"].format(names=", ".join(map(escaped, result.facts.witnesses))))
    else:
        lines.insert(0, say["not witnessed"])
    if result.verdict in _MODES or result.exit_code != OK:
        lines.append(say["later"])
    return lines


def _spoken(words: Mapping[str, str], lang: str) -> str:
    wanted = {"ja": ("ja",), "zh": ("zh-Hant", "zh-Hans")}.get(lang[:2], ("en",))
    found = next((words[name] for name in wanted if name in words), None)
    return escaped(found or next(iter(words.values())))


WORDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "agency key": "部署の鍵",
        "custodial": "節点が部署の鍵を保管",
        "own": "部署が自分の鍵を保管",
        "not later than": "これより後ではない",
        "proven": "証明済み",
        "pending": "未確定",
        "not checkable": "確かめられません:",
        "withdrawn": "取り下げ",
        "erased": "消去",
        "amended": "説明の訂正",
        "shown": "確かめられた内容",
        "claimed": "証拠の主張(信頼できる鍵では確かめられていません)",
        "checked": "確かめたこと",
        "unchecked": "確かめていないこと",
        "dataset": "データセット",
        "file": "ファイル",
        "agency": "公開した部署",
        "licence": "利用条件",
        "date": "公開日時(節点の時計)",
        "log": "台帳",
        "key": "台帳の鍵",
        "newest": "最新は",
        "single": "一人による公開",
        "tombstone": "取り下げ: {law} {reason}",
        "witnessed": "証人 {names} が連署しています。連署した者が台帳の外で見たことは分かりません",
        "not witnessed": "証人なし: 台帳の持ち主が別の人に別の台帳を見せていないかは分かりません",
        "time": "第三者による時刻の証明はありません。日時は節点の時計によります",
        "later": "この後に新しい版や取り下げがあったか、部署の鍵が疑われたかは、節点に尋ねないと分かりません",
    },
    "en": {
        "agency key": "Agency's key",
        "custodial": "kept by the node for the agency",
        "own": "kept by the agency itself",
        "not later than": "Not later than",
        "proven": "proven",
        "pending": "not settled yet",
        "not checkable": "not checkable here:",
        "withdrawn": "Withdrawn",
        "erased": "Erased",
        "amended": "Amended",
        "shown": "What was shown",
        "claimed": "What the evidence claims (not confirmed by a key you trust)",
        "checked": "What was checked",
        "unchecked": "What was not checked",
        "dataset": "Dataset",
        "file": "File",
        "agency": "Published by",
        "licence": "Licence",
        "date": "Published at (the node's clock)",
        "log": "Log",
        "key": "Log key",
        "newest": "newest is",
        "single": "published by a single person",
        "tombstone": "Withdrawn: {law} {reason}",
        "witnessed": "Cosigned by {names}; what they saw beside this log is not known",
        "not witnessed": "Not witnessed: the log's owner could show another log to somebody else",
        "time": "No independent time: the date is by the node's own clock",
        "later": "Whether a newer release or a withdrawal followed, or the key came into doubt: only the node can tell",
    },
    "zh": {
        "agency key": "機關金鑰",
        "custodial": "由節點代管",
        "own": "由機關自行保管",
        "not later than": "不晚於",
        "proven": "已證明",
        "pending": "尚未確定",
        "not checkable": "無法在此確認:",
        "withdrawn": "撤回",
        "erased": "刪除",
        "amended": "修訂",
        "shown": "已確認的內容",
        "claimed": "證據的主張(未經您信任的金鑰確認)",
        "checked": "已檢查的項目",
        "unchecked": "未檢查的項目",
        "dataset": "資料集",
        "file": "檔案",
        "agency": "發布機關",
        "licence": "授權條款",
        "date": "發布時間(節點時鐘)",
        "log": "帳本",
        "key": "帳本金鑰",
        "newest": "最新為",
        "single": "由單一人員發布",
        "tombstone": "撤回:{law} {reason}",
        "witnessed": "見證者 {names} 已連署;其在此帳本之外所見則不得而知",
        "not witnessed": "無見證者:無法得知帳本持有者是否向他人出示另一份帳本",
        "time": "無第三方時間證明:日期依節點時鐘",
        "later": "之後是否有新版本或撤回,或機關金鑰是否被視為可疑,須向節點查詢",
    },
}
