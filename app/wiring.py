"""Builds the adapters of one node, once: the only place that names them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock

import sqlalchemy as sa

from app.config import Settings, named_urls
from app.db.engine import make_engine, migrate, transaction
from app.federation import peers
from app.federation.exchange import Exchange
from app.federation.forks import ForkStore
from app.jobs import slot, worker
from app.jobs.queue import DbosQueue, retry_failed
from app.jobs.recurring import Recurring
from app.outbound import Outbound
from app.ports import Clock, Job, JobQueue
from app.services import anchoring, names, node, peering
from app.services.anchoring import Anchorer
from app.services.changing import Changer
from app.services.erasing import Eraser, replay
from app.services.evidence import Evidence
from app.services.folders import Folders
from app.services.indexing import Indexer
from app.services.inscribing import Scribe, catch_up, check_database, held_log_keys
from app.services.intake import sweep
from app.services.keying import KeyAdder
from app.services.keys_of_log import LogKeys, listed_in
from app.services.logkeeping import SelfCheck, prune_log
from app.services.peering import Announcer
from app.services.publishing import Publisher
from app.services.rotating import KeyChanger
from app.services.searching import Searcher
from archive.ledger.anchor.headers import Esplora
from archive.ledger.anchor.ots import Calendar
from archive.ledger.anchor.port import Anchor
from archive.ledger.anchor.rfc3161 import TimeAuthority
from archive.ledger.disk import Disk as LogDisk
from archive.ledger.disk import LocalDisk as LocalLogDisk
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import StatementCheck
from archive.ledger.tiles import LocalTiles
from archive.ledger.witness import Witness
from archive.ledger.witness_client import SECONDS as WITNESS_SECONDS
from archive.ledger.witness_client import WitnessAt, WitnessClient
from archive.ledger.witness_state import SqliteWitnessState
from archive.ledger.writer import Log, open_log
from archive.objects.recovery import recover_all
from archive.objects.root import StorageRoot
from archive.records.keys import PublicKey
from archive.records.keystore import KeyStore, read_or_make_secret
from archive.store.disk import Disk, LocalDisk
from archive.store.staging import Staging
from search.analysis import Analyser

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


class SystemClock:
    """The machine's time of day."""

    def now(self) -> datetime:
        """Return the present moment in UTC, to the second: finer than statements say is noise."""
        return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Disks:
    """The effects on disk of the archive and of the log's writer: the real ones, unless a test has its own."""

    archive: Disk = field(default_factory=LocalDisk)
    log: LogDisk = field(default_factory=LocalLogDisk)


@dataclass(frozen=True)
class Portal:
    """One node, open for reading and for enqueueing work; any number of processes may have one."""

    settings: Settings
    folders: Folders
    host: str
    log_keys: LogKeys
    engine: sa.Engine
    jobs: JobQueue
    root: StorageRoot
    staging: Staging
    log: LogReader
    searcher: Searcher
    clock: Clock
    node_secret: bytes
    disks: Disks

    @property
    def origin(self) -> str:
        """The log's origin."""
        return names.log_origin(self.host)

    @property
    def log_key(self) -> PublicKey:
        """The newest key of the log in force: the one to compare and to keep."""
        return self.log_keys.of_log[0]

    @property
    def evidence(self) -> Evidence:
        """Makes evidence bundles."""
        return Evidence(self.engine, self.root, self.log, self.folders.log, lambda: self.policy)

    @cached_property
    def cosigners(self) -> WitnessClient:
        """The peers that witness this log, as the list of peers has them at the moment they are asked."""

        def witnesses() -> list[WitnessAt]:
            with transaction(self.engine) as session:
                return peers.witnesses(session)

        return WitnessClient(
            self.outbound.within(WITNESS_SECONDS),
            witnesses,
            self.settings.quorum,
            lambda: self.clock.now().timestamp(),
            lambda size: peering.confirmed(self.folders.log_state, size),
        )

    @property
    def policy(self) -> str:
        """The policy of this log as it is now, in C2SP tlog-policy syntax: its key, its witnesses, how many of them."""
        with transaction(self.engine) as session:
            return peering.policy_text(session, self.log_keys.of_log, self.settings.quorum)

    @property
    def keys(self) -> KeyStore:
        """The sealed signing keys."""
        return KeyStore(self.folders.keys, self.node_secret)

    @property
    def witness(self) -> Witness:
        """The node as a witness of its peers. Raises KeyNotHere while it has no key for that."""
        return peering.witness(self.folders, self.keys, self.host, self.engine, lambda: self.clock.now().timestamp())

    @property
    def exchange(self) -> Exchange:
        """The checkpoints that this node was shown."""
        return Exchange(
            self.engine,
            ForkStore(self.folders.forks),
            SqliteWitnessState(self.folders.log_state),
            self.log_keys.of_log,
            LocalTiles(self.folders.log),
            self.clock.now,
        )

    @property
    def outbound(self) -> Outbound:
        """The way to other nodes."""
        return Outbound(allow_private=self.settings.ask_private_addresses)

    @property
    def anchorer(self) -> Anchorer:
        """Asks for proofs of time of this log's checkpoints."""
        ways, roots = self.outbound, anchoring.authorities(self.folders)
        authorities = named_urls(self.settings.time_authorities)
        found: list[Anchor] = [TimeAuthority(name, url, ways, roots) for name, url in authorities]
        found += [Calendar(name, url, ways) for name, url in named_urls(self.settings.time_calendars)]
        headers = Esplora(self.settings.block_headers, ways) if self.settings.block_headers else None
        return Anchorer(
            self.folders.log, self.log, found, self.settings.anchor_hours, self.clock, roots=roots, headers=headers
        )

    def close(self) -> None:
        """Let go of connections, threads and files."""
        self.searcher.close()
        self.jobs.close()
        self.engine.dispose()


def open_portal(
    settings: Settings,
    *,
    clock: Clock | None = None,
    jobs: JobQueue | None = None,
    disks: Disks | None = None,
    rebuilding: bool = False,
) -> Portal:
    """Return the node in the data folder, its database migrated.

    Raises:
        NoNode, NotAnArchive, DatabaseOlder: it refuses to start rather than show an empty portal. With `rebuilding`
            an older or empty database is what is expected.

    """
    folders = Folders(settings.data_dir.absolute())
    host = node.host_of(folders)
    engine = make_engine(settings.sqlalchemy_url)
    migrate(engine)
    if jobs is None:
        worker.prepare(engine)
        jobs = DbosQueue(engine)
    log_keys = LogKeys(LogReader(folders.log), listed_in(engine))
    log = LogReader(folders.log, lambda: log_keys.of_log)
    if not rebuilding:
        check_database(engine, log)
    disks = disks or Disks()
    root = StorageRoot.open(folders.objects, folders.staging, disks.archive)
    if not rebuilding:
        replay(engine, root, log)
    analyser = Analyser.load()
    return Portal(
        settings=settings,
        folders=folders,
        host=host,
        log_keys=log_keys,
        engine=engine,
        jobs=jobs,
        root=root,
        staging=Staging(folders.staging, disks.archive, settings.max_upload_bytes),
        log=log,
        searcher=Searcher(settings.search_engine, folders.index, analyser),
        clock=clock or SystemClock(),
        node_secret=read_or_make_secret(folders.node_secret, make=False),
        disks=disks,
    )


@dataclass(frozen=True)
class Workshop:
    """What only the worker has: the log's writer, the index's writer, and the sagas built on them."""

    scribe: Scribe
    publisher: Publisher
    changer: Changer
    key_adder: KeyAdder
    key_changer: KeyChanger
    eraser: Eraser
    indexer: Indexer
    announcer: Announcer
    rounds: Sequence[Recurring] = ()

    def steps(self) -> Mapping[Job, Sequence[tuple[str, worker.Step]]]:
        """Return the steps of every kind of job, in their order."""
        return {
            Job.PUBLISH: [
                ("commit", self.publisher.commit),
                ("inscribe", self.publisher.inscribe),
                ("show", self.publisher.show),
                ("tidy", self.publisher.tidy),
            ],
            Job.CHANGE: [
                ("commit", self.changer.commit),
                ("inscribe", self.changer.inscribe),
                ("show", self.changer.show),
            ],
            Job.ADD_KEY: [
                ("key", self.key_adder.make_key),
                ("commit", self.key_adder.commit),
                ("inscribe", self.key_adder.inscribe),
            ],
            Job.ERASE: [
                ("hide", self.eraser.hide),
                ("destroy", self.eraser.destroy),
                ("inscribe", self.eraser.inscribe),
                ("show", self.eraser.show),
                ("purge", self.eraser.purge),
            ],
            Job.INDEX: [("index", self.indexer.index)],
            Job.PEER: [("inscribe", self.announcer.peer)],
            Job.KEY: self.key_changer.steps(),
        }

    def recurring(self) -> Sequence[Recurring]:
        """Return what the worker does again and again while it runs."""
        return self.rounds


@contextmanager
def open_workshop(portal: Portal) -> Iterator[Workshop]:
    """Give the writers of a node to this process.

    Raises:
        WriterBusy, Locked: another process has them.
        FatalLedgerError: the log must not be written; a person has to look.

    """
    keys, opened = portal.keys, portal.log_keys.of_log
    log_key, *following = held_log_keys(portal.log_keys.ring(), keys)
    with ExitStack() as stack:
        log = stack.enter_context(
            open_log(
                portal.folders.log,
                portal.folders.log_state,
                log_key,
                lambda: portal.clock.now().timestamp(),
                StatementCheck(portal.origin),
                disk=portal.disks.log,
                batch=portal.settings.log_batch,
                gather=portal.settings.log_batch_wait_ms / 1000,
                cosigners=portal.cosigners,
                following=following,
            )
        )
        recover_all(portal.root)
        catch_up(portal.engine, portal.log)
        sweep(portal.engine, portal.staging)
        scribe = Scribe(portal.engine, log, keys, portal.clock, portal.origin, Lock(), portal.log_keys)
        if portal.log_keys.of_log != opened:  # a crash left the statement decided that brings or ends one
            scribe.sign_heads()
        announcer = Announcer(
            portal.engine, keys, scribe, portal.log, portal.clock, portal.host, portal.folders.log_state
        )
        indexer = Indexer(
            portal.engine,
            portal.root,
            portal.searcher,
            portal.folders.cache,
            portal.settings.extraction_seconds,
        )
        stack.callback(indexer.close)
        yield Workshop(
            scribe=scribe,
            publisher=Publisher(
                portal.engine,
                portal.root,
                portal.staging,
                scribe,
                portal.jobs,
                portal.clock,
                portal.host,
                portal.node_secret,
            ),
            changer=Changer(
                portal.engine, portal.root, scribe, portal.jobs, portal.clock, portal.host, portal.node_secret
            ),
            eraser=Eraser(
                portal.engine,
                portal.root,
                scribe,
                portal.jobs,
                portal.clock,
                indexer,
                portal.folders.cache,
                portal.host,
            ),
            key_adder=KeyAdder(portal.engine, portal.root, keys, scribe, portal.clock, portal.host),
            key_changer=KeyChanger(portal.engine, keys, scribe, portal.clock, portal.host),
            indexer=indexer,
            announcer=announcer,
            rounds=[*_rounds(portal), *_rounds_with_peers(portal, scribe.log, announcer)],
        )


def _rounds(portal: Portal) -> Sequence[Recurring]:
    """Return what comes round whatever the node's settings are."""

    def prune() -> None:
        prune_log(portal.folders, portal.log, portal.clock)

    def anchor() -> None:
        portal.anchorer.run()

    look = SelfCheck(portal.folders, lambda: portal.log_keys.of_log, portal.clock)
    return [
        Recurring("log self-check", _HOUR, look.run),
        Recurring("log prune", _DAY, prune),
        Recurring("proofs of time", _HOUR / 4, anchor),
    ]


def _rounds_with_peers(portal: Portal, log: Log, announcer: Announcer) -> Sequence[Recurring]:
    """Return what this node does for its peers and asks of them; without any it does nothing and asks nobody."""

    def cosign() -> None:
        log.refresh_cosignatures()
        retry_failed(portal.jobs, "LED-115")  # what the witnesses' silence held back (StartUnconfirmed) may go on now
        for problem in portal.cosigners.problems.values():
            raise problem

    def exchange() -> None:
        portal.exchange.look(portal.outbound)

    return [
        Recurring("witness key", _HOUR, announcer.key),
        Recurring("cosignatures", _MINUTE, cosign),
        Recurring("exchange with peers", _HOUR, exchange),
        Recurring("peers of the day", _HOUR, announcer.peers_of_the_day),
    ]


@contextmanager
def working(portal: Portal) -> Iterator[Workshop]:
    """Be the node's worker while the block lasts. Raises WorkerRuns, and as `open_workshop`."""
    with (
        slot.worker_slot(portal.folders.data),
        open_workshop(portal) as workshop,
        worker.running(portal.engine, workshop.steps()),
    ):
        yield workshop
