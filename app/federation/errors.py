"""What can be wrong with peers, and with what they send."""

from typing import ClassVar

from app.errors import AppError


class FederationError(AppError):
    """Base of the refusals below; `status` is the HTTP status a surface should answer with."""

    status: ClassVar[int] = 400


class NoSuchPeer(FederationError):
    code = "APP-200"
    status = 404
    ja = "「{name}」という仲間の節点は登録されていません。`ishibumi peer list` で確かめてください。"
    en = "There is no peer called {name}. See `ishibumi peer list`."
    zh = "沒有名為「{name}」的對等節點。請執行 `ishibumi peer list` 確認。"


class PeerExists(FederationError):
    code = "APP-201"
    status = 409
    ja = "仲間の節点「{name}」と、名前・台帳・鍵のどれかが同じです。先に `ishibumi peer remove` してください。"
    en = "The peer {name} has the same name, origin or key. Use `ishibumi peer remove` first."
    zh = "對等節點「{name}」的名稱、帳本或金鑰相同。請先執行 `ishibumi peer remove`。"


class BadPeer(FederationError):
    code = "APP-202"
    ja = "仲間の節点として登録できません({why})。相手に鍵とアドレスを聞き直してください。"
    en = "This cannot be a peer ({why}). Ask its operator for the keys and addresses again."
    zh = "無法登錄為對等節點({why})。請向對方重新確認金鑰與網址。"


class UnknownOrigin(FederationError):
    code = "APP-203"
    status = 404
    ja = "台帳「{origin}」は、この節点では知られていません。"
    en = "The log {origin} is not known to this node."
    zh = "本節點不認識帳本「{origin}」。"


class TooMuchGossip(FederationError):
    code = "APP-204"
    status = 429
    ja = "見聞きしたチェックポイントが一度に多すぎます。1 分後にもう一度送ってください。"
    en = "Too many checkpoints were sent at once. Send it again in a minute."
    zh = "短時間內送來的檢查點過多。請一分鐘後再送。"


class PeerShrank(FederationError):
    code = "APP-205"
    status = 409
    ja = "台帳「{origin}」は大きさ {seen} まで見ましたが、今は {now} しか見せません。巻き戻されたか、隠されています。"
    en = "The log {origin} was seen at size {seen} and shows only {now} now: it was rolled back, or hides something."
    zh = "帳本「{origin}」曾見到大小 {seen},現只顯示 {now}:可能遭回捲或隱藏內容。"


class PeerForked(FederationError):
    code = "APP-206"
    status = 409
    ja = "台帳「{origin}」が枝分かれしています。証拠 {evidence} を永久に保存し、もう連署しません。"
    en = "The log {origin} is forked. The evidence {evidence} is kept for ever, and the log is not witnessed any more."
    zh = "帳本「{origin}」出現分叉。證據 {evidence} 已永久保存,不再為其連署。"


class BodyTooLarge(FederationError):
    code = "APP-207"
    status = 413
    ja = "送られた内容が大きすぎます(上限は {limit} バイト)。"
    en = "What was sent is too large (the limit is {limit} bytes)."
    zh = "送來的內容過大(上限為 {limit} 位元組)。"
