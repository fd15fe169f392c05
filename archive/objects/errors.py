"""What can go wrong with the objects of the archive."""

from archive.errors import ArchiveError


class ObjectError(ArchiveError):
    """Base of what a storage root raises."""


class NotAnArchive(ObjectError):
    code = "ARC-040"
    ja = "{folder} に書庫の印がありません。ディスクが外れていないか確かめてください。書き込みはしていません。"
    en = "There is no archive in {folder}: the start marker is missing. Check that the disk is mounted."
    zh = "{folder} 沒有書庫的標記。請確認磁碟是否已掛載。沒有寫入任何內容。"


class FolderInUse(ObjectError):
    code = "ARC-041"
    ja = "{folder} は空ではありません。新しい書庫は空のフォルダーに作ってください。"
    en = "The folder {folder} is not empty. Make a new archive in an empty one."
    zh = "資料夾 {folder} 不是空的。請在空資料夾建立新的書庫。"


class NoSuchObject(ObjectError):
    code = "ARC-042"
    ja = "書庫に「{object}」はありません。"
    en = 'The archive holds no object "{object}".'
    zh = "書庫中沒有「{object}」。"


class NoSuchVersion(ObjectError):
    code = "ARC-043"
    ja = "「{object}」に v{version} はありません。"
    en = 'The object "{object}" has no v{version}.'
    zh = "「{object}」沒有 v{version}。"


class NoSuchFile(ObjectError):
    code = "ARC-044"
    ja = "「{object}」の v{version} に「{path}」はありません。"
    en = 'There is no "{path}" in v{version} of "{object}".'
    zh = "「{object}」的 v{version} 中沒有「{path}」。"


class CommitConflict(ObjectError):
    code = "ARC-045"
    ja = "この公開（{token}）は、別の内容で {object} の v{version} に保存済みです。何も変わっていません。"
    en = "The release {token} was committed with other content as v{version} of {object}. Nothing was changed."
    zh = "此發布（{token}）已以其他內容存為 {object} 的 v{version}。沒有任何變更。"


class VersionTaken(ObjectError):
    code = "ARC-046"
    ja = "同時に別の公開が {object} の v{version} を保存しました。最新の版を確かめてやり直してください。"
    en = "Another release became v{version} of {object} at the same time. Look at it, then try again."
    zh = "另一個發布同時成為 {object} 的 v{version}。請查看最新版本後重試。"


class BadInventory(ObjectError):
    code = "ARC-047"
    ja = "{where} の目録が壊れています（{why}）。監査と修復を実行してください。"
    en = "The inventory {where} is damaged ({why}). Run audit and repair."
    zh = "{where} 的清單已損壞（{why}）。請執行稽核與修復。"


class ContentMissing(ObjectError):
    code = "ARC-048"
    ja = "「{path}」の内容（SHA-256 {sha256}）が見つからないか、壊れています。"
    en = 'The bytes of "{path}" (SHA-256 {sha256}) are not there, or are damaged.'
    zh = "找不到「{path}」的內容（SHA-256 {sha256}），或內容已損壞。"


class BadCommit(ObjectError):
    code = "ARC-049"
    ja = "この内容は保存できません（{why}）。"
    en = "This cannot be committed: {why}."
    zh = "無法儲存此內容（{why}）。"


class DamagedObject(ObjectError):
    code = "ARC-050"
    ja = "「{object}」に無傷の版がありません。ほかのノードから修復してください。"
    en = 'No version of "{object}" is whole. Repair it from another node.'
    zh = "「{object}」沒有完好的版本。請從其他節點修復。"
