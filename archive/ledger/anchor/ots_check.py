"""An OpenTimestamps proof held against a digest, and the Bitcoin block header it leads to.

A header shows only that somebody spent work on it. Whether it stands in the chain that everybody has is not asked here,
where there is no network; so it counts only with as much work as nobody spends on a lie (`LEAST_WORK`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from archive.ledger.anchor.finding import AnchorFinding, AnchorState, refused, unchecked

HEADER_BYTES = 80
# Hashes a header must have cost. Bitcoin's blocks of 2026 cost some 2**79; one at a sixteenth of that would still be a
# loss of a sixteenth of a block's reward to whoever forged it.
LEAST_WORK = 2**75
_MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01"
_SHA256 = b"\x08"
_SPACE = 2**256


def check(raw: bytes, digest: bytes, header: bytes, least_work: int) -> AnchorFinding:
    """Return what the proof shows of `digest`. May raise what the library does on bytes that it cannot take."""
    if not raw.startswith(_MAGIC + _SHA256 + digest):
        return refused("it is not over this checkpoint" if raw.startswith(_MAGIC) else "it is no OpenTimestamps proof")
    try:
        found = attested(parse(raw))
    except ImportError:
        return unchecked(f"the library for it is not here; check with: ots verify -d {digest.hex()} proof.ots")
    except ValueError:
        return unchecked("it cannot be read")
    if found.blocks:
        return _of_block(header, found.blocks, least_work)
    if found.calendars:
        return AnchorFinding(AnchorState.PENDING, None, found.calendars[0], "promised, not in a Bitcoin block yet")
    return unchecked("it leads to no Bitcoin block")


class Attested:
    """What a proof leads to: Bitcoin blocks (merkle root to height), and calendars that promised one."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, int] = {}
        self.calendars: list[str] = []


def parse(raw: bytes) -> Any:
    """Return the library's DetachedTimestampFile of an `.ots` file. Raises ValueError for what it does not take."""
    from opentimestamps.core.timestamp import DetachedTimestampFile

    return _read(DetachedTimestampFile.deserialize, raw)


def parse_steps(raw: bytes, digest: bytes) -> Any:
    """Return the library's Timestamp of a calendar's answer over `digest`. Raises ValueError as `parse`."""
    from opentimestamps.core.timestamp import Timestamp

    return _read(lambda source: Timestamp.deserialize(source, digest), raw)


def _read(reader: Callable[[Any], Any], raw: bytes) -> Any:
    from opentimestamps.core.serialize import BytesDeserializationContext

    source = BytesDeserializationContext(raw)
    try:
        found = reader(source)
        source.assert_eof()
    except Exception as wrong:  # the library's errors have no common base, and all of them say this
        raise ValueError("not an OpenTimestamps proof") from wrong
    return found


def attested(proof: Any) -> Attested:
    """Return the blocks and calendars at the ends of the proof."""
    from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation

    found = Attested()
    for message, attestation in proof.timestamp.all_attestations():
        if isinstance(attestation, BitcoinBlockHeaderAttestation):
            found.blocks[message] = attestation.height
        elif isinstance(attestation, PendingAttestation):
            found.calendars.append(urlsplit(attestation.uri).hostname or attestation.uri)
    return found


def header_fits(header: bytes, merkle_root: bytes, least_work: int) -> bool:
    """Return whether `header` is one that proves: this merkle root, its own proof of work, and enough of it."""
    finding = _judged(header, {merkle_root: 0}, least_work)
    return finding.state is AnchorState.PROVEN


def _of_block(header: bytes, blocks: dict[bytes, int], least_work: int) -> AnchorFinding:
    if header:
        return _judged(header, blocks, least_work)
    heights = ", ".join(str(height) for height in sorted(blocks.values()))
    return unchecked("the header of its Bitcoin block is not here; check with: ots verify", by=_block(heights))


def _judged(header: bytes, blocks: dict[bytes, int], least_work: int) -> AnchorFinding:
    if len(header) != HEADER_BYTES:
        return refused("the block header has another length than 80 bytes")
    height = blocks.get(header[36:68])
    if height is None:
        return refused("the block header has another merkle root than the proof leads to")
    target = _target(int.from_bytes(header[72:76], "little"))
    if target == 0 or int.from_bytes(sha256(sha256(header).digest()).digest(), "little") > target:
        return refused("the block header does not have the proof of work that it claims")
    time = datetime.fromtimestamp(int.from_bytes(header[68:72], "little"), UTC)
    if _SPACE // (target + 1) < least_work:
        return unchecked("the block header has far less work than Bitcoin's have", by=_block(str(height)))
    # Nothing binds the height to the header; the header's own hash names the block.
    name = sha256(sha256(header).digest()).digest()[::-1].hex()
    why = f"said to be block {height}; the header has its proof of work, and was not compared with the chain here"
    return AnchorFinding(AnchorState.PROVEN, time, _block(name), why)


def _target(bits: int) -> int:
    """Return the number that `bits` is short for; 0, which nothing meets, for a negative or too large one."""
    size, word = bits >> 24, bits & 0x007FFFFF
    if bits & 0x00800000:
        return 0
    target = word >> 8 * (3 - size) if size <= 3 else word << 8 * (size - 3)  # noqa: PLR2004 - three bytes of mantissa
    return target if target < _SPACE else 0


def _block(height: str) -> str:
    return f"Bitcoin block {height}"
