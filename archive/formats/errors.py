"""Why a file cannot be read. `status` is what a page and the index record: a failed reading is a fact, not a crash."""

from typing import ClassVar

from archive.errors import ArchiveError


class FormatError(ArchiveError):
    """Base of what the readers of `formats` raise."""

    status: ClassVar[str] = "damaged"


class UnreadableText(FormatError):
    code = "FMT-001"
    status = "unsupported"
    ja = "文字コードが分かりません。UTF-8 で保存し直してください。"
    en = "The character encoding is not known. Save the file again as UTF-8."
    zh = "無法判斷字元編碼。請以 UTF-8 重新儲存。"


class OverLimit(FormatError):
    code = "FMT-002"
    status = "limit"
    ja = "中身が上限を超えています（{what}）。ファイルはそのまま保存され、中身は読み取りません。"
    en = "The content is over a limit ({what}). The file is kept as it is; its content is not read."
    zh = "內容超過上限（{what}）。檔案會原樣保存，但不讀取內容。"


class Encrypted(FormatError):
    code = "FMT-003"
    status = "encrypted"
    ja = "パスワードで保護されています。保護を外したファイルを公開してください。"
    en = "The file is protected by a password. Publish it without protection."
    zh = "檔案受密碼保護。請公開未加保護的檔案。"


class Damaged(FormatError):
    code = "FMT-004"
    status = "damaged"
    ja = "ファイルの形式が壊れています（{what}）。元のファイルを確かめてください。"
    en = "The file is not what its format asks for ({what}). Check the original."
    zh = "檔案格式已損壞（{what}）。請檢查原始檔案。"


class Unsupported(FormatError):
    code = "FMT-005"
    status = "unsupported"
    ja = "この形式（{what}）の中身は読み取れません。"
    en = "The content of this format ({what}) is not read."
    zh = "無法讀取此格式（{what}）的內容。"
