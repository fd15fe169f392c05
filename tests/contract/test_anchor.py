"""What every `Anchor` must do, asked of a real authority and a real calendar over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.outbound import Outbound
from archive.ledger.anchor.checking import AnchorState, check_anchor
from archive.ledger.anchor.finding import MAX_TOKEN
from archive.ledger.anchor.headers import Esplora
from archive.ledger.anchor.ots import Calendar
from archive.ledger.anchor.port import Anchor, AuthorityRefused, BadToken
from archive.ledger.anchor.rfc3161 import TimeAuthority
from archive.ledger.transport import AnswerTooLarge, Unreachable
from tests import calendar_server, time_authority
from tests.time_authority import Authority

BODY = b"town.example/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
WAY = Outbound(allow_private=True, seconds=20)


@dataclass
class Asked:
    """An anchor, what is trusted for it, and how its server is told to answer something else."""

    anchor: Anchor
    roots: list[bytes]
    answer_with: Callable[[bytes | None], None]


@contextmanager
def authority(folder: Path) -> Iterator[Asked]:
    made = Authority(folder)
    with time_authority.serving(made) as server:

        def answer_with(raw: bytes | None) -> None:
            server.answer = raw

        yield Asked(TimeAuthority("office", server.url, WAY, [made.root]), [made.root], answer_with)


@contextmanager
def calendar(folder: Path) -> Iterator[Asked]:
    with calendar_server.serving() as server:

        def answer_with(raw: bytes | None) -> None:
            server.answer = raw

        yield Asked(Calendar("cal", server.url, WAY), [], answer_with)


@pytest.fixture(params=[authority, calendar], ids=["authority", "calendar"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asked]:
    with request.param(tmp_path) as found:
        yield found


def test_what_it_gives_is_over_what_was_asked(asked: Asked) -> None:
    token = asked.anchor.stamp(BODY)
    found = check_anchor(asked.anchor.kind, token, BODY, roots=asked.roots)
    assert found.state in {AnchorState.PROVEN, AnchorState.PENDING}
    assert check_anchor(asked.anchor.kind, token, b"other", roots=asked.roots).state is AnchorState.REFUSED
    assert asked.anchor.upgrade(BODY, token) is None


@pytest.mark.parametrize("raw", [b"", b"\0" * 50, b"\xff" * 300, b"<html>busy</html>", b"0\x050\x03\x02\x01\x00"])
def test_an_answer_that_is_no_token_is_one_clear_error(asked: Asked, raw: bytes) -> None:
    asked.answer_with(raw)
    with pytest.raises((BadToken, AuthorityRefused)) as caught:
        asked.anchor.stamp(BODY)
    assert caught.value.params["by"] == asked.anchor.name


def test_a_huge_answer_is_not_read(asked: Asked) -> None:
    asked.answer_with(bytes(MAX_TOKEN + 1))
    with pytest.raises(AnswerTooLarge):
        asked.anchor.stamp(BODY)


def test_nobody_there(asked: Asked) -> None:
    gone = type(asked.anchor)("gone", "http://127.0.0.1:1/", WAY)  # type: ignore[call-arg]
    with pytest.raises(Unreachable):
        gone.stamp(BODY)


def test_an_authoritys_old_answer_is_not_taken_again(tmp_path: Path) -> None:
    """A replay: a good token over the same body, but with the nonce of another question, or with none."""
    with authority(tmp_path) as asked:
        old = asked.anchor.stamp(BODY)
        asked.answer_with(old)
        with pytest.raises(BadToken):
            asked.anchor.stamp(BODY)


def test_an_authoritys_token_over_something_else_is_not_taken(tmp_path: Path) -> None:
    with authority(tmp_path) as asked:
        asked.answer_with(asked.anchor.stamp(b"something else"))
        with pytest.raises(BadToken):
            asked.anchor.stamp(BODY)


def test_an_authority_that_says_no(tmp_path: Path) -> None:
    made = Authority(tmp_path / "a")
    with time_authority.serving(made) as server:
        server.answer = made.reply(b"0\x03\x02\x01\x01")  # a question without an imprint: OpenSSL rejects it
        with pytest.raises((AuthorityRefused, BadToken)):
            TimeAuthority("office", server.url, WAY).stamp(BODY)
        server.answer, server.status = None, 503
        with pytest.raises(AuthorityRefused):
            TimeAuthority("office", server.url, WAY).stamp(BODY)


def test_a_reply_that_only_openssl_reads_is_kept(tmp_path: Path) -> None:
    both = Authority(tmp_path, "Both", with_root=True)
    with time_authority.serving(both) as server:
        token = TimeAuthority("office", server.url, WAY, [both.root]).stamp(BODY)
    assert both.accepts(token, BODY)


def test_a_calendar_upgrades_when_its_block_is_there(tmp_path: Path) -> None:
    with calendar_server.serving() as server:
        made = Calendar("cal", server.url, WAY)
        pending = made.stamp(BODY)
        with pytest.raises(BadToken):
            made.upgrade(b"other", pending)
        with pytest.raises(BadToken):
            made.upgrade(BODY, b"no proof")
        header = server.make_block(1_790_000_000)
        server.answer = b"junk"
        with pytest.raises(BadToken):
            made.upgrade(BODY, pending)
        server.answer = None
        complete = made.upgrade(BODY, pending)
        assert complete is not None
        found = check_anchor("opentimestamps", complete, BODY, header=header, least_work=calendar_server.WORK)
        assert found.state is AnchorState.PROVEN


def test_a_calendar_that_is_away_is_told(tmp_path: Path) -> None:
    with calendar_server.serving() as server:
        made = Calendar("cal", server.url, WAY)
        pending = made.stamp(BODY)
        server.status = 503
        with pytest.raises(AuthorityRefused):
            made.stamp(BODY)
        server.answer = b"busy"
        with pytest.raises(AuthorityRefused):
            made.upgrade(BODY, pending)


def test_a_server_of_headers() -> None:
    with calendar_server.serving() as server:
        Calendar("cal", server.url, WAY).stamp(BODY)
        header = server.make_block(1_790_000_000)
        headers = Esplora(server.url, WAY)
        assert headers.header(900_000) == header
        with pytest.raises(AuthorityRefused):
            headers.header(1)
        for wrong in (b"", b"F" * 64, b"0" * 63, b"<html>"):
            server.answer = wrong
            with pytest.raises(AuthorityRefused):
                headers.header(900_000)
