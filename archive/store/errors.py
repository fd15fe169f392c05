"""What can go wrong where bytes lie."""

from archive.errors import ArchiveError


class StoreError(ArchiveError):
    """Base of what a store or the staging area raises."""


class StoreUnavailable(StoreError):
    code = "ARC-020"
    ja = "保存先が応答しません（{why}）。何も変わっていません。少し待ってもう一度お試しください。"
    en = "The storage did not answer ({why}). Nothing was changed; wait a little and try again."
    zh = "儲存空間沒有回應（{why}）。沒有任何變更，請稍後再試。"


class StoreFull(StoreError):
    code = "ARC-021"
    ja = "保存先の空きが足りません。何も変わっていません。運用者に空きを増やすよう伝えてください。"
    en = "The storage is full. Nothing was changed; ask the operator for more space."
    zh = "儲存空間不足。沒有任何變更，請聯絡營運者增加空間。"


class KeyTaken(StoreError):
    code = "ARC-022"
    ja = "「{key}」には別の内容がすでに保存されています。上書きはできません。"
    en = 'Other bytes already lie under "{key}", and nothing is ever overwritten.'
    zh = "「{key}」已存有其他內容，無法覆寫。"


class DigestMismatch(StoreError):
    code = "ARC-023"
    ja = "届いた内容のハッシュ値が違います（予定 {want}、実際 {got}）。保存していません。送り直してください。"
    en = "The bytes received hash to {got}, not to {want}. Nothing was kept; send them again."
    zh = "收到的內容雜湊值不符（應為 {want}，實為 {got}）。未予儲存，請重新傳送。"


class NoSuchKey(StoreError):
    code = "ARC-024"
    ja = "「{key}」は保存されていません。"
    en = 'Nothing lies under "{key}".'
    zh = "「{key}」沒有任何內容。"


class BadKey(StoreError):
    code = "ARC-025"
    ja = "保存先の名前「{key}」は使えません。"
    en = 'The key "{key}" cannot be used: 1 to 1,024 bytes of printable ASCII in non-empty parts.'
    zh = "無法使用儲存名稱「{key}」。"


class TooLarge(StoreError):
    code = "ARC-026"
    ja = "ファイルが上限 {limit} バイトを超えています。分けるか、運用者に上限を相談してください。"
    en = "The file is larger than the limit of {limit} bytes. Split it, or ask the operator about the limit."
    zh = "檔案超過 {limit} 位元組的上限。請分割檔案，或向營運者詢問上限。"


class NoSuchUpload(StoreError):
    code = "ARC-027"
    ja = "アップロード「{upload}」は見つかりません。期限が切れた可能性があります。最初から送り直してください。"
    en = 'There is no upload "{upload}"; it may have expired. Start again.'
    zh = "找不到上傳「{upload}」，可能已過期。請重新開始。"


class WrongOffset(StoreError):
    code = "ARC-028"
    ja = "続きの位置が違います（受信済み {have}、指定 {given}）。{have} から送ってください。"
    en = "The upload stands at byte {have}, not {given}. Continue from {have}."
    zh = "續傳位置不符（已收到 {have}，指定 {given}）。請從 {have} 繼續。"


class UploadBusy(StoreError):
    code = "ARC-029"
    ja = "同じアップロードに別の送信が進行中です。終わるのを待ってください。"
    en = "Somebody is sending to the same upload right now. Wait until it ends."
    zh = "同一上傳正在由其他連線傳送，請等待其結束。"


class LengthMismatch(StoreError):
    code = "ARC-030"
    ja = "アップロードは {want} バイトのはずですが {got} バイトです。続きを送ってください。"
    en = "The upload has {got} bytes where {want} were announced. Send the rest."
    zh = "上傳應為 {want} 位元組，實為 {got} 位元組。請繼續傳送其餘部分。"
