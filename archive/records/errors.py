"""What can be wrong with a record: canonical JSON, envelopes, statements, commitments, manifests."""

from archive.errors import ArchiveError


class RecordError(ArchiveError):
    """Base of every error of `archive.records`."""


class TooLarge(RecordError):
    code = "REC-001"
    ja = "{what} が大きすぎます({bytes} バイト。上限は {limit} バイト)。内容を分けてください。"
    en = "The {what} is too large ({bytes} bytes; the limit is {limit}). Split it."
    zh = "{what} 過大({bytes} 位元組,上限為 {limit})。請分割內容。"


class NotJson(RecordError):
    code = "REC-002"
    ja = "JSON として読めません({why})。元のファイルを取り直してください。"
    en = "This is not JSON as we accept it ({why}). Fetch the original again."
    zh = "無法讀取為 JSON({why})。請重新取得原始檔案。"


class NotCanonical(RecordError):
    code = "REC-003"
    ja = "正規形(RFC 8785)の JSON ではありません。署名された原本をそのまま渡してください。"
    en = "The JSON is not in its canonical form (RFC 8785). Give the signed original unchanged."
    zh = "並非正規形式(RFC 8785)的 JSON。請提供未經更動的簽署原本。"


class NotAnEnvelope(RecordError):
    code = "REC-010"
    ja = "署名封筒(DSSE)の形が正しくありません({why})。"
    en = "This is not a DSSE envelope of a statement ({why})."
    zh = "簽章封套(DSSE)格式不正確({why})。"


class BadStatement(RecordError):
    code = "REC-020"
    ja = "文(statement)の項目「{member}」が正しくありません({why})。"
    en = "The statement's member {member} is wrong ({why})."
    zh = "陳述的項目「{member}」不正確({why})。"


class UnknownStatement(RecordError):
    code = "REC-021"
    ja = "この種類の文({type}、版 {v})は知りません。新しい版のソフトウェアで確かめてください。"
    en = "This kind of statement ({type}, version {v}) is unknown here. Check it with newer software."
    zh = "不認識此種陳述({type},版本 {v})。請使用較新的軟體驗證。"


class UnknownKey(RecordError):
    code = "REC-030"
    ja = "署名鍵 {keyid}({name})は、この台帳のこの時点では登録されていません。"
    en = "The signing key {keyid} ({name}) is not registered in this log at this point."
    zh = "簽章金鑰 {keyid}({name})此時尚未在此帳本登記。"


class KeyNotAllowed(RecordError):
    code = "REC-031"
    ja = "鍵 {name} は「{type}」の文に署名できません。"
    en = "The key {name} may not sign a statement of type {type}."
    zh = "金鑰 {name} 不得簽署「{type}」陳述。"


class KeyRevoked(RecordError):
    code = "REC-032"
    ja = "署名鍵 {keyid}({name})は、台帳の文 {index} で失効しています。新しい鍵で署名してください。"
    en = "The signing key {keyid} ({name}) was revoked by statement {index} of the log. Sign with the newer key."
    zh = "簽章金鑰 {keyid}({name})已由帳本第 {index} 筆陳述撤銷。請以新金鑰簽署。"


class KeyNotYetValid(RecordError):
    code = "REC-033"
    ja = "署名鍵 {keyid}({name})は、この文の日時にはまだ使えません。時計を確かめてください。"
    en = "The signing key {keyid} ({name}) is not valid yet at the time that the statement gives. Check the clock."
    zh = "簽章金鑰 {keyid}({name})於此陳述的時間尚未生效。請檢查時鐘。"


class WrongOpening(RecordError):
    code = "REC-040"
    ja = "「{field}」の開示内容が、約束(コミットメント)と一致しません。中身が変えられています。"
    en = "What was disclosed for {field} does not match its commitment: it was changed."
    zh = "「{field}」的揭露內容與承諾不符:內容已遭更動。"


class BadManifest(RecordError):
    code = "REC-041"
    ja = "ファイル一覧(manifest)が正しくありません({why})。"
    en = "The manifest is wrong ({why})."
    zh = "檔案清單(manifest)不正確({why})。"


class Erased(RecordError):
    code = "REC-043"
    ja = "このファイルは法律により消去されました。あったことの証拠だけが残っています。"
    en = "This file was lawfully erased. Only the evidence that it existed is left."
    zh = "此檔案已依法刪除,僅保留其曾存在的證據。"


class BadRecord(RecordError):
    code = "REC-042"
    ja = "説明(メタデータ)の項目「{member}」が正しくありません({why})。直してからもう一度送ってください。"
    en = "The metadata member {member} is wrong ({why}). Mend it and send it again."
    zh = "詮釋資料的項目「{member}」不正確({why})。請修正後重新送出。"
