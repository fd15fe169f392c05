"""How the ledger reaches other nodes: one question, one bounded answer. The real adapter is the portal's."""

from dataclasses import dataclass
from typing import Protocol

from archive.errors import ArchiveError


class Unreachable(ArchiveError):
    code = "LED-100"
    ja = "{host} に接続できません({why})。後でもう一度試します。"
    en = "{host} cannot be reached ({why}). It will be tried again later."
    zh = "無法連線至 {host}({why})。稍後會再試。"


class AnswerTooLarge(ArchiveError):
    code = "LED-101"
    ja = "{host} の返事が大きすぎます(上限は {limit} バイト)。"
    en = "The answer of {host} is too large (the limit is {limit} bytes)."
    zh = "{host} 的回應過大(上限為 {limit} 位元組)。"


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the media type without parameters in lower case, and the whole body."""

    status: int
    media_type: str
    body: bytes


class Transport(Protocol):
    """Asks another node. Never follows a redirect, never reads more than `limit` bytes, always ends in time."""

    def get(self, url: str, *, limit: int) -> Answer:
        """Return the answer to GET. Raises Unreachable, AnswerTooLarge."""

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        """Return the answer to POST. Raises Unreachable, AnswerTooLarge."""
