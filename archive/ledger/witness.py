"""The witness: cosigns a log's checkpoint when it continues the last one it cosigned (C2SP tlog-witness)."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from archive import merkle
from archive.errors import ArchiveError
from archive.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from archive.ledger.cosign import CosignatureVerifier, cosign, cosignature_time
from archive.ledger.errors import LedgerError
from archive.ledger.fork import Fork, of_equal_size
from archive.ledger.note import MAX_NOTE_BYTES, Note, NoteSignature, decode_base64, decode_decimal, verified
from archive.ledger.witness_state import Held, WitnessState
from archive.merkle import EMPTY_ROOT, HASH_BYTES, Hash
from archive.records.keys import PublicKey, SigningKey

MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES
SIZE_TYPE = "text/x.tlog.size"
_SAME_SECONDS = 60
_OK, _BAD, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 200, 400, 403, 404, 409, 422


class MalformedRequest(LedgerError):
    code = "LED-113"
    ja = "add-checkpoint の形が正しくありません({why})。"
    en = "The add-checkpoint request is malformed ({why})."
    zh = "add-checkpoint 請求格式不正確({why})。"


@dataclass(frozen=True)
class AddCheckpoint:
    """The request: a checkpoint, and the proof that it continues the one of size `old`."""

    old: int
    proof: tuple[Hash, ...]
    note: bytes

    def encode(self) -> bytes:
        """Return the body of the request."""
        lines = [b"old %d" % self.old, *(base64.b64encode(each) for each in self.proof)]
        return b"".join(line + b"\n" for line in lines) + b"\n" + self.note


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Witness:
    """The witness `key`. `log_keys` gives the keys of an origin that it may witness (none: unknown).

    `keep` stores evidence of a fork for ever, before the origin is frozen. `clock` gives seconds since 1970.
    """

    key: SigningKey
    state: WitnessState
    log_keys: Callable[[str], Sequence[PublicKey]]
    keep: Callable[[Fork], None]
    clock: Callable[[], float]

    def add_checkpoint(self, raw: bytes) -> Reply:
        """Return the answer to a request, its checks in the order of LEDGER section 1.

        Raises:
            WitnessStateDamaged: nothing was signed.

        """
        try:
            request = parse_request(raw)
            claimed = parse_checkpoint(request.note)
            if request.old > claimed.size:
                raise MalformedRequest({"why": "old is larger than the checkpoint"})
        except ArchiveError as wrong:
            return _refused(_BAD, wrong)
        keys = self.log_keys(claimed.origin)
        if not keys or claimed.origin in self.state.frozen():
            return Reply(_NOT_FOUND, b"this log is not witnessed here\n")
        try:
            signed = open_checkpoint(request.note, keys)
        except ArchiveError as wrong:
            return _refused(_FORBIDDEN, wrong)
        held = self.state.held(signed.origin)
        if request.old != (held.size if held else 0):
            return _conflict(held)
        why = self._contradiction(request, signed, held, keys)
        if why:
            return Reply(_UNPROCESSABLE, why + b"\n")
        return self._accept(signed, held, keys)

    def latest(self, origin_hash: str) -> bytes | None:
        """Return the last checkpoint with the log's signature and ours, by hex SHA-256 of its origin.

        Raises WitnessStateDamaged.
        """
        held = self.state.by_hash(origin_hash)
        if held is None:
            return None
        if held.cosigned is None or parse_checkpoint(held.cosigned).size != held.size:
            held = self._cosigned(held)  # a crash came between keeping and signing; what is kept may be signed
        return held.cosigned

    def _contradiction(
        self, request: AddCheckpoint, signed: SignedCheckpoint, held: Held | None, keys: Sequence[PublicKey]
    ) -> bytes:
        """Tell why the checkpoint does not continue what is held, or b''."""
        if signed.size == 0 and signed.root != EMPTY_ROOT:
            return b"an empty log has another root"
        if request.old in (0, signed.size) and request.proof:
            return b"nothing is to be proved"
        if held is not None and held.size == signed.size:
            if held.root == signed.root:
                return b""
            self._convict(held, signed, keys)
            return b"another root was cosigned at this size"
        if held is None or _is_continued(held, signed, request.proof):
            return b""
        return b"the proof does not show that this continues what was cosigned"

    def _convict(self, held: Held, signed: SignedCheckpoint, keys: Sequence[PublicKey]) -> None:
        fork = of_equal_size(held.note, signed.raw, keys)
        self.keep(fork)
        self.state.freeze(signed.origin, fork.id)

    def _accept(self, signed: SignedCheckpoint, held: Held | None, keys: Sequence[PublicKey]) -> Reply:
        """Keep the checkpoint durably, and only then sign it."""
        lines = tuple(dict.fromkeys(line for _, line in verified(signed.note, keys)))
        note = Note(signed.note.text, lines)
        new = Held(signed.origin, signed.size, signed.root, note.encode())
        if held is not None and held.note == new.note and (made := self._made_just_now(held)) is not None:
            return Reply(_OK, made.line)
        if not self.state.replace(held, new, origin_hash(signed.origin)):
            return _conflict(self.state.held(signed.origin))
        line = self._line(new)
        cosigned = replace(new, cosigned=note.with_signatures([line]).encode())
        self.state.keep_cosigned(cosigned)
        return Reply(_OK, line.line)

    def _made_just_now(self, held: Held) -> NoteSignature | None:
        """Return the line that was made of what is held less than a minute ago.

        A log's checkpoint is public: strangers may send it again and again, and must not make us write each time.
        """
        note = parse_checkpoint(held.cosigned).note if held.cosigned is not None else None
        if note is None or note.text != parse_checkpoint(held.note).note.text:
            return None
        lines = [line for _, line in verified(note, [CosignatureVerifier(self.key.public)])]
        now = int(self.clock())
        return next((line for line in lines if now - _SAME_SECONDS < cosignature_time(line.blob) <= now), None)

    def _cosigned(self, held: Held) -> Held:
        note = parse_checkpoint(held.note).note
        done = replace(held, cosigned=note.with_signatures([self._line(held)]).encode())
        self.state.keep_cosigned(done)
        return done

    def _line(self, held: Held) -> NoteSignature:
        return cosign(parse_checkpoint(held.note).note.text, self.key, int(self.clock()))


def origin_hash(origin: str) -> str:
    """Return the name under which a witness shows the checkpoint of `origin`."""
    return sha256(origin.encode()).hexdigest()


def parse_request(raw: bytes) -> AddCheckpoint:
    """Return the parts of an add-checkpoint body; the checkpoint is not read yet. Raises MalformedRequest."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise MalformedRequest({"why": f"more than {MAX_REQUEST_BYTES} bytes"})
    head, empty, note = raw.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = decode_decimal(first[4:]) if first.startswith(b"old ") else None
    if not empty or old is None:
        raise MalformedRequest({"why": "old size"})
    hashes = [decode_base64(line) for line in lines]
    if len(hashes) > MAX_PROOF_LINES:
        raise MalformedRequest({"why": f"more than {MAX_PROOF_LINES} proof lines"})
    proof = tuple(each for each in hashes if each is not None and len(each) == HASH_BYTES)
    if len(proof) != len(hashes):
        raise MalformedRequest({"why": "proof line"})
    return AddCheckpoint(old, proof, note)


def _is_continued(held: Held, signed: SignedCheckpoint, proof: Sequence[Hash]) -> bool:
    if held.size == 0:
        return True
    try:
        merkle.check_consistency(held.size, signed.size, proof, held.root, signed.root)
    except ArchiveError:
        return False
    return True


def _conflict(held: Held | None) -> Reply:
    return Reply(_CONFLICT, b"%d\n" % (held.size if held else 0), SIZE_TYPE)


def _refused(status: int, error: ArchiveError) -> Reply:
    return Reply(status, f"{error.code} {error}\n".encode())
