"""Headers of Bitcoin's blocks, asked from a server that speaks Esplora's API, and believed only by their work."""

import re
from dataclasses import dataclass
from typing import Protocol

from archive.ledger.anchor.ots_check import HEADER_BYTES
from archive.ledger.anchor.port import AuthorityRefused
from archive.ledger.transport import Transport

_OK = 200
_LIMIT = 1_000
_HASH = re.compile(rb"[0-9a-f]{64}")
_HEADER = re.compile(rb"[0-9a-f]{%d}" % (2 * HEADER_BYTES))


class BlockHeaders(Protocol):
    """Knows the headers of blocks."""

    def header(self, height: int) -> bytes:
        """Return the 80 bytes of the block at `height`, unchecked. Raises Unreachable, AuthorityRefused."""


@dataclass(frozen=True)
class Esplora:
    """`BlockHeaders` over `GET /block-height/<n>` and `GET /block/<hash>/header`."""

    url: str
    transport: Transport

    def header(self, height: int) -> bytes:
        """Return the header that the server has at `height`; raises as `BlockHeaders.header`."""
        block = self._ask(f"block-height/{height}", _HASH).decode()
        return bytes.fromhex(self._ask(f"block/{block}/header", _HEADER).decode())

    def _ask(self, path: str, shape: re.Pattern[bytes]) -> bytes:
        answer = self.transport.get(f"{self.url.rstrip('/')}/{path}", limit=_LIMIT)
        found = answer.body.strip()
        if answer.status != _OK or not shape.fullmatch(found):
            raise AuthorityRefused({"by": "the server of block headers", "why": f"HTTP {answer.status} {path[:20]}"})
        return found
