"""What the node asks of those who prove time, and what they may be refused for."""

from typing import Protocol

from archive.ledger.errors import LedgerError


class AuthorityRefused(LedgerError):
    code = "LED-140"
    ja = "時刻の証明({by})を受け取れませんでした({why})。後でもう一度試します。"
    en = "No proof of time from {by} ({why}). It will be tried again later."
    zh = "未能自 {by} 取得時間證明({why})。稍後會再試。"


class BadToken(LedgerError):
    code = "LED-141"
    ja = "{by} の返事は、頼んだものの時刻の証明ではありません({why})。受け取りません。"
    en = "What {by} answered is no proof of time for what was asked ({why}). It was not kept."
    zh = "{by} 的回應並非所請求內容的時間證明({why}),不予保存。"


class Anchor(Protocol):
    """One who proves time: an authority (RFC 3161) or a calendar (OpenTimestamps).

    `name` is the operator's word for it, lower-case letters, digits and hyphens: files are called after it. `kind` is
    `rfc3161` or `opentimestamps`.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...

    def stamp(self, body: bytes) -> bytes:
        """Return a token over the SHA-256 of a checkpoint's `body`, checked against what was asked, at most 64 KiB.

        Raises Unreachable, AnswerTooLarge, AuthorityRefused, BadToken.
        """

    def upgrade(self, body: bytes, token: bytes) -> bytes | None:
        """Return a token that proves more of the same, None when there is none yet or never. Raises as `stamp`."""
