"""The portal's way out: asks other nodes over HTTP, within limits, and never an address inside its own network.

The address is looked up once, judged, and connected to by number: a name that changes its mind between the two
(DNS rebinding) changes nothing. Redirects are not followed, and proxies of the environment are not used.
"""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Event, Timer
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from archive.ledger.transport import Answer, AnswerTooLarge, Unreachable

_PIECE = 65_536
_AGENT = "ishibumi"
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


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
            with _ended_at(pool, end, host):
                answer = pool.urlopen(
                    method, target, body=body, headers=sent, redirect=False, retries=False, preload_content=False
                )
                try:
                    return Answer(answer.status, _media_type(answer), _bounded(answer, limit, host))
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


@contextmanager
def _ended_at(pool: urllib3.HTTPConnectionPool, end: float, host: str) -> Iterator[None]:
    """Cut the pool's connections at `end`: time limits of sockets begin anew with every byte that a peer drips.

    A duplicate of each socket is what is cut, since the one below a TLS handshake is in nobody's hands.
    """
    over, lines = Event(), list[socket.socket]()
    made = pool.ConnectionCls

    class Watched(made):  # type: ignore[misc,valid-type]  # HTTP or HTTPS, as the pool has it
        def _new_conn(self) -> socket.socket:
            line: socket.socket = super()._new_conn()
            lines.append(line.dup())
            if over.is_set():
                _cut(lines)
            return line

    def cut() -> None:
        over.set()
        _cut(lines)

    pool.ConnectionCls = Watched
    timer = Timer(max(0.0, end - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
        if over.is_set():  # what was cut may look like an end
            raise Unreachable({"host": host[:200], "why": "too slow"})
    except (HTTPError, OSError) as trouble:
        raise Unreachable({"host": host[:200], "why": "too slow" if over.is_set() else _why(trouble)}) from trouble
    finally:
        timer.cancel()
        timer.join()
        for line in lines:
            line.close()


def _cut(lines: list[socket.socket]) -> None:
    for line in lines:
        with suppress(OSError):  # the peer was faster
            line.shutdown(socket.SHUT_RDWR)


def _bounded(answer: urllib3.BaseHTTPResponse, limit: int, host: str) -> bytes:
    """Read at most `limit` bytes."""
    found = bytearray()
    while piece := answer.read(min(_PIECE, limit + 1 - len(found))):
        found += piece
        if len(found) > limit:
            raise AnswerTooLarge({"host": host[:200], "limit": limit})
    return bytes(found)


def _media_type(answer: urllib3.BaseHTTPResponse) -> str:
    return str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()[:100]


def _is_public(address: str) -> bool:
    found: IPv4Address | IPv6Address | None = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = _inside(found)
    return found is not None and found.is_global and not found.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | IPv6Address | None:
    """Return the address that is really asked: other kinds of IPv6 may carry a private IPv4 one; None: not asked."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address if address in _GLOBAL_UNICAST and address.sixtofour is None else None


def _why(trouble: Exception) -> str:
    """Return the trouble in a few words: names of classes and addresses of memory say nothing to a person."""
    text = str(trouble.args[-1] if trouble.args else trouble) or type(trouble).__name__
    return text.rpartition(">: ")[2][:120]
