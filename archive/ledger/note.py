"""C2SP signed notes: parse bytes strictly, write them, check signatures; knows nothing of what they say."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from archive.ledger.errors import AmbiguousKeys, MalformedNote, SignatureRefused
from archive.records.keys import BadSignature, MalformedKey, require_key_name

MAX_NOTE_BYTES = 64 * 1024
KEY_ID_BYTES = 4
_DASH = "— ".encode()
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: who claims to have signed, and what a key of that name and ID can check."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> bytes:
        """The line as it stands in a note, with its LF."""
        return _DASH + self.name.encode() + b" " + base64.b64encode(self.key_id + self.blob) + b"\n"


@dataclass(frozen=True)
class Note:
    """A text (ending in LF) and the signature lines below it, none of them checked yet."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note as it is served."""
        return self.text + b"\n" + b"".join(signature.line for signature in self.signatures)

    def with_signatures(self, more: Sequence[NoteSignature]) -> "Note":
        """Return the same text with `more` lines below the present ones."""
        return Note(self.text, (*self.signatures, *more))


class Verifier(Protocol):
    """A key that can check one kind of signature line. `verify` raises an ArchiveError or returns."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verify(self, message: bytes, signature: bytes, /) -> None: ...


V = TypeVar("V", bound=Verifier)


def parse_note(raw: bytes) -> Note:
    """Return the parts of a signed note. Raises MalformedNote."""
    if len(raw) > MAX_NOTE_BYTES:
        raise MalformedNote({"why": f"more than {MAX_NOTE_BYTES} bytes"})
    if _CONTROL.search(raw):
        raise MalformedNote({"why": "control character"})
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedNote({"why": "not UTF-8"}) from None
    end = raw.rfind(b"\n\n")  # the text ends at the LAST blank line
    if end < 0:
        raise MalformedNote({"why": "no blank line"})
    text, below = raw[: end + 1], raw[end + 2 :]
    if not below.endswith(b"\n"):
        raise MalformedNote({"why": "no signature, or no LF at the end"})
    return Note(text, tuple(parse_signature_line(line) for line in below[:-1].split(b"\n")))


def parse_signature_line(line: bytes) -> NoteSignature:
    """Return one signature line (without its LF). Raises MalformedNote."""
    if not line.startswith(_DASH):
        raise MalformedNote({"why": "signature line without an em dash"})
    name, space, blob = line[len(_DASH) :].partition(b" ")
    data = decode_base64(blob)
    if not space or data is None or len(data) <= KEY_ID_BYTES:
        raise MalformedNote({"why": "signature line"})
    try:
        text = name.decode("utf-8")
        require_key_name(text)
    except (MalformedKey, UnicodeDecodeError):
        raise MalformedNote({"why": "name on a signature line"}) from None
    return NoteSignature(text, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def verified(note: Note, verifiers: Iterable[V]) -> list[tuple[V, NoteSignature]]:
    """Return every line that one of `verifiers` made, in the order of the lines; unknown lines are ignored.

    Raises:
        AmbiguousKeys: two verifiers share name and key ID, so a line could not say whose it is.
        SignatureRefused: a line of a known name and key ID is wrong, wherever it stands. Go's note.Open
            accepts a bad line behind a good one of the same key, and so depends on their order.

    """
    known: dict[tuple[str, bytes], V] = {}
    for verifier in verifiers:
        same = known.setdefault((verifier.name, verifier.key_id), verifier)
        if same != verifier:
            raise AmbiguousKeys({"name": verifier.name})
    found: list[tuple[V, NoteSignature]] = []
    for signature in note.signatures:
        by = known.get((signature.name, signature.key_id))
        if by is None:
            continue
        try:
            by.verify(note.text, signature.blob)
        except BadSignature:
            raise SignatureRefused({"name": by.name}) from None
        found.append((by, signature))
    return found


def decode_base64(text: bytes) -> bytes | None:
    """Return the bytes of `text` if it is their one standard spelling with padding, otherwise nothing.

    `validate=True` alone accepts stray low bits before the padding; the round trip does not.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data) == text else None


def decode_decimal(text: bytes) -> int | None:
    """Return the number `text` spells without sign, space or leading zero, below 2**63; otherwise nothing."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number < 2**63 else None
