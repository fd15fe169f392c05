"""The numbered steps from a file's bytes to a log that the reader trusts (docs/reference/evidence-bundle.md).

Each step raises what is wrong. Step 5 runs before 3 and 4, which need what the statement says; nothing is believed
before step 8, and nothing is answered 0 before step 9. Step 10, the time, adds to an answer and never makes one good.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, cosignatures
from archive.ledger.errors import NotSigned, QuorumNotMet, UnknownLog
from archive.ledger.policy import Policy
from archive.store.hashing import Digests
from archive.verify import bundle as bundles
from archive.verify import chain as chains
from archive.verify import subject as subjects
from archive.verify import timing
from archive.verify.chain import Chain
from archive.verify.claims import Bundle
from archive.verify.errors import Doubtful, NothingPinned
from archive.verify.result import STEPS, Facts, Result, Step, StepState, Verdict

WITHOUT_BYTES = frozenset({1, 2})
"""The steps that an erased file leaves nothing to check for."""


def check(
    file: Digests | None,
    raw: bytes,
    policy: Policy | None,
    now: int | None = None,
    authorities: Sequence[bytes] = (),
) -> Result:
    """Return the verdict on a file by the evidence bundle `raw` under the pinned `policy`.

    `file` has the digests of the bytes in question: of a file, of a row for the bundle of a row, or None for the
    bundle of a file that was erased. `matches` only when all nine steps went well; `broken` with the error of the
    first that did not; `undetermined` when the evidence is consistent but its log is not one that the policy trusts,
    or none is pinned; `pending` when witnesses are missing; `doubtful` when the agency's key was revoked for the time
    of the statement. `now` (seconds since 1970) refuses cosignatures from the future; `authorities` (PEM) are the time
    authorities whose tokens are believed. Raises nothing.
    """
    trail = _Trail()
    try:
        facts, chain = _consistent(file, bundles.parse(raw), trail, now, authorities)
    except ArchiveError as error:
        return Result(Verdict.BROKEN, file, trail.steps(), None, error)
    try:
        with trail.step(9):  # (9) the log is one that the reader trusts
            facts = replace(facts, witnesses=_trusted(chain.head, policy, now))
    except NothingPinned as error:
        return Result(Verdict.UNDETERMINED, file, trail.steps(not_checked=9), facts, error)
    except (UnknownLog, NotSigned) as error:
        return Result(Verdict.UNDETERMINED, file, trail.steps(), facts, error)
    except QuorumNotMet as error:
        seen = _witnesses(chain.head, policy)
        return Result(Verdict.PENDING, file, trail.steps(), replace(facts, witnesses=seen), error)
    except ArchiveError as error:
        return Result(Verdict.BROKEN, file, trail.steps(), None, error)
    return _answer(file, facts, trail)


def _answer(file: Digests | None, facts: Facts, trail: "_Trail") -> Result:
    if facts.doubtful_from is not None:
        error = Doubtful({"index": facts.log_index, "from": facts.doubtful_from})
        return Result(Verdict.DOUBTFUL, file, trail.steps(), facts, error)
    if file is None:
        return Result(Verdict.ERASED, file, trail.steps(), facts)
    if facts.withdrawn_at is not None:
        return Result(Verdict.WITHDRAWN, file, trail.steps(), facts)
    return Result(Verdict.MATCHES, file, trail.steps(), facts)


def _consistent(
    file: Digests | None, bundle: Bundle, trail: "_Trail", now: int | None, authorities: Sequence[bytes]
) -> tuple[Facts, Chain]:
    subject = bundle.subject
    with trail.step(1):  # (1) the bytes are those that the bundle is for
        chosen = subjects.choose(file, subject)
    with trail.step(2):  # (2) the opening opens the leaf, and says these bytes
        path, size = subjects.check_leaf(file, subject, chosen)
    if file is None:
        trail.forget(WITHOUT_BYTES)
    with trail.step(5):  # (5) the envelope is canonical, and its statement publishes this release
        publish = chains.open_statement(bundle.publish)
        chains.check_release(publish.statement, bundle)
    with trail.step(3):  # (3) the leaf leads to the manifest root, which the statement commits to
        files = subjects.check_manifest(bundle, publish.statement)
    with trail.step(4):  # (4) the metadata record is the committed one, and tells of the same release and file
        said = subjects.check_record(bundle, publish.statement, files, path, size)
    if said is None:
        trail.forget({4})
    with trail.step(6):  # (6) the agency's key signed, which a key that was valid before has added
        chain = chains.check_signatures(bundle, publish)
    with trail.step(7):  # (7) every statement stands in one log under one head
        chains.check_inclusion(chain)
    with trail.step(8):  # (8) the head is signed by a log key that genesis names, or one that followed it
        log_key = chains.check_head(chain)
    facts = chains.facts(bundle, chain, log_key, said, path)
    if file is None:
        chains.require_erased(chain, subject)
    with trail.step(10):  # (10) the time: what independent authorities say of it
        facts = replace(facts, times=timing.check(bundle, chain, now, authorities))
    if not facts.times:
        trail.forget({10})
    return facts, chain


def _trusted(head: SignedCheckpoint, policy: Policy | None, now: int | None) -> tuple[str, ...]:
    if policy is None:
        raise NothingPinned
    return tuple(one.witness.name for one in policy.check(head.raw, now).cosignatures)


def _witnesses(head: SignedCheckpoint, policy: Policy | None) -> tuple[str, ...]:
    known = list(policy.witnesses.values()) if policy else []
    return tuple(one.witness.name for one in cosignatures(head.note, known))


class _Trail:
    """Which steps went well so far; owned by one `check`."""

    def __init__(self) -> None:
        self._states: dict[int, StepState] = {}

    @contextmanager
    def step(self, number: int) -> Iterator[None]:
        self._states[number] = StepState.FAILED
        yield
        self._states[number] = StepState.OK

    def forget(self, numbers: frozenset[int] | set[int]) -> None:
        """Say of these steps that there was nothing to check."""
        for number in numbers:
            self._states[number] = StepState.NOT_CHECKED

    def steps(self, not_checked: int = 0) -> tuple[Step, ...]:
        self._states.pop(not_checked, None)
        return tuple(Step(number, self._states.get(number, StepState.NOT_CHECKED)) for number in STEPS)
