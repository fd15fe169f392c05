"""What can be wrong with a log, its notes, its tiles and its proofs."""

from archive.errors import ArchiveError


class LedgerError(ArchiveError):
    """Base of every error of `archive.ledger`."""


class FatalLedgerError(LedgerError):
    """The writer stops for good and a person must look; reading goes on (LEDGER section 5, fail closed)."""


class MalformedNote(LedgerError):
    code = "LED-001"
    ja = "署名付きの記録の形が正しくありません({why})。取り直してください。"
    en = "The signed note is malformed ({why}). Fetch it again."
    zh = "簽署記錄格式不正確({why})。請重新取得。"


class SignatureRefused(LedgerError):
    code = "LED-002"
    ja = "知っている鍵「{name}」の署名が合いません。この記録は偽物か、壊れています。"
    en = "A signature by the known key {name} does not fit: the note is forged or damaged."
    zh = "已知金鑰「{name}」的簽章不符:此記錄為偽造或已損壞。"


class NotSigned(LedgerError):
    code = "LED-003"
    ja = "「{name}」の署名がありません。別の台帳のものか、鍵が変わっています。"
    en = "There is no signature by {name}: it is another log's, or the key has changed."
    zh = "沒有「{name}」的簽章:可能屬於其他帳本,或金鑰已更換。"


class AmbiguousKeys(LedgerError):
    code = "LED-004"
    ja = "名前と鍵 ID が同じ鍵が二つあります({name})。信頼する鍵を一つにしてください。"
    en = "Two different keys share the name and key ID of {name}. Trust only one of them."
    zh = "有兩把金鑰的名稱與金鑰 ID 相同({name})。請只信任其中一把。"


class MalformedCheckpoint(LedgerError):
    code = "LED-005"
    ja = "チェックポイントの形が正しくありません({why})。取り直してください。"
    en = "The checkpoint is malformed ({why}). Fetch it again."
    zh = "檢查點格式不正確({why})。請重新取得。"


class WrongOrigin(LedgerError):
    code = "LED-006"
    ja = "チェックポイントは台帳「{got}」のもので、「{want}」のものではありません。"
    en = "The checkpoint belongs to the log {got}, not to {want}."
    zh = "檢查點屬於帳本「{got}」,而非「{want}」。"


class BadCosignatureTime(LedgerError):
    code = "LED-007"
    ja = "「{name}」の連署の時刻が正しくありません({time})。その証人の時計を確かめてください。"
    en = "The cosignature by {name} has an impossible time ({time}). Have that witness check its clock."
    zh = "「{name}」的連署時間不正確({time})。請確認該見證者的時鐘。"


class WrongKeyRole(LedgerError):
    code = "LED-008"
    ja = "鍵「{name}」はこの役割({role})の鍵ではありません。"
    en = "The key {name} is not a key for this role ({role})."
    zh = "金鑰「{name}」並非此角色({role})的金鑰。"


class NoSuchTile(LedgerError):
    code = "LED-030"
    ja = "台帳のファイル「{path}」がありません。写し(ミラー)から取り戻してください。"
    en = "The log file {path} is missing. Restore it from a mirror."
    zh = "缺少帳本檔案「{path}」。請從鏡像還原。"


class MalformedTile(LedgerError):
    code = "LED-031"
    ja = "台帳のファイル「{path}」の長さが正しくありません({got} バイト、必要 {want})。"
    en = "The log file {path} has {got} bytes where {want} are needed."
    zh = "帳本檔案「{path}」長度不正確({got} 位元組,需要 {want})。"


class MalformedBundle(LedgerError):
    code = "LED-032"
    ja = "台帳の本文ファイル「{path}」が壊れています({why})。写しから取り戻してください。"
    en = "The entry bundle {path} is damaged ({why}). Restore it from a mirror."
    zh = "帳本內容檔案「{path}」已損壞({why})。請從鏡像還原。"


class BadTilePath(LedgerError):
    code = "LED-033"
    ja = "台帳にそのような場所「{path}」はありません。"
    en = "A log has no such path: {path}"
    zh = "帳本沒有此路徑:{path}"


class EntryTooLarge(LedgerError):
    code = "LED-034"
    ja = "一件は {limit} バイトまでです({got} バイト)。長いものは約束(コミットメント)で載せてください。"
    en = "An entry may have {limit} bytes; this one has {got}. Put long things in by commitment."
    zh = "單一項目上限為 {limit} 位元組(實際 {got})。較長內容請以承諾方式登錄。"


class TileMismatch(LedgerError):
    code = "LED-035"
    ja = "台帳のファイル「{path}」が本文から計算したものと違います。改ざんか故障です。"
    en = "The log file {path} differs from what the entries give: it was changed or damaged."
    zh = "帳本檔案「{path}」與由內容計算的結果不符:遭竄改或損壞。"


class CheckpointMismatch(LedgerError):
    code = "LED-036"
    ja = "台帳の本文から計算した根が、チェックポイント(大きさ {size})と違います。"
    en = "The entries give another root than the checkpoint of size {size}."
    zh = "由帳本內容計算的根與檢查點(大小 {size})不符。"


class NoSuchEntry(LedgerError):
    code = "LED-037"
    ja = "台帳に {index} 番はありません(大きさ {size})。"
    en = "The log has no entry {index} (its size is {size})."
    zh = "帳本沒有第 {index} 項(大小 {size})。"


class TileUnreadable(LedgerError):
    code = "LED-038"
    ja = "台帳のファイル「{path}」が読めません({why})。ディスクと権限を調べてください。"
    en = "The log file {path} cannot be read ({why}). Check the disk and the permissions."
    zh = "無法讀取帳本檔案「{path}」({why})。請檢查磁碟與權限。"


class MalformedProof(LedgerError):
    code = "LED-040"
    ja = "証明ファイルの形が正しくありません({why})。取り直してください。"
    en = "The proof file is malformed ({why}). Fetch it again."
    zh = "證明檔案格式不正確({why})。請重新取得。"


class MalformedPolicy(LedgerError):
    code = "LED-050"
    ja = "信頼の方針の {line} 行目が正しくありません({why})。"
    en = "Line {line} of the trust policy is wrong ({why})."
    zh = "信任政策第 {line} 行不正確({why})。"


class UnknownLog(LedgerError):
    code = "LED-051"
    ja = "台帳「{origin}」は、信頼の方針に載っていません。"
    en = "The trust policy does not list the log {origin}."
    zh = "信任政策未列出帳本「{origin}」。"


class QuorumNotMet(LedgerError):
    code = "LED-052"
    ja = "証人の連署が足りません(「{quorum}」を満たしていません。有効な連署 {got})。"
    en = "Too few witnesses cosigned: {quorum} is not met by {got} valid cosignatures."
    zh = "見證者連署不足(未滿足「{quorum}」,有效連署 {got})。"


class StaleCheckpoint(LedgerError):
    code = "LED-053"
    ja = "チェックポイントが古すぎます(最後の連署から {age} 秒)。新しいものを取ってください。"
    en = "The checkpoint is stale: the newest cosignature is {age} seconds old. Fetch a newer one."
    zh = "檢查點過舊(最後連署距今 {age} 秒)。請取得較新的檢查點。"


class LogExists(LedgerError):
    code = "LED-060"
    ja = "「{path}」には既にものがあります。台帳は空の場所にしか作れません。"
    en = "There is something at {path} already: a log is made only in an empty place."
    zh = "「{path}」已有內容。帳本只能建立在空的位置。"


class WriterBusy(LedgerError):
    code = "LED-061"
    ja = "別のプロセスがこの台帳に書いています。書き手は一つだけです。"
    en = "Another process is writing this log. There is only one writer at a time."
    zh = "另一個程序正在寫入此帳本。寫入者只能有一個。"


class StateMissing(FatalLedgerError):
    code = "LED-062"
    ja = "台帳の状態「{path}」がありません。控えから戻すか、`ishibumi log recover` を使ってください。"
    en = "The log's state {path} is missing. Restore it from backup, or use `ishibumi log recover`."
    zh = "缺少帳本狀態「{path}」。請由備份還原,或使用 `ishibumi log recover`。"


class StateDamaged(FatalLedgerError):
    code = "LED-063"
    ja = "台帳の状態が読めないか、書けません({why})。書き込みを止めました。"
    en = "The log's state cannot be read or written ({why}). Writing has stopped."
    zh = "無法讀寫帳本狀態({why})。已停止寫入。"


class StateBehind(FatalLedgerError):
    code = "LED-064"
    ja = "公開済みの台帳(大きさ {public})が手元の状態({lock})より新しいです。古い控えを戻しましたか。"
    en = "The published log (size {public}) is newer than the state (size {lock}): was an old backup restored?"
    zh = "已公開的帳本(大小 {public})比本機狀態(大小 {lock})新。是否還原了舊備份?"


class LogForked(FatalLedgerError):
    code = "LED-065"
    ja = "大きさ {size} の台帳に二つの違う根があります。両方を保存し、調べてください。"
    en = "There are two different roots for the log of size {size}. Keep both and investigate."
    zh = "大小為 {size} 的帳本有兩個不同的根。請保存兩者並調查。"


class ClockWentBack(FatalLedgerError):
    code = "LED-066"
    ja = "時計が最後の署名より {seconds} 秒遅れています。時刻を直してから始めてください。"
    en = "The clock is {seconds} seconds behind the last signature. Set it right before starting."
    zh = "時鐘比最後簽署時間落後 {seconds} 秒。請先校正時間。"


class LogStopped(LedgerError):
    code = "LED-067"
    ja = "台帳の書き込みは前の故障({cause})で止まっています。原因を調べ、開き直してください。"
    en = "Writing has stopped after an earlier failure ({cause}). Find the cause, then open the log again."
    zh = "帳本寫入因先前的故障({cause})而停止。請查明原因後重新開啟。"


class TileConflict(FatalLedgerError):
    code = "LED-068"
    ja = "台帳のファイル「{path}」に違う内容が既にあります。上書きはしません。"
    en = "The log file {path} already holds other bytes. It is not overwritten."
    zh = "帳本檔案「{path}」已有不同內容。不會覆寫。"


class DurabilityLost(FatalLedgerError):
    code = "LED-069"
    ja = "書き込みを確かめられませんでした({why})。ディスクを調べ、開き直してください。"
    en = "A write could not be made durable ({why}). Check the disk, then open the log again."
    zh = "無法確認寫入({why})。請檢查磁碟後重新開啟。"


class QueueUnavailable(LedgerError):
    code = "LED-070"
    ja = "今は受け付けられません({why})。何も失われていません。後でもう一度送ってください。"
    en = "The log cannot take entries now ({why}). Nothing was lost; send them again later."
    zh = "目前無法受理({why})。沒有任何遺失,請稍後再送。"


class OutOfTurn(LedgerError):
    code = "LED-071"
    ja = "「{signer}」の文の順番が違います(必要 {want}、実際 {got})。署名し直してください。"
    en = "The statement of {signer} is out of turn (wanted {want}, got {got}). Sign it again."
    zh = "「{signer}」的陳述順序不符(需要 {want},實際 {got})。請重新簽署。"


class WrongLogKey(FatalLedgerError):
    code = "LED-072"
    ja = "この鍵({vkey})は、この台帳のチェックポイントに署名した鍵ではありません。"
    en = "This key ({vkey}) is not the one that signed the log's checkpoint."
    zh = "此金鑰({vkey})並非簽署此帳本檢查點的金鑰。"


class FoldersOverlap(LedgerError):
    code = "LED-073"
    ja = "台帳の状態は、公開されるフォルダーの中に置けません({path})。"
    en = "The log's state must not lie in a folder that is served ({path})."
    zh = "帳本狀態不可放在公開的資料夾中({path})。"


class RecoveryUnconfirmed(LedgerError):
    code = "LED-074"
    ja = "台帳の大きさは {size} です。証人の知る最新の大きさと同じことを確かめ、その数を渡してください。"
    en = "The log on disk has size {size}. Compare it with the newest its witnesses know, then confirm it."
    zh = "磁碟上的帳本大小為 {size}。請與見證者所知的最新大小比對後再確認。"


class LogDamaged(FatalLedgerError):
    code = "LED-075"
    ja = "手元の台帳が壊れているか、足りません({why})。写しから取り戻してください。"
    en = "The log on this disk is damaged or incomplete ({why}). Restore it from a mirror."
    zh = "本機帳本已損壞或不完整({why})。請從鏡像還原。"
