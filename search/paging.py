"""Cursors: where the next page begins, signed, so that nobody can invent one."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import replace

from search.errors import SearchError
from search.port import Request, SortKey

_TAG = 16  # bytes of the HMAC that are kept
MAX_CURSOR = 512


class CursorInvalid(SearchError):
    code = "SEA-111"
    ja = "続きの位置(cursor)が正しくありません。最初のページからやり直してください。"
    en = "The cursor is not valid. Start again from the first page."
    zh = "游標無效,請從第一頁重新開始。"


class CursorExpired(SearchError):
    code = "SEA-112"
    ja = "索引が新しくなったため、この続きは使えません。最初のページからやり直してください。"
    en = "The index was renewed since, so this cursor no longer fits. Start again from the first page."
    zh = "索引已更新,此游標不再適用,請從第一頁重新開始。"


def encode_cursor(after: SortKey, request: Request, *, generation: str, key: bytes) -> str:
    """Return a cursor for the page after `after`; it fits this question and this generation only."""
    body = json.dumps([after.score, after.published_at, f"{after.rank:016x}", _short(generation), _hash(request)])
    tag = hmac.digest(key, body.encode(), "sha256")[:_TAG]
    return base64.urlsafe_b64encode(tag + body.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, request: Request, *, generation: str, key: bytes) -> SortKey:
    """Return where the page begins.

    Raises:
        CursorInvalid: it was not made here, or for another question (answer 400).
        CursorExpired: the index has been rebuilt since (answer 410).

    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorInvalid from None
    tag, body = raw[:_TAG], raw[_TAG:]
    if len(cursor) > MAX_CURSOR or not hmac.compare_digest(tag, hmac.digest(key, body, "sha256")[:_TAG]):
        raise CursorInvalid
    score, published_at, rank, made_in, question = json.loads(body)  # ours: the tag says so
    if question != _hash(request):
        raise CursorInvalid
    if made_in != _short(generation):
        raise CursorExpired
    return SortKey(float(score), int(published_at), int(rank, 16))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _hash(request: Request) -> str:
    """Return what stays the same from page to page of one question, and only then."""
    fixed = replace(request, after=None, limit=0, facets=(), facet_size=0, timeout_ms=0, acl=frozenset())
    return _short(f"{fixed!r} {sorted(request.acl)!r}")
