"""A zip of an evidence bundle, the file that it is for, and a page for people; archive.verify.zipped reads it.

The same bundle and file give the same bytes: fixed dates and order, and nothing is packed.
"""

import base64
import json
import zipfile
from collections.abc import Iterator, Mapping
from html import escape
from io import BytesIO
from typing import Any, BinaryIO, cast

from archive.store import hashing
from archive.verify.zipped import EVIDENCE, FILE, README

_DATE = (1980, 1, 1, 0, 0, 0)
_PROGRAM = "ishibumi-verify.pyz"
_MAX_NAME = 200


def encode(bundle: Mapping[str, Any]) -> bytes:
    """Return the bundle as it is served alone, and as it lies in the zip."""
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode() + b"\n"


def write(target: BinaryIO, bundle: Mapping[str, Any], content: BinaryIO | None = None) -> None:
    """Write the zip to `target`; arguments as of `pieces`."""
    target.writelines(pieces(bundle, content))


def pieces(bundle: Mapping[str, Any], content: BinaryIO | None = None) -> Iterator[bytes]:
    """Give the zip from its first byte on, a block at a time: evidence, the file of `content` or the row, the page.

    Nothing is gathered anywhere, however large the file: whoever asks for a zip costs the node no room.
    `content` is left out for a whole release and an erased file; of a row the bundle itself has the bytes.
    """
    name = _file_name(bundle)
    if "row" in bundle:
        content = BytesIO(base64.b64decode(bundle["row"]["raw"]))
    passing = _Passing()
    with zipfile.ZipFile(cast(BinaryIO, passing), "w") as packed:
        packed.writestr(_entry(EVIDENCE), encode(bundle))
        if content is not None and name:
            with packed.open(_entry(FILE + name), "w", force_zip64=True) as member:
                for block in hashing.blocks(content):
                    member.write(block)
                    yield passing.take()
        packed.writestr(_entry(README), page(bundle, name if content is not None else "").encode())
    yield passing.take()


class _Passing:
    """A file that cannot seek: keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing is below this."""

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def page(bundle: Mapping[str, Any], name: str) -> str:
    """Return the page: what this is of, how to check it, and that the page itself proves nothing; ja, en, zh-Hant."""
    record = json.loads(bundle["record"]["text"]) if "record" in bundle else {}
    subject = " ".join(filter(None, (FILE + name if name else "", EVIDENCE)))
    command = escape(f"python {_PROGRAM} {_quoted(subject, name)} --policy policy.txt")
    facts = "\n".join(f"<dt>{escape(word)}</dt><dd>{escape(told)}</dd>" for word, told in _facts(bundle, record))
    parts = "\n".join(
        f'<section lang="{lang}"><h1>{title}</h1>{"".join(f"<p>{one}</p>" for one in sentences)}</section>'
        for lang, title, *sentences in _WORDS
    )
    return _PAGE.format(parts=parts, facts=facts, command=command)


def _quoted(subject: str, name: str) -> str:
    return subject if not name else "'" + (FILE + name).replace("'", "'\\''") + f"' {EVIDENCE}"


def _facts(bundle: Mapping[str, Any], record: Mapping[str, Any]) -> list[tuple[str, str]]:
    file, row = bundle.get("file", {}), bundle.get("row")
    titles = " / ".join(str(each) for each in record.get("title", {}).values())
    agency = record.get("agency", {})
    office = " / ".join(str(each) for each in agency.get("title", {}).values())
    found = [
        ("データセット · Dataset · 資料集", f"{titles} ({bundle['release']['dataset']})".strip()),
        ("版 · Release · 版本", f"v{bundle['release']['version']}"),
        ("ファイル · File · 檔案", str(file.get("path", ""))),
        ("行 · Row · 列", "" if row is None else str(row["index"])),
        ("SHA-256", str(file.get("sha256", ""))),
        ("公開した部署 · Published by · 發布機關", office),
        ("利用条件 · Licence · 授權條款", str(record.get("licence", ""))),
        ("台帳の番号 · Number in the log · 帳本編號", str(bundle["statement"]["index"])),
    ]
    return [(word, told) for word, told in found if told]


def _file_name(bundle: Mapping[str, Any]) -> str:
    """Return what the file is called in the zip: its own last name, or the row's number with the table's ending."""
    path = str(bundle.get("file", {}).get("path", "")).rpartition("/")[2].replace(":", "_")
    if "row" in bundle:
        dot, ending = ("", "") if "." not in path else (".", path.rpartition(".")[2][:16])
        return f"row-{bundle['row']['index']}{dot}{ending}"
    return path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry


_WORDS = (
    (
        "ja",
        "証拠の束",
        "この ZIP には、公開データのファイルと、その証拠(evidence.json)が入っています。",
        "この説明書き自体は何も証明しません。判定は書かれておらず、確かめる道具が出します。",
        "別に手に入れた検証器で、ネットワークなしで確かめられます。下の値は証拠の主張です。",
        "policy.txt には、あなたが別の道で確かめた台帳の鍵を書きます。",
    ),
    (
        "en",
        "Evidence",
        "This ZIP holds a file of open data and its evidence (evidence.json): who published it, as which release.",
        "This page proves nothing by itself: no verdict is written here, a verifier gives it.",
        "Check it without a network, by a verifier that you got elsewhere. What follows is what the evidence claims.",
        "policy.txt names the log's key, which you learned by another way.",
    ),
    (
        "zh-Hant",
        "證據",
        "此 ZIP 內含開放資料檔案及其證據(evidence.json):由哪個機關、以哪個版本發布。",
        "本頁本身不證明任何事,判定不寫在這裡,而由驗證器給出。",
        "請使用另行取得的驗證器離線檢查。以下各值為證據的主張。",
        "policy.txt 寫入您由其他途徑確認的帳本金鑰。",
    ),
)
_PAGE = """<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Ishibumi evidence</title>
<style>
body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font-family: sans-serif; line-height: 1.6 }}
dt {{ font-weight: bold }} dd {{ margin: 0 0 .5rem; overflow-wrap: anywhere }} pre {{ overflow-x: auto }}
</style>
</head>
<body>
{parts}
<pre><code>{command}</code></pre>
<dl>
{facts}
</dl>
</body>
</html>
"""
