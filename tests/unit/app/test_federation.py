"""Peers whose keys a person compared, what is seen of their logs, and how a split view comes out."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.db.engine import transaction
from app.db.peers import SeenCheckpoint
from app.federation import exchange, peers
from app.federation.exchange import Exchange
from app.federation.forks import ForkStore
from app.services import peering
from archive.errors import IshibumiError
from archive.ledger import fork
from archive.ledger.checkpoint import Checkpoint, sign_checkpoint
from archive.ledger.policy import Policy
from archive.ledger.transport import Answer, Unreachable
from archive.ledger.witness import origin_hash
from archive.ledger.witness_client import WitnessAt
from archive.ledger.writer import create_log, open_log
from archive.records.keys import KeyKind, SigningKey
from tests.town import Town

LOG = SigningKey.generate("peer.example/log", KeyKind.LOG)
WITNESS = SigningKey.generate("peer.example/witness", KeyKind.WITNESS)
GIVEN = peers.NewPeer(
    "peer", LOG.public.name, LOG.public.vkey, WITNESS.public.vkey, "http://peer/", "http://peer/witness/"
)


@dataclass
class PeerFiles:
    """A `Transport` to one peer: its log's folder, and what it cosigned of others by hash of their origin."""

    folder: Path
    cosigned: dict[str, bytes] = field(default_factory=dict)

    def get(self, url: str, *, limit: int) -> Answer:
        path = url.removeprefix("http://peer/")
        if path.startswith("witness/"):
            found = self.cosigned.get(path.split("/")[1])
            return Answer(404, "", b"") if found is None else Answer(200, "text/plain", found)
        file = self.folder / path.removeprefix("log/")
        return Answer(200, "", file.read_bytes()[:limit]) if file.is_file() else Answer(404, "", b"")

    def post(self, url: str, body: bytes, *, media_type: str, limit: int) -> Answer:
        raise Unreachable({"host": url, "why": f"{len(body)} {media_type} {limit}"})


def add(town: Town, given: peers.NewPeer = GIVEN) -> None:
    with transaction(town.portal.engine) as session:
        own = peering.own_keys(town.portal.keys, town.portal.host, town.portal.log_key)
        peering.add(session, town.portal.jobs, given, own, town.portal.clock)


@pytest.fixture
def peer_log(tmp_path: Path) -> Path:
    """The peer's log, of 9 leaves."""
    create_log(tmp_path / "peer/log", tmp_path / "peer/state", LOG, lambda: 0.0)
    grow(tmp_path / "peer", 9)
    return tmp_path / "peer/log"


def grow(home: Path, count: int, word: str = "leaf") -> None:
    with open_log(home / "log", home / "state", LOG, lambda: 0.0) as log:
        log.append([f"{word} {log.size + number}".encode() for number in range(count)])


@pytest.fixture
def seen(town: Town) -> Exchange:
    add(town)
    return town.portal.exchange


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(IshibumiError) as error:
        call(*args, **kwargs)
    return error.value.code


def note(size: int, root: bytes = bytes(32), key: SigningKey = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(key.public.name, size, root), key).encode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Peer"},
        {"vkey": "nonsense"},
        {"vkey": WITNESS.public.vkey},
        {"origin": "other.example/log"},
        {"witness_vkey": ""},
        {"witness_url": ""},
        {"witness_vkey": LOG.public.vkey},
        {"url": "file:///etc/passwd"},
        {"url": "http://x/?q"},
    ],
)
def test_what_cannot_be_a_peer(wrong: dict[str, str]) -> None:
    assert refused(peers.check, peers.NewPeer(**{**GIVEN.__dict__, **wrong})) == "APP-202"


def test_one_key_is_one_peer_and_never_ourselves(town: Town) -> None:
    add(town)
    twice = SigningKey.from_seed("twice.example/log", KeyKind.LOG, LOG.seed)
    assert refused(add, town) == "APP-201"
    same_key = peers.NewPeer("twice", twice.public.name, twice.public.vkey)
    assert refused(add, town, same_key) == "APP-201"
    ours = town.portal.log_key
    assert refused(add, town, peers.NewPeer("ourselves", ours.name, ours.vkey)) == "APP-202"
    with transaction(town.portal.engine) as session:
        assert refused(peers.remove, session, "nobody") == "APP-200"
        peers.remove(session, "peer")
        assert peers.every(session) == []


def test_the_log_names_a_new_peer_once(town: Town) -> None:
    add(town)
    size = town.portal.log.checkpoint().size
    town.work_off()
    town.work_off()
    assert town.portal.log.checkpoint().size == size + 1
    from archive.ledger.statement_check import read_statement

    statement = read_statement(town.portal.log.entry(size))
    assert (statement.type, statement.body["origin"]) == ("peer", LOG.public.name)
    assert statement.body["vkeys"] == [LOG.public.vkey, WITNESS.public.vkey]


def test_the_policy_says_how_many_of_whom() -> None:
    witnesses = [
        WitnessAt(SigningKey.generate(f"{name}.example/witness", KeyKind.WITNESS).public, f"http://{name}")
        for name in "abc"
    ]
    text = peers.policy_text([LOG.public], witnesses, 2)
    policy = Policy.parse(text.encode())
    assert policy.groups[b"peers"].threshold == 2
    assert list(policy.witnesses.values()) == [each.key for each in witnesses]
    assert peers.policy_text([LOG.public], [], 2).endswith("quorum none\n")
    assert peers.policy_text([LOG.public], witnesses, 0).endswith("quorum none\n")
    assert Policy.parse(peers.policy_text([LOG.public], witnesses, 9).encode()).groups[b"peers"].threshold == 3


def test_gossip_is_checked_counted_and_kept_once(seen: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen.saw(note(5), "gossip", limited=True) == "kept"
    assert seen.saw(note(5), "gossip", limited=True) == "known"
    assert refused(seen.saw, note(5, key=SigningKey.generate("x/log", KeyKind.LOG)), "gossip") == "APP-203"
    assert refused(seen.saw, note(5, key=SigningKey.generate(LOG.public.name, KeyKind.LOG)), "gossip") == "LED-003"
    assert refused(seen.saw, b"nonsense", "gossip") == "LED-001"
    monkeypatch.setattr(exchange, "GOSSIP_A_MINUTE", 2)
    seen.saw(note(6), "gossip", limited=True)
    assert refused(seen.saw, note(7), "gossip", limited=True) == "APP-204"


def test_two_checkpoints_of_one_size_convict(seen: Exchange, town: Town) -> None:
    seen.saw(note(5), "gossip")
    assert refused(seen.saw, note(5, b"\1" * 32), "gossip") == "APP-206"
    (found,) = peering.forks(town.portal.folders)
    found.check([LOG.public])
    assert seen.memory.frozen() == {LOG.public.name: found.id}


def test_an_honest_peer_is_looked_at_without_complaint(seen: Exchange, peer_log: Path, town: Town) -> None:
    files = PeerFiles(peer_log)
    seen.look(files)
    grow(peer_log.parent, 300)
    files.cosigned[origin_hash(town.portal.origin)] = town.portal.log.checkpoint().raw
    seen.look(files)
    seen.look(files)
    with transaction(town.portal.engine) as session:
        row = next(each for each in session.exec(select(SeenCheckpoint)).all() if each.size == 9)
        assert row.proven


def test_a_fork_of_unequal_sizes_comes_out_at_the_next_look(seen: Exchange, peer_log: Path, town: Town) -> None:
    seen.saw(note(5, b"\1" * 32), "gossip")
    assert refused(seen.look, PeerFiles(peer_log)) == "APP-206"
    (found,) = peering.forks(town.portal.folders)
    assert not found.is_equal
    fork.parse(found.encode()).check([LOG.public])


def shown(there: Exchange, size: int) -> str:
    try:
        return there.saw(note(size), "gossip", limited=True)
    except IshibumiError as told:
        return told.code


def test_a_forked_log_cannot_make_us_forget_its_other_branch(seen: Exchange, peer_log: Path, town: Town) -> None:
    seen.saw(note(5, b"\1" * 32), "gossip", limited=True)
    minute = iter(range(10_000))
    calm = replace(seen, now=lambda: seen.now() + timedelta(minutes=2 * next(minute)))
    told = [shown(calm, size) for size in range(20, 20 + exchange.KEPT_OF_A_LOG)]
    assert (told[0], told[-1]) == ("kept", "APP-204")
    assert refused(calm.look, PeerFiles(peer_log)) == "APP-206"
    assert [found.origin for found in peering.forks(town.portal.folders)] == [LOG.public.name]


def test_a_peer_that_shrinks_is_told(seen: Exchange, peer_log: Path) -> None:
    seen.saw(note(12), "gossip")
    assert refused(seen.look, PeerFiles(peer_log)) == "APP-205"


def test_what_others_were_shown_of_us_is_compared_too(seen: Exchange, town: Town, peer_log: Path) -> None:
    ours = town.portal.keys.load(town.portal.origin)
    size = town.portal.log.checkpoint().size
    files = PeerFiles(peer_log)
    files.cosigned[origin_hash(town.portal.origin)] = note(size + 1, key=ours)
    assert refused(seen.look, files) == "APP-205"


def test_old_ones_make_room(seen: Exchange, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "KEPT_OF_A_LOG", 3)
    for size in range(1, 8):
        seen.saw(note(size), "gossip")
    with transaction(town.portal.engine) as session:
        assert len(session.exec(select(SeenCheckpoint)).all()) == 3


def test_evidence_is_kept_once_and_a_damaged_file_convicts_nobody(tmp_path: Path) -> None:
    store = ForkStore(tmp_path / "archive/forks")
    (tmp_path / "archive").mkdir()
    found = fork.of_equal_size(note(5), note(5, b"\1" * 32), [LOG.public])
    store.keep(found)
    store.keep(found)
    assert [each.id for each in store.every()] == [found.id]
    assert store.path(found.id) is not None
    assert store.path("../" + found.id) is None
    assert store.path("0" * 64) is None
    (store.folder / ("0" * 64 + fork.SUFFIX)).write_bytes(b"damaged")
    assert [each.id for each in store.every()] == [found.id]


def test_an_older_node_gets_its_witness_key_announced_once(town: Town) -> None:
    from app.workshop import open_workshop

    size = town.portal.log.checkpoint().size
    with open_workshop(town.portal) as workshop:
        workshop.announcer.key()  # genesis named it already
        workshop.announcer.peers_of_the_day()
    assert town.portal.log.checkpoint().size == size
