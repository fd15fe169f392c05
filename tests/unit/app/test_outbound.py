"""The way out: limits, private addresses, redirects; against a real server on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.outbound import Outbound
from archive.ledger.transport import AnswerTooLarge, Unreachable


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/there")
            self.end_headers()
        elif self.path == "/drip":
            # Promises a length: the reader below urllib3 then waits for all of it, however long each byte takes.
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
            self._drip()
        elif self.path == "/drip-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Grease: ")
            self._drip()
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self._give(b"x" * 100)

    def do_POST(self) -> None:
        self._give(self.rfile.read(int(self.headers["Content-Length"])), self.headers["Content-Type"])

    def _give(self, body: bytes, media_type: str = "Text/Plain; charset=utf-8") -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        with suppress(OSError):
            for _ in range(50):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_comes_whole_with_its_status_and_bare_media_type(base: str) -> None:
    answer = Outbound(allow_private=True).get(f"{base}/", limit=100)
    assert (answer.status, answer.media_type, answer.body) == (200, "text/plain", b"x" * 100)


def test_post_sends_body_and_media_type(base: str) -> None:
    answer = Outbound(allow_private=True).post(f"{base}/", b"q", media_type="application/timestamp-query", limit=9)
    assert (answer.media_type, answer.body) == ("application/timestamp-query", b"q")


def test_one_byte_over_the_limit_is_refused(base: str) -> None:
    with pytest.raises(AnswerTooLarge, match="99 bytes"):
        Outbound(allow_private=True).get(f"{base}/", limit=99)


def test_a_redirect_is_an_answer_and_not_followed(base: str) -> None:
    assert Outbound(allow_private=True).get(f"{base}/away", limit=100).status == 302


@pytest.mark.parametrize("path", ["/slow", "/drip", "/drip-head"])
def test_an_answer_byte_by_byte_ends_in_time(base: str, path: str) -> None:
    with pytest.raises(Unreachable, match="too slow"):
        Outbound(allow_private=True, seconds=0.5).get(base + path, limit=100)


def test_a_handshake_that_never_ends_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line, suppress(OSError):
                line.sendall(b"\x16\x03\x03\x00\xff")  # a record of 255 bytes, one at a time
                for _ in range(50):
                    line.sendall(b"\x02")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Unreachable, match="too slow"):
            Outbound(allow_private=True, seconds=0.5).get(f"https://127.0.0.1:{server.getsockname()[1]}/", limit=9)
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "100.64.0.1",
            "224.0.0.1",
            "0.0.0.0",
        ),
        # IPv4 addresses that lie inside IPv6 ones: NAT64, 6to4, IPv4-compatible; and site-local ones.
        *("[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[2002:a00:1::1]", "[::127.0.0.1]", "[fec0::1]"),
    ],
)
def test_addresses_inside_are_never_asked(address: str) -> None:
    with pytest.raises(Unreachable, match="private"):
        Outbound().get(f"http://{address}:1/", limit=1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/", "http://", "http://u:p@127.0.0.1/", "nonsense"])
def test_other_kinds_of_address_are_refused(url: str) -> None:
    with pytest.raises(Unreachable, match="not an http"):
        Outbound(allow_private=True).get(url, limit=1)


def test_nobody_there_is_said_in_words() -> None:
    with pytest.raises(Unreachable) as told:
        Outbound(allow_private=True).get("http://127.0.0.1:1/", limit=1)
    assert "refused" in str(told.value)
    assert "object at" not in str(told.value)
