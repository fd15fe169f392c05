"""`python -m archive.verify FILE BUNDLE [--policy P] [--lang L]`: the verifier as a program, offline."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from archive.errors import ArchiveError
from archive.ledger.policy import MAX_POLICY_BYTES, Policy
from archive.store import hashing
from archive.verify import report
from archive.verify.bundle import MAX_BYTES
from archive.verify.steps import check

WRONG_USE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 ok, 1 failed, 2 wrong use, 3 consistent but the log is not one that is trusted."""
    given = _parser().parse_args(arguments)
    lang = given.lang or _language()
    try:
        policy = Policy.parse(_read(given.policy, MAX_POLICY_BYTES)) if given.policy else None
        bundle = _read(given.bundle, MAX_BYTES)
        with given.file.open("rb") as source:
            digests = hashing.digests(hashing.blocks(source))
    except ArchiveError as error:
        print(f"{error.code}  {error.sentence(lang)}", file=sys.stderr)  # noqa: T201 - a program
        return WRONG_USE
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a program
        return WRONG_USE
    result = check(digests, bundle, policy, int(time.time()))
    told = json.dumps(result.to_json(lang), ensure_ascii=False, indent=2) if given.json else report.text(result, lang)
    sys.stdout.buffer.write(told.encode() + b"\n")  # UTF-8, whatever the terminal's locale says
    return result.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ishibumi-verify",
        description="Check a file against its evidence bundle, offline.",
        epilog="Exit codes: 0 ok, 1 the check failed, 2 wrong use, 3 consistent but not by a log you trust.",
    )
    parser.add_argument("file", type=Path, help="the file to check")
    parser.add_argument("bundle", type=Path, help="its evidence (*.evidence.json)")
    parser.add_argument("--policy", type=Path, help="logs and witnesses you trust (C2SP tlog-policy)")
    parser.add_argument("--lang", choices=("ja", "en", "zh"), help="by default from LC_ALL, LC_MESSAGES, LANG")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _language() -> str:
    given = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return given[:2] if given[:2] in ("ja", "zh") else "en"


def _read(path: Path, limit: int) -> bytes:
    """Return the file, or so much of it that whoever parses it says that it is too large."""
    with path.open("rb") as source:
        return source.read(limit + 1)


if __name__ == "__main__":
    sys.exit(main())
