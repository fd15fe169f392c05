"""Every public key a log speaks of, read from the log itself."""

from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement


def public_keys(log: LogReader) -> list[dict[str, str | int]]:
    """Return role, vkey and the index of the statement that named it; the log's own keys first (C2SP vkey)."""
    found: list[dict[str, str | int]] = []
    size = log.checkpoint().size
    for index, entry in enumerate(log.entries(0, size)):
        statement = read_statement(entry)
        if statement.type == "genesis":
            for role in ("log", "node", "witness", "mirror"):
                found += [{"role": role, "vkey": vkey, "index": index} for vkey in statement.body[role]]
        elif statement.type == "add-key":
            found.append({"role": statement.body["role"], "vkey": statement.body["vkey"], "index": index})
    return found
