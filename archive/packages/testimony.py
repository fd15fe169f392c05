"""The part of an evidence bundle that comes from the log: statements, the keys behind them, their proofs, the time."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from archive.ledger import renewal
from archive.ledger.anchor.renewed import Way
from archive.ledger.checkpoint import SignedCheckpoint
from archive.ledger.proof import TlogProof
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import changes_ring, read_statement
from archive.records import dsse
from archive.verify import bundle as bundles


@dataclass(frozen=True)
class Anchored:
    """A proof of time over a checkpoint of this log: its kind, who gave it, its raw bytes, and that checkpoint."""

    kind: str
    by: str
    token: bytes
    header: bytes
    checkpoint: SignedCheckpoint


@dataclass(frozen=True)
class Renewed:
    """A renew statement of this log over the entries `first` up to `end`, an older token's way, and its own anchor."""

    index: int
    first: int
    end: int
    way: Way
    anchored: Anchored


@dataclass(frozen=True)
class Context:
    """What else is known around a publication; the portal looks it up, so that nobody has to read the whole log.

    `ring` are the indices of all statements that change keys (None: the log is read for them), `later` those of the
    statements that amend, withdraw or erase the release. `policy` is the tlog-policy that the node recommends today.
    """

    ring: Sequence[int] | None = None
    later: Sequence[int] = ()
    anchors: Sequence[Anchored] = field(default=())
    renewals: Sequence[Renewed] = field(default=())
    policy: str = ""


def testify(log: LogReader, log_index: int, context: Context) -> dict[str, Any]:
    """Return the members statement, keys, later, anchors, renewals, proof and policy for the statement at `log_index`.

    All proofs but those of anchors are under the checkpoint that is published now. Raises as `LogReader.entry` and
    `LogReader.inclusion_proof`.
    """
    head = log.checkpoint()
    ring = _Ring(log, context.ring, head.size)
    later = [(index, log.entry(index)) for index in sorted(context.later) if log_index < index < head.size]
    entry = log.entry(log_index)
    keys = ring.behind([(log_index, entry), *later])
    own = later[-bundles.MAX_LATER :]  # what was said of the release itself comes before what was said of keys
    room = bundles.MAX_LATER - len(own)
    later = sorted([*own, *(ring.revocations(keys, log_index)[-room:] if room else [])])
    keys = ring.behind([(log_index, entry), *later])
    found: dict[str, Any] = {
        "statement": {"entry": entry.decode(), "index": log_index},
        "keys": [_claim(log, index, key, head) for index, key in keys],
        "proof": _proof(log, log_index, head),
        "policy": context.policy or read_statement(log.entry(0)).body["policy"],
    }
    if later:
        found["later"] = [_claim(log, index, each, head) for index, each in later]
    if context.anchors:
        found["anchors"] = [anchor_claim(log, log_index, each) for each in context.anchors[: bundles.MAX_ANCHORS]]
    renewals = [each for each in context.renewals if each.first <= log_index < each.end]
    if renewals:
        found["renewals"] = [_renewal_claim(log, log_index, each, head) for each in renewals[-bundles.MAX_ANCHORS :]]
    return found


def _renewal_claim(log: LogReader, log_index: int, renewed: Renewed, head: SignedCheckpoint) -> dict[str, Any]:
    leaves = [renewal.leaf_hash(entry) for entry in log.entries(renewed.first, renewed.end)]
    way = renewal.path(leaves, log_index - renewed.first)
    return {
        "statement": _claim(log, renewed.index, log.entry(renewed.index), head),
        "path": [base64.b64encode(step).decode() for step in way],
        "token": {
            "index": renewed.way.index,
            "size": renewed.way.count,
            "path": [base64.b64encode(step).decode() for step in renewed.way.path],
        },
        "anchor": anchor_claim(log, renewed.index, renewed.anchored),
    }


def anchor_claim(log: LogReader, index: int, anchored: Anchored) -> dict[str, Any]:
    """Return the member of `anchors` that shows the time of the statement at `index`."""
    return {
        "kind": anchored.kind,
        "by": anchored.by,
        "token": base64.b64encode(anchored.token).decode(),
        **({"header": base64.b64encode(anchored.header).decode()} if anchored.header else {}),
        "proof": _proof(log, index, anchored.checkpoint),
    }


class _Ring:
    """The key statements of a log, and which of them stand behind a signature."""

    def __init__(self, log: LogReader, indices: Sequence[int] | None, size: int) -> None:
        self._log = log
        self._added: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._revoked: list[tuple[int, bytes, tuple[str, str]]] = []
        self._heads: list[tuple[int, bytes]] = []
        for index, entry in self._candidates(indices, size):
            statement = read_statement(entry)
            if statement.type == "add-key":
                name, keyid, _ = str(statement.body["vkey"]).split("+", 2)
                self._added.setdefault((name, keyid), (index, entry))
                if statement.body["role"] == "log":
                    self._heads.append((index, entry))
            elif statement.type == "revoke-key":
                self._revoked.append((index, entry, (statement.body["name"], statement.body["keyid"])))

    def _candidates(self, indices: Sequence[int] | None, size: int) -> Iterator[tuple[int, bytes]]:
        if indices is not None:
            yield from ((index, self._log.entry(index)) for index in sorted(indices) if 0 < index < size)
            return
        for index, entry in enumerate(self._log.entries(1, size), start=1):
            if changes_ring(entry):
                yield index, entry

    def behind(self, statements: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Return genesis, and every add-key that leads from it to the signers, and to the log's own later keys."""
        found = {0: self._log.entry(0)}
        waiting = [*statements, *self._heads]
        found.update(self._heads)
        while waiting and len(found) < bundles.MAX_KEYS:
            index, entry = waiting.pop()
            brought = self._added.get(_signer(entry))
            if brought is not None and brought[0] < index and brought[0] not in found:
                found[brought[0]] = brought[1]
                waiting.append(brought)
        return sorted(found.items())

    def revocations(self, keys: Sequence[tuple[int, bytes]], after: int) -> list[tuple[int, bytes]]:
        """Return the statements that revoke one of `keys`, or a key of genesis, and stand behind `after`."""
        known = {_vkey(entry) for index, entry in keys if index}
        genesis = read_statement(self._log.entry(0)).body
        known |= {tuple(vkey.split("+", 2)[:2]) for role in ("node", "log") for vkey in genesis[role]}
        return [(index, entry) for index, entry, revoked in self._revoked if index > after and revoked in known]


def _vkey(entry: bytes) -> tuple[str, ...]:
    return tuple(str(read_statement(entry).body["vkey"]).split("+", 2)[:2])


def _signer(entry: bytes) -> tuple[str, str]:
    return read_statement(entry).agency, dsse.open_entry(entry).keyid


def _claim(log: LogReader, index: int, entry: bytes, head: SignedCheckpoint) -> dict[str, Any]:
    return {"entry": entry.decode(), "index": index, "proof": _proof(log, index, head)}


def _proof(log: LogReader, index: int, head: SignedCheckpoint) -> str:
    return TlogProof(index, tuple(log.inclusion_proof(index, head.size)), head).encode().decode()
