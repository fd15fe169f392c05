"""A secret of 32 bytes as n printed shares, of which any k restore it and fewer tell nothing (Shamir, GF(2^128)).

The sharing itself is PyCryptodome's, on each half of the secret. A share's text carries which one it is, of which set,
what the secret is for, and a checksum; a set is named by a hash of the secret, so that a wrong restoration is noticed.
The hash tells nothing, since these secrets are random bytes.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from archive.records.errors import RecordError
from archive.records.keys import KeyKind, KeyRefused, SigningKey

MAX_SHARES = 16
MAX_TEXT = 4_096
SECRET_BYTES = 32
_VERSION = 1
_HALF = 16
_ID_BYTES = 8
_CHECK_BYTES = 4
_HEAD = 5 + _ID_BYTES + SECRET_BYTES
_MAX_NAME = 200
_CODE = re.compile(r"[A-Z2-7 ]{60,1000}")


class BadShare(RecordError):
    code = "REC-060"
    ja = "分散した鍵の一枚として読めません({why})。写し間違いがないか確かめてください。"
    en = "This cannot be read as a share of a secret ({why}). Look for a mistake in copying."
    zh = "無法讀取為秘密的分持({why})。請檢查是否抄寫有誤。"


class SharesDiffer(RecordError):
    code = "REC-061"
    ja = "渡された分持が一つの組ではありません({why})。同じ組のものを一枚ずつ渡してください。"
    en = "These shares are not of one set ({why}). Give each share of one set once."
    zh = "所提供的分持不屬於同一組({why})。請提供同一組的分持,各一份。"


class TooFewShares(RecordError):
    code = "REC-062"
    ja = "分持が足りません({got} 枚。{need} 枚要ります)。"
    en = "There are too few shares: {got}, and {need} are needed."
    zh = "分持不足(目前 {got} 份,需要 {need} 份)。"


class NotASecret(RecordError):
    code = "REC-063"
    ja = "「{file}」は分けられる鍵ではありません。node.secret、recovery-key.txt、next-log-key.txt を渡してください。"
    en = "{file} is no secret that can be split: give node.secret, recovery-key.txt or next-log-key.txt."
    zh = "「{file}」不是可分割的秘密檔案。請提供 node.secret、recovery-key.txt 或 next-log-key.txt。"


class BadSplit(RecordError):
    code = "REC-064"
    ja = "{shares} 枚のうち {threshold} 枚という分け方はできません。2 ≤ 必要な枚数 ≤ 枚数 ≤ {most} にしてください。"
    en = "A secret cannot be split into {shares} with {threshold} needed: 2 ≤ needed ≤ shares ≤ {most}."
    zh = "無法分為 {shares} 份而需 {threshold} 份:須為 2 ≤ 所需份數 ≤ 份數 ≤ {most}。"


class SecretKind(IntEnum):
    """What the 32 bytes are: the node secret (a file of hex), or the seed of a key kept offline (a file of JSON)."""

    NODE_SECRET = 1
    OFFLINE_KEY = 2


@dataclass(frozen=True, repr=False)
class Secret:
    """A secret and what it is for; never shown by repr."""

    kind: SecretKind
    name: str
    value: bytes

    @classmethod
    def read(cls, content: bytes, file: str) -> "Secret":
        """Return the secret in a file's content; errors call it `file`. Raises NotASecret."""
        try:
            text = content[:MAX_TEXT].decode("ascii").strip()
            if not text.startswith("{"):
                return cls(SecretKind.NODE_SECRET, file, _exactly(bytes.fromhex(text)))
            found = json.loads(text)
            return cls(SecretKind.OFFLINE_KEY, str(found["name"]), _exactly(bytes.fromhex(found["seed"])))
        except (ValueError, LookupError, TypeError, RecordError):
            raise NotASecret({"file": file[:200]}) from None

    def content(self) -> str:
        """Return the file that `read` reads. Raises NotASecret."""
        if self.kind is SecretKind.NODE_SECRET:
            return self.value.hex() + "\n"
        try:
            key = SigningKey.from_seed(self.name, KeyKind.STATEMENT, self.value)
        except KeyRefused:
            raise NotASecret({"file": self.name[:200]}) from None
        return json.dumps({"name": self.name, "seed": self.value.hex(), "public": key.public.raw.hex()}) + "\n"


@dataclass(frozen=True, repr=False)
class Share:
    """One of `shares`, `threshold` of which restore the secret for `name`; `index` counts from 1."""

    kind: SecretKind
    name: str
    threshold: int
    shares: int
    index: int
    set_id: bytes
    value: bytes

    def text(self) -> str:
        """Return the share for paper: a sentence for people, and the code that is read back."""
        head = bytes([_VERSION, self.kind, self.threshold, self.shares, self.index])
        payload = head + self.set_id + self.value + self.name.encode()
        code = base64.b32encode(payload + _checksum(payload)).decode("ascii").rstrip("=")
        groups = [code[at : at + 4] for at in range(0, len(code), 4)]
        lines = [" ".join(groups[at : at + 12]) for at in range(0, len(groups), 12)]
        sentence = f"# Ishibumi share {self.index} of {self.shares}; any {self.threshold} restore {self.name}"
        return "\n".join([f"{sentence} (set {self.set_id.hex()})", *lines, ""])

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Return the share in a text; lines that begin with # are for people. Raises BadShare."""
        if len(text) > MAX_TEXT:
            raise BadShare({"why": f"at most {MAX_TEXT} characters"})
        code = " ".join(line for line in text.upper().splitlines() if not line.startswith("#"))
        if not _CODE.fullmatch(code):
            raise BadShare({"why": "A–Z, 2–7"})
        code = code.replace(" ", "")
        try:
            data = base64.b32decode(code + "=" * (-len(code) % 8))
        except binascii.Error:
            raise BadShare({"why": "length"}) from None
        payload, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
        if len(payload) < _HEAD or _checksum(payload) != check:
            raise BadShare({"why": "checksum"})
        return cls._of(payload)

    @classmethod
    def _of(cls, payload: bytes) -> "Share":
        version, kind, threshold, shares, index = payload[:5]
        if version != _VERSION or kind not in list(SecretKind):
            raise BadShare({"why": f"version {version}"})
        if not 2 <= threshold <= shares <= MAX_SHARES or not 1 <= index <= shares:  # noqa: PLR2004 - as `split`
            raise BadShare({"why": "k, n"})
        try:
            name = payload[_HEAD:].decode()
        except UnicodeDecodeError:
            raise BadShare({"why": "name"}) from None
        at = 5 + _ID_BYTES
        return cls(SecretKind(kind), name, threshold, shares, index, payload[5:at], payload[at:_HEAD])


def split(secret: Secret, shares: int, threshold: int) -> list[Share]:
    """Return `shares` shares, any `threshold` of which restore `secret`. Raises BadSplit, NotASecret."""
    from Cryptodome.Protocol.SecretSharing import Shamir

    if not 2 <= threshold <= shares <= MAX_SHARES:  # noqa: PLR2004 - one share alone would be a copy
        raise BadSplit({"shares": shares, "threshold": threshold, "most": MAX_SHARES})
    if not 0 < len(secret.name.encode()) <= _MAX_NAME or not secret.name.isprintable():
        raise NotASecret({"file": secret.name[:80]})
    halves = [Shamir.split(threshold, shares, secret.value[at : at + _HALF], ssss=False) for at in (0, _HALF)]
    set_id = _set_id(secret.value)
    return [
        Share(secret.kind, secret.name, threshold, shares, first[0], set_id, first[1] + second[1])
        for first, second in zip(*halves, strict=True)
    ]


def join(shares: Sequence[Share]) -> Secret:
    """Return the secret that `shares` restore.

    Raises:
        TooFewShares, SharesDiffer: another set, the same share twice, or a changed one.

    """
    from Cryptodome.Protocol.SecretSharing import Shamir

    sets = {(each.set_id, each.kind, each.name, each.threshold, each.shares) for each in shares}
    if len(sets) > 1:
        raise SharesDiffer({"why": ", ".join(sorted({each.set_id.hex() for each in shares}))})
    if not shares or len(shares) < shares[0].threshold:
        raise TooFewShares({"got": len(shares), "need": shares[0].threshold if shares else 2})
    if len({each.index for each in shares}) != len(shares):
        raise SharesDiffer({"why": "twice the same / 同じものが二枚"})
    first = shares[0]
    used = shares[: first.threshold]
    halves = ([(each.index, each.value[at : at + _HALF]) for each in used] for at in (0, _HALF))
    value = b"".join(Shamir.combine(points, ssss=False) for points in halves)
    if _set_id(value) != first.set_id:
        raise SharesDiffer({"why": first.set_id.hex()})
    return Secret(first.kind, first.name, value)


def _set_id(value: bytes) -> bytes:
    return sha256(b"ishibumi/share-set/v1\0" + value).digest()[:_ID_BYTES]


def _checksum(payload: bytes) -> bytes:
    return sha256(b"ishibumi/share/v1\0" + payload).digest()[:_CHECK_BYTES]


def _exactly(value: bytes) -> bytes:
    if len(value) != SECRET_BYTES:
        raise ValueError(len(value))
    return value
