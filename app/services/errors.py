"""What a use case may refuse, with the HTTP status that fits it."""

from typing import ClassVar

from app.errors import AppError


class ServiceError(AppError):
    """Base of the refusals below; `status` is the HTTP status a surface should answer with."""

    status: ClassVar[int] = 400


class NoSuchThing(ServiceError):
    code = "APP-020"
    status = 404
    ja = "{what}「{name}」は見つかりません。名前を確かめてください。"
    en = "There is no {what} called {name}. Check the name."
    zh = "找不到{what}「{name}」。請確認名稱。"


class NameTaken(ServiceError):
    code = "APP-021"
    status = 409
    ja = "「{name}」という{what}はもうあります。名前は二度使えません。別の名前にしてください。"
    en = "A {what} called {name} exists already; names are never used twice. Choose another."
    zh = "已有名為「{name}」的{what},名稱不可重複使用。請另擇名稱。"


class TitleNeeded(ServiceError):
    code = "APP-022"
    status = 422
    ja = "最初の版には題名が要ります。題名を付けてください。"
    en = "The first release of a dataset needs a title. Give one (title, or --title on the command line)."
    zh = "資料集的第一版需要標題。請輸入標題。"


class NotADraft(ServiceError):
    code = "APP-023"
    status = 409
    ja = "この版は「{state}」で、もう下書きではありません。直すには、まず下書きに戻してください。"
    en = "This release is {state}, no longer a draft. Take it back to a draft before you edit it."
    zh = "此版本狀態為「{state}」,已非草稿。請先退回草稿再編輯。"


class AnotherWaits(ServiceError):
    code = "APP-024"
    status = 409
    ja = "「{dataset}」では第{version}版が先に進んでいます。その公開か取り消しのあとで、もう一度出してください。"
    en = "Release v{version} of {dataset} is on its way already. Submit again once it is published or taken back."
    zh = "「{dataset}」的第 {version} 版已在處理中。請待其公開或撤回後再提交。"


class DraftChanged(ServiceError):
    code = "APP-025"
    status = 409
    ja = "「{dataset}」の内容が、あなたが見たときから変わりました。もう一度見てから承認してください。"
    en = "The release of {dataset} changed since you looked at it. Look again before you approve."
    zh = "「{dataset}」的內容在您檢視後已有變更。請重新檢視後再核准。"


class NothingToPublish(ServiceError):
    code = "APP-026"
    status = 422
    ja = "ファイルがありません。少なくとも一つ加えてください。"
    en = "There is no file. Add at least one."
    zh = "沒有檔案。請至少加入一個。"


class TooManyFiles(ServiceError):
    code = "APP-027"
    status = 422
    ja = "ファイルが多すぎます(上限 {limit})。ZIP にまとめてください。"
    en = "Too many files (at most {limit}). Pack them into a ZIP."
    zh = "檔案過多(上限 {limit})。請打包為 ZIP。"


class NotPublished(ServiceError):
    code = "APP-028"
    status = 409
    ja = "「{dataset}」第{version}版は公開中ではありません(状態: {state})。"
    en = "Release v{version} of {dataset} is not published (state: {state})."
    zh = "「{dataset}」第 {version} 版並非公開中(狀態:{state})。"


class BadWords(ServiceError):
    code = "APP-029"
    status = 422
    ja = "「{member}」を直してください({why})。"
    en = "Mend {member} ({why})."
    zh = "請修正「{member}」({why})。"


class WrongSignIn(ServiceError):
    code = "APP-030"
    status = 401
    ja = "メールアドレスかパスワードが違います。"
    en = "The address or the password is wrong."
    zh = "電子郵件或密碼不正確。"


class TooManyTries(ServiceError):
    code = "APP-031"
    status = 429
    ja = "失敗が続いたため、{seconds} 秒待ってからお試しください。"
    en = "Too many failed tries: wait {seconds} seconds and try again."
    zh = "失敗次數過多,請等待 {seconds} 秒後再試。"


class WeakPassword(ServiceError):
    code = "APP-032"
    status = 422
    ja = "パスワードは 12 文字以上で、よくあるものや名前を避けてください。"
    en = "A password needs at least 12 characters and must not be a common one or your own address."
    zh = "密碼至少 12 個字元,且不可為常見密碼或您的電子郵件。"


class BadToken(ServiceError):
    code = "APP-033"
    status = 401
    ja = "トークンが無効です({why})。新しいものを作ってください。"
    en = "The token is not valid ({why}). Make a new one."
    zh = "權杖無效({why})。請建立新的權杖。"


class BeingInscribed(ServiceError):
    code = "APP-034"
    status = 409
    ja = "「{dataset}」第{version}版はまだ刻印の途中です。少し待ってください。"
    en = "Release v{version} of {dataset} is still being inscribed. Wait a moment."
    zh = "「{dataset}」第 {version} 版仍在刻印中。請稍候。"


class ErasedByLaw(ServiceError):
    code = "APP-036"
    status = 410
    ja = "「{dataset}」第{version}版のこのファイルは、法律により消去されました({law})。"
    en = "This file of {dataset} v{version} was lawfully erased ({law})."
    zh = "「{dataset}」第 {version} 版的此檔案已依法刪除({law})。"


class Withdrawn(ServiceError):
    code = "APP-035"
    status = 410
    ja = "「{dataset}」第{version}版は取り下げられました({law})。"
    en = "Release v{version} of {dataset} was withdrawn ({law})."
    zh = "「{dataset}」第 {version} 版已撤回({law})。"


class NoKeyInForce(ServiceError):
    code = "APP-240"
    status = 409
    ja = "「{name}」には、使える鍵がありません。`ishibumi key rotate` で加えてください。それまで刻印は待ちます。"
    en = "No key of {name} is in force. Add one with `ishibumi key rotate`; what is to be inscribed waits until then."
    zh = "「{name}」目前沒有有效的金鑰。請以 `ishibumi key rotate` 新增;在此之前刻印將等待。"


class KeyBusy(ServiceError):
    code = "APP-241"
    status = 409
    ja = "「{name}」の鍵の変更が一つ進行中です。終わるまで待ってください。"
    en = "A change of the keys of {name} is under way. Wait until it is done."
    zh = "「{name}」的金鑰變更正在進行中。請等待完成。"


class NoSuchKey(ServiceError):
    code = "APP-242"
    status = 404
    ja = "「{name}」に、使われている鍵 {keyid} はありません。`ishibumi key list` で確かめてください。"
    en = "There is no key {keyid} of {name} in force. See `ishibumi key list`."
    zh = "「{name}」沒有使用中的金鑰 {keyid}。請以 `ishibumi key list` 確認。"


class BadKeyWish(ServiceError):
    code = "APP-243"
    status = 422
    ja = "鍵の変更はできません({why})。"
    en = "The keys cannot be changed so ({why})."
    zh = "無法如此變更金鑰({why})。"


class BadWellKnown(ServiceError):
    code = "APP-244"
    status = 502
    ja = "{host} の /.well-known/ishibumi.json を読めません({why})。役所の担当者に確かめてください。"
    en = "The file /.well-known/ishibumi.json of {host} cannot be read ({why}). Ask the office."
    zh = "無法讀取 {host} 的 /.well-known/ishibumi.json({why})。請向該機關確認。"


class ProofsBusy(ServiceError):
    code = "APP-280"
    status = 503
    ja = "行の証拠を作る要求が重なっています。数秒待ってもう一度お試しください。"
    en = "Other proofs of rows are being made. Wait a few seconds and try again."
    zh = "目前正在製作其他列的證據。請稍候數秒再試。"
