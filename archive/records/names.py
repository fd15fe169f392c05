"""What a file, a dataset and an agency may be called. Standard library only: the verifier imports this."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from archive.errors import ArchiveError

MAX_PART_BYTES = 255  # what ext4, APFS and NTFS all hold; 83 kanji and `.csv` fit, 84 do not
MAX_PATH_BYTES = 1024
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{kind}{n}" for kind in ("com", "lpt") for n in "0123456789¹²³"}
)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DRIVE = re.compile(r"[A-Za-z]:")
_DATASET = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_AGENCY = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_DATASET_LENGTH = range(2, 81)
_AGENCY_LENGTH = range(1, 81)


class PathNotPlain(ArchiveError):
    code = "ARC-001"
    ja = "ファイル名「{name}」は使えません。/ で始めず、. や ..、\\、空の部分を含まない名前にしてください。"
    en = 'The file name "{name}" cannot be used: it must be relative, without ".", "..", "\\" or empty parts.'
    zh = "無法使用檔名「{name}」。請勿以 / 開頭，也不要包含 .、..、\\ 或空白的部分。"


class PathHasControl(ArchiveError):
    code = "ARC-002"
    ja = "ファイル名「{name}」に制御文字か、文字として読めない値があります。取り除いてください。"
    en = 'The file name "{name}" contains control characters or values that are no characters. Remove them.'
    zh = "檔名「{name}」含有控制字元或無法解讀的值，請移除。"


class PathTooLong(ArchiveError):
    code = "ARC-003"
    ja = "ファイル名「{name}」は長すぎます。各部分は {part} バイト、全体は {whole} バイトまでです。"
    en = 'The file name "{name}" is too long: {part} bytes for each part, {whole} bytes in all.'
    zh = "檔名「{name}」過長。每個部分最多 {part} 位元組，整體最多 {whole} 位元組。"


class PathHasLooseEnd(ArchiveError):
    code = "ARC-004"
    ja = "ファイル名「{name}」の前後に空白があるか、末尾が「.」です。取り除いてください。"
    en = 'A part of the file name "{name}" begins or ends with a space, or ends with a dot. Remove it.'
    zh = "檔名「{name}」的部分以空白開頭或結尾，或以「.」結尾，請移除。"


class PathIsDevice(ArchiveError):
    code = "ARC-005"
    ja = "ファイル名「{name}」は Windows の予約名です。別の名前にしてください。"
    en = 'The file name "{name}" is reserved on Windows. Choose another one.'
    zh = "檔名「{name}」是 Windows 的保留名稱，請改用其他名稱。"


class PathsCollide(ArchiveError):
    code = "ARC-006"
    ja = "「{first}」と「{second}」は同じ名前とみなされます。どちらかの名前を変えてください。"
    en = 'The names "{first}" and "{second}" would be the same for many computers. Rename one of them.'
    zh = "「{first}」與「{second}」會被視為相同的名稱，請更改其中一個。"


class PathTurnsText(ArchiveError):
    code = "ARC-007"
    ja = "ファイル名「{name}」に文字の向きを変える制御文字があり、別の名前に見えます。取り除いてください。"
    en = 'The file name "{name}" contains characters that turn the direction of text. Remove them.'
    zh = "檔名「{name}」含有改變文字方向的控制字元，可能偽裝成其他名稱，請移除。"


class BadDatasetName(ArchiveError):
    code = "ARC-008"
    ja = "データセット名「{name}」は使えません。英小文字・数字・途中の - で 2〜80 文字にしてください。"
    en = 'The dataset name "{name}" cannot be used: 2 to 80 of a-z and 0-9, with single hyphens between.'
    zh = "無法使用資料集名稱「{name}」。請使用 2 到 80 個小寫英文字母、數字，中間可用單個連字號。"


class BadAgencySlug(ArchiveError):
    code = "ARC-009"
    ja = "機関の識別名「{name}」は使えません。英小文字・数字・途中の - で 80 文字までにしてください。"
    en = 'The agency slug "{name}" cannot be used: up to 80 of a-z, 0-9 and hyphens, none at either end.'
    zh = "無法使用機關識別名稱「{name}」。請使用最多 80 個小寫英文字母、數字，連字號不可在首尾。"


@dataclass(frozen=True, slots=True)
class LogicalPath:
    """A file's place in a release: `path` is NFC and safe everywhere, `original` is what the agency wrote."""

    path: str
    original: str


def normalise(name: str) -> LogicalPath:
    """Return the logical path that `name` stands for.

    Raises:
        ArchiveError: one of the seven above, by the first rule of ARCHIVE.md 1.3 that is broken.

    """
    path = unicodedata.normalize("NFC", name)
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or _is_noncharacter(char) for char in path):
        raise PathHasControl(_shown(name))
    if not _BIDI.isdisjoint(path):
        raise PathTurnsText(_shown(name))
    parts = path.split("/")
    if "\\" in path or _DRIVE.match(path) or any(part in {"", ".", ".."} for part in parts):
        raise PathNotPlain(_shown(name))
    if len(path.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        raise PathTooLong({**_shown(name), "part": MAX_PART_BYTES, "whole": MAX_PATH_BYTES})
    if any(part != part.strip() or part.endswith(".") for part in parts):
        raise PathHasLooseEnd(_shown(name))
    if any(part.split(".")[0].rstrip().lower() in _DEVICES for part in parts):
        raise PathIsDevice(_shown(name))
    return LogicalPath(path, name)


def check_set(paths: Iterable[str]) -> None:
    """Return if the logical `paths` can lie beside each other on every file system.

    Raises:
        PathsCollide: two are equal after NFC and case folding, or one is a file where another needs a folder.

    """
    seen: dict[str, str] = {}
    for path in paths:
        key = _folded(path)
        if key in seen:
            raise PathsCollide({"first": escaped(seen[key]), "second": escaped(path)})
        seen[key] = path
    for key, path in seen.items():
        parts = key.split("/")
        for end in range(1, len(parts)):
            above = seen.get("/".join(parts[:end]))
            if above is not None:
                raise PathsCollide({"first": escaped(above), "second": escaped(path)})


def check_dataset_name(name: str) -> str:
    """Return `name` if a dataset may bear it. Raises BadDatasetName."""
    if len(name) not in _DATASET_LENGTH or not _DATASET.fullmatch(name):
        raise BadDatasetName({"name": escaped(name[:100])})
    return name


def check_agency_slug(slug: str) -> str:
    """Return `slug` if an agency may bear it. Raises BadAgencySlug."""
    if len(slug) not in _AGENCY_LENGTH or not _AGENCY.fullmatch(slug):
        raise BadAgencySlug({"name": escaped(slug[:100])})
    return slug


def escaped(text: str) -> str:
    r"""Return `text` with control, format and unreadable characters as `\uXXXX`, safe to show anywhere."""
    return "".join(_escape(char) if _must_escape(char) else char for char in text)


def _shown(name: str) -> dict[str, str]:
    return {"name": escaped(name[:MAX_PATH_BYTES])}


def _must_escape(char: str) -> bool:
    return char in _BIDI or unicodedata.category(char) in {"Cc", "Cs", "Cf", "Zl", "Zp"} or _is_noncharacter(char)


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004 - the BMP


def _is_noncharacter(char: str) -> bool:
    point = ord(char)
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE  # noqa: PLR2004 - Unicode 16 section 23.7


def _folded(path: str) -> str:
    """Return what case-insensitive and normalising file systems may compare (Unicode 16, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
