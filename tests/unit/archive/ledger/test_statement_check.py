"""What the log lets in: right form, right log, right key, right place in the signer's chain; nothing twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive import merkle
from archive.ledger.statement_check import StatementCheck, changes_ring, read_statement
from archive.ledger.writer import Log, create_log, open_log
from archive.records import dsse
from archive.records.keys import KeyKind, SigningKey
from archive.records.statements import Statement
from tests.unit.archive.ledger.logs import clock, refused
from tests.unit.archive.verify.material import add_key, city, genesis, honest_release, publish

CITY, STRANGER = city(), city(2)
WHEN = datetime(2026, 11, 23, tzinfo=UTC)
PUBLISH = honest_release().body


class Chain:
    """Signs statements of one signer, each behind the one before."""

    def __init__(self, key: SigningKey, seq: int = 0, previous: bytes | None = None) -> None:
        self.key, self.seq, self.previous = key, seq, previous

    def say(self, kind: str = "publish", body: dict[str, Any] = PUBLISH, log: str = CITY.origin) -> bytes:
        statement = Statement(kind, log, self.key.public.name, self.seq, self.previous, WHEN, body)
        entry = dsse.seal(statement.payload(), self.key).entry()
        self.seq, self.previous = self.seq + 1, merkle.leaf_hash(entry)
        return entry

    def add(self, key: SigningKey) -> bytes:
        return self.say("add-key", dict(read_statement(add_key(CITY, key)).body))


GENESIS = genesis(CITY)
RENEW = {"from": 0, "to": 1, "hash": "sha-512", "entries": "A" * 86 + "==", "anchors": "A" * 86 + "=="}


def node() -> Chain:
    return Chain(CITY.node, 1, merkle.leaf_hash(GENESIS))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    create_log(tmp_path / "log", tmp_path / "state", CITY.log, clock)
    with open_log(tmp_path / "log", tmp_path / "state", CITY.log, clock, StatementCheck(CITY.origin)) as found:
        yield found


def test_genesis_keys_and_releases_in_one_batch_and_in_many(log: Log) -> None:
    agency = Chain(CITY.agency)
    first = [GENESIS, node().add(CITY.agency), *(agency.say() for _ in range(40))]
    assert [one.index for one in log.append(first)] == list(range(42))
    assert [one.index for one in log.append([agency.say() for _ in range(40)])] == list(range(42, 82))
    for entry in [agency.say() for _ in range(3)]:
        log.submit(entry)
    assert sorted(log.sequence().positions.values()) == [82, 83, 84]
    again = log.append(first[:2])
    assert [(one.index, one.was_new) for one in again] == [(0, False), (1, False)]


def test_a_reopened_log_knows_its_keys(log: Log, tmp_path: Path) -> None:
    agency = Chain(CITY.agency)
    log.append([GENESIS, node().add(CITY.agency), agency.say()])
    check = StatementCheck(CITY.origin)
    log._check = check  # the same log, a check that has read nothing yet
    assert log.append([agency.say()])[0].index == 3
    assert refused(log.append, [Chain(STRANGER.agency).say()]) == "REC-030"


def forged(chain: Chain) -> bytes:
    envelope = dsse.open_entry(chain.say())
    return dsse.Envelope(envelope.payload, envelope.keyid, bytes(64)).entry()


def opened(log: Log) -> tuple[Chain, Chain]:
    """Begin the log; return the chains of node and agency."""
    node_chain, agency = node(), Chain(CITY.agency)
    log.append([GENESIS, node_chain.add(CITY.agency), agency.say()])
    return node_chain, agency


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        pytest.param(lambda _: b"anything", "REC-002", id="no JSON"),
        pytest.param(lambda a: a.say() + b"\n", "REC-003", id="not canonical"),
        pytest.param(lambda a: a.say(log="other.example/log"), "LED-090", id="replayed from another log"),
        pytest.param(lambda _: genesis(CITY, specs=["more"]), "REC-020", id="genesis again"),
        pytest.param(lambda _: Chain(STRANGER.agency, 1, bytes(32)).say(), "REC-030", id="a stranger's key"),
        pytest.param(lambda a: Chain(CITY.node, 2, a.previous).say(), "REC-031", id="the node publishes"),
        pytest.param(lambda _: Chain(CITY.agency).say(), "", id="the very same again is no news"),
        pytest.param(lambda _: publish(CITY, honest_release(), bytes=1), "LED-071", id="the first place taken again"),
        pytest.param(lambda a: Chain(CITY.agency, 2, a.previous).say(), "LED-071", id="a gap"),
        pytest.param(lambda _: Chain(CITY.agency, 1, bytes(32)).say(), "LED-071", id="behind something else"),
        pytest.param(forged, "REC-103", id="a forged signature"),
    ],
)
def test_what_is_not_let_in(log: Log, entry: Any, code: str) -> None:
    _, agency = opened(log)
    made = entry(agency)
    if not code:
        assert log.append([made])[0].was_new is False
        return
    assert refused(log.append, [made]) == code
    assert log.size == 3


def test_a_key_of_a_log_signs_no_statement(log: Log) -> None:
    node_chain, _ = opened(log)
    head_key = SigningKey.from_seed(CITY.agency.public.name, KeyKind.LOG, b"h" * 32)
    body = read_statement(add_key(CITY, head_key)).body
    assert refused(log.append, [node_chain.say("add-key", {**body, "role": "log"})]) == "REC-020"
    witness = SigningKey.from_seed(CITY.node.public.name, KeyKind.WITNESS, b"h" * 32)
    body = read_statement(add_key(CITY, witness)).body
    tail = log.tail(CITY.node.public.name)
    assert tail is not None
    adding = Chain(CITY.node, tail.seq + 1, tail.leaf_hash).say("add-key", {**body, "role": "witness"})
    log.append([adding])
    assert refused(log.append, [Chain(witness, 1, bytes(32)).say("renew", RENEW)]) == "REC-031"


def test_a_revoked_key_signs_no_more_even_in_the_same_batch(log: Log) -> None:
    node_chain, agency = opened(log)
    keyid = CITY.agency.public.key_id.hex()
    early = agency.say()
    body = {"name": CITY.agency.public.name, "keyid": keyid, "reason": "compromised", "invalid_from_index": 2}
    gone, late = node_chain.say("revoke-key", body), agency.say()
    assert refused(log.append, [early, gone, late]) == "REC-032"
    assert [one.index for one in log.append([early, gone])] == [3, 4]
    assert refused(log.append, [late]) == "REC-032"


def test_nothing_follows_a_seal(log: Log) -> None:
    node_chain, agency = opened(log)
    assert refused(log.append, [Chain(CITY.node, 2, node_chain.previous).say("seal", {"size": 9, "reason": "合併"})])
    log.append([node_chain.say("seal", {"size": 3, "reason": "合併"})])
    assert refused(log.append, [agency.say()]) == "LED-102"
    assert refused(log.append, [node_chain.say("seal", {"size": 4, "reason": "合併"})]) == "LED-102"


def test_a_key_is_good_from_its_own_statement_on_in_the_same_batch(log: Log) -> None:
    zeimu = SigningKey.from_seed("mihon.example/agency/zeimu", KeyKind.STATEMENT, b"z" * 32)
    node_chain, _ = opened(log)
    adding, early = node_chain.add(zeimu), Chain(zeimu).say()
    assert refused(log.append, [early, adding]) == "REC-030"
    assert [one.index for one in log.append([adding, early])] == [3, 4]


def test_a_refused_batch_leaves_no_key_behind(log: Log) -> None:
    """The ring of a batch dies with the batch: what was refused was never said."""
    zeimu = SigningKey.from_seed("mihon.example/agency/zeimu", KeyKind.STATEMENT, b"z" * 32)
    node_chain, agency = opened(log)
    adding = node_chain.add(zeimu)
    assert refused(log.append, [adding, b"rubbish"]) == "REC-002"
    assert refused(log.append, [Chain(zeimu).say()]) == "REC-030"
    assert log.append([agency.say()])[0].index == 3


class Counting:
    """An `Admitted` that counts how often entries behind the published are read."""

    def __init__(self, published: list[bytes]) -> None:
        self.held, self.published, self.read = list(published), len(published), 0

    @property
    def size(self) -> int:
        return len(self.held)

    def entry(self, index: int) -> bytes:
        return self.held[index]

    def entries(self, start: int, end: int) -> Iterator[bytes]:
        for entry in self.held[start:end]:
            self.read += 1
            yield entry

    def tail(self, signer: str) -> None:
        return None


def test_a_batch_is_read_once_and_not_once_for_each_entry() -> None:
    agency = Chain(CITY.agency)
    log, check = Counting([GENESIS, node().add(CITY.agency)]), StatementCheck(CITY.origin)
    for _ in range(50):
        entry = agency.say()
        check(entry, log)
        log.held.append(entry)
    assert log.read == 2 + 49


def test_another_batch_starts_from_what_is_published() -> None:
    zeimu = SigningKey.from_seed("mihon.example/agency/zeimu", KeyKind.STATEMENT, b"z" * 32)
    node_chain, check = node(), StatementCheck(CITY.origin)
    published = [GENESIS, node_chain.add(CITY.agency)]
    one, other = Counting(published), Counting(published)
    one.held.append(node_chain.add(zeimu))
    said = Chain(zeimu).say()
    assert check(said, one) is not None
    assert refused(check, said, other) == "REC-030"  # though its signature is remembered as right
    assert check(said, one) is not None


def test_memory_of_signatures_is_bounded() -> None:
    agency, log = Chain(CITY.agency), Counting([GENESIS, node().add(CITY.agency)])
    check = StatementCheck(CITY.origin, remembered=4)
    said = [agency.say() for _ in range(9)]
    for entry in said:
        check(entry, log)
    assert list(check._known) == said[-4:]


def test_add_key_statements_are_told_by_their_end() -> None:
    node_chain, agency = node(), Chain(CITY.agency)
    assert changes_ring(node_chain.add(CITY.agency))
    named = node_chain.say("add-key", {**read_statement(add_key(CITY, STRANGER.agency)).body, "x": {"a": "é"}})
    assert changes_ring(named)
    for length in range(6):
        body = {**PUBLISH, "licence": ',"type":"add-key","v":1}' + "x" * length}
        assert not changes_ring(agency.say(body=body))
    assert changes_ring(GENESIS)
    for rubbish in (b"", b"{}", b'","payloadType":"', b'{"payload":"e30","payloadType":"'):
        assert not changes_ring(rubbish)
