"""`/.well-known/ishibumi.json`: the keys in force, on a domain that people know as the office's own."""

import json
from typing import Any
from urllib.parse import urlsplit

from app.services.errors import BadWellKnown
from archive.ledger.transport import Transport
from archive.records.keyring import KeyRing
from archive.records.keys import KeyRefused, PublicKey

PATH = "/.well-known/ishibumi.json"
MAX_BYTES = 65_536
MAX_KEYS = 512
_OK = 200


def document(ring: KeyRing) -> dict[str, Any]:
    """Return what this node says of its keys, and what an office may serve of its own on its own domain."""
    alive = [each for each in ring.keys.values() if each.revoked_at is None]
    keys = [{"role": each.role, "vkey": each.key.vkey, "custody": each.custody} for each in alive]
    return {"v": 1, "origin": ring.log, "keys": keys}


def keys_at(transport: Transport, base: str) -> list[PublicKey]:
    """Return the keys that the office at `base` (a domain, or an address with its scheme) calls its own.

    Raises Unreachable, AnswerTooLarge; BadWellKnown: there is no such file, or it cannot be read.
    """
    base = base.rstrip("/") if "://" in base else f"https://{base}".rstrip("/")
    answer = transport.get(base + PATH, limit=MAX_BYTES)
    host = (urlsplit(base).hostname or "?")[:200]
    if answer.status != _OK:
        raise BadWellKnown({"host": host, "why": f"HTTP {answer.status}"})
    try:
        found = json.loads(answer.body)["keys"]
        if len(found) > MAX_KEYS:
            raise BadWellKnown({"host": host, "why": f"at most {MAX_KEYS} keys"})
        return [PublicKey.parse(str(each["vkey"])) for each in found]
    except (ValueError, LookupError, TypeError, RecursionError, KeyRefused):
        raise BadWellKnown({"host": host, "why": "JSON, keys[].vkey"}) from None
