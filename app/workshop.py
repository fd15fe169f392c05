"""What only the worker has: the writers of a node's log and index, the sagas on them, and what comes round."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock

from app.jobs import slot, worker
from app.jobs.queue import retry_failed
from app.jobs.recurring import Recurring
from app.ports import Job
from app.services.changing import Changer
from app.services.erasing import Eraser
from app.services.indexing import Indexer
from app.services.inscribing import Scribe, catch_up, held_log_keys
from app.services.intake import sweep
from app.services.keying import KeyAdder
from app.services.logkeeping import SelfCheck, prune_log
from app.services.peering import Announcer
from app.services.publishing import Publisher
from app.services.rotating import KeyChanger
from app.wiring import Portal
from archive.ledger.statement_check import StatementCheck
from archive.ledger.writer import Log, open_log
from archive.objects.recovery import recover_all

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


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
    opened = portal.log_keys.of_log
    with ExitStack() as stack:
        log = stack.enter_context(_log_writer(portal))
        recover_all(portal.root)
        catch_up(portal.engine, portal.log)
        sweep(portal.engine, portal.staging)
        scribe = Scribe(portal.engine, log, portal.keys, portal.clock, portal.origin, Lock(), portal.log_keys)
        if portal.log_keys.of_log != opened:  # a crash left the statement decided that brings or ends one
            scribe.sign_heads()
        indexer = Indexer(
            portal.engine,
            portal.root,
            portal.searcher,
            portal.folders.cache,
            portal.settings.extraction_seconds,
        )
        stack.callback(indexer.close)
        yield _workshop(portal, scribe, indexer)


def _log_writer(portal: Portal) -> AbstractContextManager[Log]:
    """Return the log, to be opened for writing under every key that signs its heads today."""
    key, *following = held_log_keys(portal.log_keys.ring(), portal.keys)
    return open_log(
        portal.folders.log,
        portal.folders.log_state,
        key,
        lambda: portal.clock.now().timestamp(),
        StatementCheck(portal.origin),
        disk=portal.disks.log,
        batch=portal.settings.log_batch,
        gather=portal.settings.log_batch_wait_ms / 1000,
        cosigners=portal.cosigners,
        following=following,
    )


def _workshop(portal: Portal, scribe: Scribe, indexer: Indexer) -> Workshop:
    """Return the sagas over one scribe and one indexer."""
    engine, root, jobs, clock, host = portal.engine, portal.root, portal.jobs, portal.clock, portal.host
    keys, secret = portal.keys, portal.node_secret
    announcer = Announcer(engine, keys, scribe, portal.log, clock, host, portal.folders.log_state)
    return Workshop(
        scribe=scribe,
        publisher=Publisher(engine, root, portal.staging, scribe, jobs, clock, host, secret),
        changer=Changer(engine, root, scribe, jobs, clock, host, secret),
        eraser=Eraser(engine, root, scribe, jobs, clock, indexer, portal.folders.cache, host),
        key_adder=KeyAdder(engine, root, keys, scribe, clock, host),
        key_changer=KeyChanger(engine, keys, scribe, clock, host),
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
