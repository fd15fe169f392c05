"""One case of the shared vectors: a bundle, what it is held against, and the answer that every verifier must give."""

from dataclasses import dataclass
from typing import Any

from archive.ledger.cosign import cosign
from archive.records.keys import KeyKind, SigningKey
from tests.unit.archive.verify.kinds import CITY
from tests.unit.archive.verify.material import FILES, PATH, raw

NOW = 1_795_400_000
TRUST = f"log {CITY.log.public.vkey}\nquorum none\n"
WITNESSES = [SigningKey.from_seed(f"w{at}.example/witness", KeyKind.WITNESS, bytes([at]) * 32) for at in (1, 2, 3)]
QUORUM = (
    f"log {CITY.log.public.vkey}\n"
    + "".join(f"witness W{at} {key.public.vkey}\n" for at, key in enumerate(WITNESSES, 1))
    + "group peers 2 W1 W2 W3\nquorum peers\n"
)


@dataclass(frozen=True)
class Case:
    """One bundle, the bytes it is held against (None: none), the policy's text (None: nothing pinned), the answer.

    `verdict` is None where the policy itself cannot be read: wrong use, exit code 2.
    """

    name: str
    raw: bytes
    data: bytes | None
    verdict: str | None
    code: str | None = None
    policy: str | None = TRUST
    now: int | None = NOW

    @property
    def exit_code(self) -> int:
        if self.verdict is None:
            return 2
        return {"broken": 1, "undetermined": 3, "pending": 3, "doubtful": 3}.get(self.verdict, 0)


def good(name: str, found: dict[str, Any], data: bytes | None = FILES[PATH], verdict: str = "matches") -> Case:
    return Case(name, raw(found), data, verdict)


def bad(name: str, found: dict[str, Any], code: str, data: bytes | None = FILES[PATH]) -> Case:
    return Case(name, raw(found), data, "broken", code)


def cosigned(found: dict[str, Any], signers: list[tuple[SigningKey, int]]) -> dict[str, Any]:
    """Return the bundle with a line of each witness below its one head."""
    text = found["proof"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
    return with_lines(found, "".join(cosign(text.encode(), key, time).line.decode() for key, time in signers))


def with_lines(found: dict[str, Any], lines: str) -> dict[str, Any]:
    for holder in (found, *found["keys"]):
        holder["proof"] += lines
    return found
