"""Builds the adapters of one node, once: the only place that names them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import sqlalchemy as sa

from app.config import Settings, named_urls
from app.db.engine import make_engine, migrate, transaction
from app.federation import peers
from app.federation.exchange import Exchange
from app.federation.forks import ForkStore
from app.jobs import worker
from app.jobs.queue import DbosQueue
from app.outbound import Outbound
from app.ports import Clock, JobQueue
from app.services import anchoring, names, node, peering
from app.services.anchoring import Anchorer
from app.services.erasing import replay
from app.services.evidence import Evidence
from app.services.folders import Folders
from app.services.inscribing import check_database
from app.services.keys_of_log import LogKeys, listed_in
from app.services.searching import Searcher
from archive.ledger.anchor.headers import Esplora
from archive.ledger.anchor.ots import Calendar
from archive.ledger.anchor.port import Anchor
from archive.ledger.anchor.rfc3161 import TimeAuthority
from archive.ledger.disk import Disk as LogDisk
from archive.ledger.disk import LocalDisk as LocalLogDisk
from archive.ledger.reader import LogReader
from archive.ledger.tiles import LocalTiles
from archive.ledger.witness import Witness
from archive.ledger.witness_client import SECONDS as WITNESS_SECONDS
from archive.ledger.witness_client import WitnessAt, WitnessClient
from archive.ledger.witness_state import SqliteWitnessState
from archive.objects.root import StorageRoot
from archive.records.keys import PublicKey
from archive.records.keystore import KeyStore, read_or_make_secret
from archive.store.disk import Disk, LocalDisk
from archive.store.staging import Staging
from search.analysis import Analyser


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
