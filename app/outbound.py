"""The portal's way out: asks other nodes over HTTP, within limits, and never an address inside its own network.

The address is looked up once, judged, and connected to by number: a name that changes its mind between the two
(DNS rebinding) changes nothing. Redirects are not followed, and proxies of the environment are not used.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from archive.ledger.transport import Answer, AnswerTooLarge, Unreachable

_PIECE = 65_536
_AGENT = "ishibumi"


@dataclass(frozen=True)
class Outbound:
    """A `Transport` over urllib3. `seconds` bounds the whole of one question, answer included.

    `allow_private` lets it ask loopback and private addresses: for nodes of one house and for tests.
    """

    allow_private: bool = False
    seconds: float = 10.0

    def get(self, url: str, *, limit: int) -> Answer:
        """Return the answer to GET. Raises Unreachable, AnswerTooLarge."""
        return self._ask("GET", url, None, {}, limit)

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        """Return the answer to POST. Raises Unreachable, AnswerTooLarge."""
        return self._ask("POST", url, body, {"Content-Type": media_type}, limit)

    def within(self, seconds: float) -> "Outbound":
        """Return the same way out with another time limit."""
        return Outbound(self.allow_private, seconds)

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int) -> Answer:
        parts = urlsplit(url)
        host, end = parts.hostname or "", time.monotonic() + self.seconds
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
            raise Unreachable({"host": host[:200] or "?", "why": "not an http or https address"})
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            address = self._address(host, port)
            pool = self._pool(parts.scheme, host, address, port)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            sent = {"Host": parts.netloc, "User-Agent": _AGENT, "Accept-Encoding": "identity", **headers}
            answer = pool.urlopen(
                method, target, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            try:
                return Answer(answer.status, _media_type(answer), _bounded(answer, limit, host, end))
            finally:
                answer.close()
                pool.close()
        except (HTTPError, OSError, ValueError) as trouble:
            raise Unreachable({"host": host[:200], "why": _why(trouble)}) from trouble

    def _address(self, host: str, port: int) -> str:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(item[4][0]) for item in found]
        for address in addresses:
            if not self.allow_private and not _is_public(address):
                raise Unreachable({"host": host[:200], "why": "an address inside a private network"})
        return addresses[0]

    def _pool(self, scheme: str, host: str, address: str, port: int) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(total=self.seconds)
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            maxsize=1,
            server_hostname=host,
            assert_hostname=host,
            ssl_context=ssl.create_default_context(),
        )


def _bounded(answer: urllib3.BaseHTTPResponse, limit: int, host: str, end: float) -> bytes:
    """Read at most `limit` bytes, and no longer than until `end`: a slow peer must not hold us byte by byte."""
    found = bytearray()
    while piece := answer.read(min(_PIECE, limit + 1 - len(found))):
        found += piece
        if len(found) > limit:
            raise AnswerTooLarge({"host": host[:200], "limit": limit})
        if time.monotonic() > end:
            raise Unreachable({"host": host[:200], "why": "too slow"})
    return bytes(found)


def _media_type(answer: urllib3.BaseHTTPResponse) -> str:
    return str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()[:100]


def _is_public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast


def _why(trouble: Exception) -> str:
    """Return the trouble in a few words: names of classes and addresses of memory say nothing to a person."""
    text = str(trouble.args[-1] if trouble.args else trouble) or type(trouble).__name__
    return text.rpartition(">: ")[2][:120]
