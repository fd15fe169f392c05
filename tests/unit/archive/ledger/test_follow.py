"""Following a log: what it may do between two looks, and what raises an alarm (LEDGER section 8, 16, 17, 49, 54)."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from archive import merkle
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from archive.ledger.fingerprint import spoken
from archive.ledger.follow import Alarm, Forked, HttpTiles, RolledBack, Seen, entries_since, look, require_moving
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles
from archive.ledger.transport import Answer, AnswerTooLarge
from archive.ledger.writer import open_log
from tests.unit.archive.ledger.logs import LOG_KEY, NOW, clock, make_log, refused

MANY = [b"entry %d" % number for number in range(700)]


def accept(raw: bytes) -> SignedCheckpoint:
    return open_checkpoint(raw, [LOG_KEY.public])


def log_of(tmp_path: Path, name: str, entries: list[bytes], batch: int = 4096) -> LocalTiles:
    (tmp_path / name).mkdir()
    return LocalTiles(make_log(tmp_path / name, entries, batch=batch))


def seen(source: LocalTiles) -> Seen:
    return look(source, accept, None, NOW)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (5, 5), (5, 9), (255, 256), (256, 257), (300, 700), (1, 700)])
def test_a_log_that_grows_is_followed(tmp_path: Path, old: int, new: int) -> None:
    first, second = log_of(tmp_path, "a", MANY[:old]), log_of(tmp_path, "b", MANY[:new], batch=old or 1000)
    found = look(second, accept, seen(first), NOW + 100)
    assert found.head.size == new
    assert found.since == (NOW if old == new else NOW + 100)
    assert entries_since(second, seen(first).head, found.head, lambda _: True) == list(enumerate(MANY))[old:new]


def test_16_a_log_that_shrinks(tmp_path: Path) -> None:
    before, after = log_of(tmp_path, "a", MANY[:300]), log_of(tmp_path, "b", MANY[:299])
    with pytest.raises(RolledBack) as alarm:
        look(after, accept, seen(before), NOW)
    assert (alarm.value.old, alarm.value.new) == (seen(before).head.raw, seen(after).head.raw)


@pytest.mark.parametrize("size", [300, 301, 512, 700])
def test_17_and_54_a_fork_of_equal_and_of_unequal_size(tmp_path: Path, size: int) -> None:
    before = log_of(tmp_path, "a", MANY[:300])
    after = log_of(tmp_path, "b", [*MANY[:299], b"another", *MANY[300:size]])
    with pytest.raises(Forked) as alarm:
        look(after, accept, seen(before), NOW)
    assert (alarm.value.old, alarm.value.new) == (seen(before).head.raw, seen(after).head.raw)
    assert refused(entries_since, after, seen(before).head, seen(after).head, lambda _: True) in {"LED-030", "LED-164"}


def test_tiles_that_do_not_give_the_signed_root_are_no_fork(tmp_path: Path) -> None:
    before, after = log_of(tmp_path, "a", MANY[:300]), log_of(tmp_path, "b", MANY, batch=300)
    tile = tmp_path / "b" / "log" / "tile/0/001"
    good = tile.read_bytes()
    tile.chmod(0o644)
    tile.write_bytes(good[32:64] + good[:32] + good[64:])
    assert refused(look, after, accept, seen(before), NOW) == "LED-164"
    head = accept((tmp_path / "b/log/checkpoint").read_bytes())
    assert len(entries_since(after, None, head, bool)) == 700  # the entries alone give the root
    top = tmp_path / "b" / "log" / "tile/1/000.p/2"
    top.chmod(0o644)
    top.write_bytes(bytes(64))
    assert refused(look, after, accept, None, NOW) == "LED-164"
    top.unlink()
    assert refused(look, after, accept, None, NOW) == "LED-164"


def test_changed_entries_are_not_told_as_the_logs(tmp_path: Path) -> None:
    source = log_of(tmp_path, "a", MANY[:300])
    bundle = tmp_path / "a" / "log" / "tile/entries/000"
    bundle.chmod(0o644)
    bundle.write_bytes(bundle.read_bytes().replace(b"y 7", b"y 8", 1))
    assert refused(entries_since, source, None, seen(source).head, lambda _: True) == "LED-164"


def test_another_log_at_the_same_address(tmp_path: Path) -> None:
    source = log_of(tmp_path, "a", MANY[:3])
    other = Seen(LogReader(tmp_path / "a" / "log").checkpoint(), NOW)
    renamed = type(other.head)(other.head.raw, other.head.note, type(other.head.checkpoint)("x/log", 3, bytes(32)))
    assert refused(look, source, accept, Seen(renamed, NOW), NOW) == "LED-165"


def test_a_log_that_rests_too_long(tmp_path: Path) -> None:
    found = seen(log_of(tmp_path, "a", MANY[:3]))
    require_moving(found, NOW + 3600, 1)
    assert refused(require_moving, found, NOW + 7300, 2) == "LED-163"
    assert issubclass(RolledBack, Alarm)


@dataclass
class Folder:
    """A Transport whose other end is a folder: what is not there is 404, `broken` is a status for everything."""

    folder: Path
    broken: int = 0

    def get(self, url: str, *, limit: int) -> Answer:
        path = self.folder / url.removeprefix("http://log.example/log/")
        if self.broken or not path.is_file():
            return Answer(self.broken or 404, "text/plain", b"")
        data = path.read_bytes()
        if len(data) > limit:
            raise AnswerTooLarge({"host": "log.example", "limit": limit})
        return Answer(200, "application/octet-stream", data)

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        raise AssertionError


def test_over_http(tmp_path: Path) -> None:
    log_of(tmp_path, "a", MANY[:300], batch=100)
    source = HttpTiles(Folder(tmp_path / "a" / "log"), "http://log.example/log")
    first = look(source, accept, None, NOW)
    with open_log(tmp_path / "a" / "log", tmp_path / "a" / "state", LOG_KEY, clock) as log:
        log.append(MANY[300:])
    (tmp_path / "a" / "log" / "tile/0/001.p/44").unlink()
    assert look(source, accept, first, NOW).head.root == merkle.root([merkle.leaf_hash(entry) for entry in MANY])
    assert refused(source.read, "tile/0/999", 10) == "LED-030"
    assert refused(HttpTiles(Folder(tmp_path, 500), "http://log.example/log").read, "checkpoint", 10) == "LED-038"
    assert refused(source.read, "tile/0/000", 10) == "LED-101"


def test_a_fingerprint_is_spoken_in_eight_words_and_follows_every_bit() -> None:
    words = spoken(LOG_KEY.public.vkey)
    assert words == spoken(LOG_KEY.public.vkey) != spoken(LOG_KEY.public.vkey + " ")
    assert [len(word) for word in words.split("-")] == [5] * 8
    assert spoken("").startswith("vavub-sidaf-")  # SHA-256 of nothing begins e3b0 c442
