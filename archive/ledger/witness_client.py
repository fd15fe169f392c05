"""Asking witnesses for cosignatures, all at once, and believing none of them unseen (C2SP tlog-witness, client)."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, cosignatures
from archive.ledger.cosigners import Prove
from archive.ledger.errors import BadCosignatureTime, LedgerError
from archive.ledger.note import MAX_NOTE_BYTES, Note, NoteSignature, decode_decimal, parse_signature_line
from archive.ledger.policy import CLOCK_LEEWAY
from archive.ledger.transport import Answer, Transport
from archive.ledger.witness import SIZE_TYPE, AddCheckpoint, origin_hash
from archive.records.keys import PublicKey

SECONDS = 2.0
STALE_SECONDS = 3_600
_REST_SECONDS = 60.0
_TRIES = 3
_OK, _NOT_FOUND, _CONFLICT = 200, 404, 409
_REQUEST_TYPE = "text/plain; charset=utf-8"

T = TypeVar("T")


class WitnessRefused(LedgerError):
    code = "LED-116"
    ja = "証人「{witness}」は連署しませんでした({why})。後でもう一度頼みます。"
    en = "The witness {witness} did not cosign ({why}). It will be asked again."
    zh = "見證者「{witness}」未連署({why})。稍後會再請求。"


@dataclass(frozen=True)
class WitnessAt:
    """A witness: its key, and the prefix (no slash at its end) under which it is asked."""

    key: PublicKey
    url: str


class WitnessClient:
    """`Cosigners` over a `Transport`. `witnesses` gives those in force now, `quorum` how many of them are wanted.

    Ownership: one writer has it. `problems` says why each witness that did not answer the last time did not.
    """

    def __init__(
        self,
        transport: Transport,
        witnesses: Callable[[], Sequence[WitnessAt]],
        quorum: int,
        clock: Callable[[], float],
        is_confirmed: Callable[[int], bool],
        seconds: float = SECONDS,
    ) -> None:
        self._transport, self._witnesses, self._quorum = transport, witnesses, quorum
        self._clock, self._is_confirmed, self._seconds = clock, is_confirmed, seconds
        self._sizes: dict[PublicKey, int] = {}  # what each is believed to hold; only a guess, a 409 mends it
        self._failed_at: dict[PublicKey, float] = {}
        self.problems: dict[PublicKey, ArchiveError] = {}

    @property
    def answers_needed(self) -> int:
        """How many witnesses must answer before the first signature (LEDGER D7)."""
        count = len(self._witnesses())
        return max(count - self._quorum + 1, 1) if self._quorum and count else 0

    def is_confirmed(self, size: int) -> bool:
        """Tell whether the operator vouches for a log of `size` leaves."""
        return self._is_confirmed(size)

    def cosign(self, signed: SignedCheckpoint, prove: Prove, *, patient: bool) -> Sequence[NoteSignature]:
        """Return the checked lines of those that answered in time, of those whose line is missing or an hour old."""
        fresh = {key for key, at in self._times(signed.note).items() if at > self._clock() - STALE_SECONDS}
        now, known = time.monotonic(), self._witnesses()
        for gone in self.problems.keys() - {each.key for each in known}:
            del self.problems[gone]
        asked = [
            each
            for each in known
            if each.key not in fresh and (patient or now - self._failed_at.get(each.key, -1e9) > _REST_SECONDS)
        ]
        seconds = self._seconds * (_TRIES if patient else 1)
        return list(self._each(asked, lambda at: self._ask(at, signed, prove), seconds).values())

    def heads(self, origin: str) -> Mapping[PublicKey, bytes | None]:
        """Return what each witness says it holds of `origin`; the silent are absent."""
        return self._each(self._witnesses(), lambda at: self._head(at, origin), self._seconds)

    def _times(self, note: Note) -> Mapping[PublicKey, int]:
        return {each.witness: each.time for each in cosignatures(note, [at.key for at in self._witnesses()])}

    def _each(self, asked: Sequence[WitnessAt], ask: Callable[[WitnessAt], T], seconds: float) -> dict[PublicKey, T]:
        """Ask all at once; who is silent when the time is over is left behind, and its thread ends by itself."""
        if not asked:
            return {}
        threads = ThreadPoolExecutor(len(asked), thread_name_prefix="witness")
        futures = {at: threads.submit(ask, at) for at in asked}
        wait(futures.values(), timeout=seconds)
        threads.shutdown(wait=False, cancel_futures=True)
        found: dict[PublicKey, T] = {}
        for at, future in futures.items():
            error = future.exception() if future.done() and not future.cancelled() else None
            if not future.done() or future.cancelled():
                error = WitnessRefused({"witness": at.key.name, "why": "too slow"})
            if error is None:
                found[at.key] = future.result()
                self.problems.pop(at.key, None)
                self._failed_at.pop(at.key, None)
            elif isinstance(error, ArchiveError):
                self.problems[at.key], self._failed_at[at.key] = error, time.monotonic()
            else:
                raise error
        return found

    def _ask(self, at: WitnessAt, signed: SignedCheckpoint, prove: Prove) -> NoteSignature:
        """Return the witness's checked line. Raises WitnessRefused, Unreachable, and what its line is refused for."""
        own = tuple(line for line in signed.note.signatures if line.name == signed.origin)
        note = Note(signed.note.text, own)
        old = min(self._sizes.get(at.key, 0), signed.size)
        for _ in range(_TRIES):
            proof = tuple(prove(old)) if 0 < old < signed.size else ()
            body = AddCheckpoint(old, proof, note.encode()).encode()
            answer = self._transport.post(
                f"{at.url}/add-checkpoint", body, media_type=_REQUEST_TYPE, limit=MAX_NOTE_BYTES
            )
            if answer.status == _OK:
                line = self._checked(at, note, answer.body)
                self._sizes[at.key] = signed.size
                return line
            old = self._after_conflict(at, answer, old, signed.size)
        raise WitnessRefused({"witness": at.key.name, "why": "its size keeps changing"})

    def _after_conflict(self, at: WitnessAt, answer: Answer, old: int, size: int) -> int:
        """Return the size to prove from, which the witness says."""
        if answer.status != _CONFLICT or answer.media_type != SIZE_TYPE:
            raise WitnessRefused({"witness": at.key.name, "why": f"HTTP {answer.status}"})
        held = decode_decimal(answer.body.removesuffix(b"\n"))
        if held is None or held == old:
            raise WitnessRefused({"witness": at.key.name, "why": "409 without another size"})
        if held > size:
            raise WitnessRefused({"witness": at.key.name, "why": f"it holds size {held}, we have {size}"})
        return held

    def _checked(self, at: WitnessAt, note: Note, body: bytes) -> NoteSignature:
        """Return the line of `at` among those in `body`; lines of others are ignored.

        Raises MalformedNote, SignatureRefused, BadCosignatureTime, WitnessRefused.
        """
        lines = [parse_signature_line(line) for line in body.removesuffix(b"\n").split(b"\n")]
        ours = [line for line in lines if (line.name, line.key_id) == (at.key.name, at.key.key_id)]
        for seen in cosignatures(Note(note.text, tuple(ours)), [at.key]):
            if seen.time > self._clock() + CLOCK_LEEWAY:
                raise BadCosignatureTime({"name": at.key.name, "time": seen.time})
        if not ours:
            raise WitnessRefused({"witness": at.key.name, "why": "no line of its key in the answer"})
        return ours[-1]

    def _head(self, at: WitnessAt, origin: str) -> bytes | None:
        answer = self._transport.get(f"{at.url}/{origin_hash(origin)}/checkpoint", limit=MAX_NOTE_BYTES)
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise WitnessRefused({"witness": at.key.name, "why": f"HTTP {answer.status}"})
        return answer.body


def merged(note: Note, lines: Sequence[NoteSignature]) -> Note:
    """Return `note` with `lines`, each in the place of an older one of the same key: never with fewer keys."""
    newer = {(line.name, line.key_id): line for line in lines}
    kept = [newer.pop((line.name, line.key_id), line) for line in note.signatures]
    return Note(note.text, (*dict.fromkeys(kept), *newer.values()))
