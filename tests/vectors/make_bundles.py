"""`python -m tests.vectors.make_bundles`: write tests/vectors/bundles and its index.json again, byte for byte the same."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.vectors.bundle_case import Case
from tests.vectors.bundle_cases import cases
from tests.vectors.bundle_lies import lies
from tests.vectors.bundle_notes import notes
from tests.vectors.bundle_times import times

FOLDER = Path(__file__).parent / "bundles"
ABOUT = (
    "Evidence bundles (docs/reference/evidence-bundle.md) and the answer that every verifier must give. `bundle` and "
    "`file` are paths in this folder; a null file: no bytes are given; a null policy: nothing is pinned; a null now: no "
    "clock. A null verdict: the policy itself is refused with `code`, which is wrong use. Written by "
    "tests/vectors/make_bundles.py."
)


def every() -> list[Case]:
    """Return all cases, by name."""
    found = sorted([*cases(), *lies(), *notes(), *times()], key=lambda case: case.name)
    assert len({case.name for case in found}) == len(found)
    return found


def contents() -> dict[str, bytes]:
    """Return every file of the folder by its path there."""
    found: dict[str, bytes] = {}
    index: list[dict[str, Any]] = []
    for case in every():
        bundle = f"{case.name}.evidence.json"
        found[bundle] = case.raw
        index.append(
            {
                "name": case.name,
                "bundle": bundle,
                "file": _file(case, found),
                "policy": case.policy,
                "now": case.now,
                "verdict": case.verdict,
                "exit_code": case.exit_code,
                "code": case.code,
            }
        )
    told = {"about": ABOUT, "cases": index}
    found["index.json"] = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
    return found


def _file(case: Case, found: dict[str, bytes]) -> str | None:
    if case.data is None:
        return None
    path = f"files/{sha256(case.data).hexdigest()[:16]}.bin"
    found[path] = case.data
    return path


def main() -> int:
    (FOLDER / "files").mkdir(parents=True, exist_ok=True)
    wanted = contents()
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.name != ".gitattributes" and path.relative_to(FOLDER).as_posix() not in wanted:
            path.unlink()
    for name, data in wanted.items():
        (FOLDER / name).write_bytes(data)
    print(f"{len(wanted)} files, {sum(map(len, wanted.values()))} bytes")  # noqa: T201 - a program
    return 0


if __name__ == "__main__":
    sys.exit(main())
