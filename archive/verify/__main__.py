"""`python -m archive.verify [FILE] BUNDLE [--policy P] [--lang L]`: the verifier as a program, offline.

The same program is `ishibumi-verify.pyz`, made by archive.packages.verifier_file.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveError
from archive.ledger.policy import MAX_POLICY_BYTES, Policy
from archive.records.names import escaped
from archive.store import hashing
from archive.store.hashing import Digests
from archive.verify import report, zipped
from archive.verify.errors import BytesMissing, EvidenceNeeded, VerifyError
from archive.verify.result import Result, Verdict
from archive.verify.steps import check

WRONG_USE = 2
MAX_PEM = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 ok, 1 failed, 2 wrong use, 3 consistent but the log is not one that is trusted."""
    given = _parser().parse_args(arguments)
    lang = given.lang or _language()
    # One name alone is the evidence: a zip with its file inside, or of something that was erased.
    target, source = (given.file, given.bundle) if given.bundle is not None else (None, given.file)
    try:
        policy = Policy.parse(_read(given.policy, MAX_POLICY_BYTES)) if given.policy else None
        authorities = [_read(each, MAX_PEM) for each in given.authority]
        digests = _digests(target) if target is not None else None
        with source.open("rb") as opened:
            result = _check(opened, digests, policy, authorities)
        if result.nothing_to_check:
            raise wrong_use(result, source.name)
    except ArchiveError as error:
        print(f"{error.code}  {error.sentence(lang)}", file=sys.stderr)  # noqa: T201 - a program
        return WRONG_USE
    except OSError as error:
        print(f"{error.filename or source}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a program
        return WRONG_USE
    told = json.dumps(result.to_json(lang), ensure_ascii=False, indent=2) if given.json else report.text(result, lang)
    sys.stdout.buffer.write(told.encode() + b"\n")  # UTF-8, whatever the terminal's locale says
    return result.exit_code


def wrong_use(result: Result, name: str) -> ArchiveError:
    """Return what to tell somebody who gave evidence without its file, or a file without its evidence."""
    is_evidence = isinstance(result.error, BytesMissing)
    return result.error if is_evidence and result.error is not None else EvidenceNeeded({"name": escaped(name[:200])})


def _check(source: BinaryIO, file: Digests | None, policy: Policy | None, authorities: Sequence[bytes]) -> Result:
    """Return the verdict on `file`, or without one on what lies beside the evidence in a zip."""
    try:
        evidence = zipped.read(source)
    except VerifyError as refused:
        return Result(Verdict.BROKEN, file, error=refused)
    return check(file or evidence.file, evidence.bundle, policy, int(time.time()), authorities)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ishibumi-verify",
        description="Check a file against its evidence bundle, offline.",
        epilog="Exit codes: 0 ok, 1 the check failed, 2 wrong use, 3 consistent but not by a log you trust.",
    )
    parser.add_argument("file", type=Path, help="the file to check; leave it out for a zip that holds it")
    parser.add_argument("bundle", type=Path, nargs="?", help="its evidence (*.evidence.json, or a zip of it)")
    parser.add_argument("--policy", type=Path, help="logs and witnesses you trust (C2SP tlog-policy)")
    parser.add_argument(
        "--authority",
        "--authorities",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="certificate of a time authority you trust; may be given several times",
    )
    parser.add_argument("--lang", choices=("ja", "en", "zh"), help="by default from LC_ALL, LC_MESSAGES, LANG")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _language() -> str:
    given = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return given[:2] if given[:2] in ("ja", "zh") else "en"


def _digests(path: Path) -> Digests:
    with path.open("rb") as source:
        return hashing.digests(hashing.blocks(source))


def _read(path: Path, limit: int) -> bytes:
    """Return the file, or so much of it that whoever parses it says that it is too large."""
    with path.open("rb") as source:
        return source.read(limit + 1)


if __name__ == "__main__":
    sys.exit(main())
