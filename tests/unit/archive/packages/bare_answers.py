"""Run by a bare interpreter with the one-file verifier first on its path: the answer to every shared vector, as JSON."""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
if sys.argv[3] == "without":
    sys.modules["cryptography"] = None  # type: ignore[assignment]

from archive.errors import ArchiveError
from archive.ledger.policy import Policy
from archive.store import hashing
from archive.verify.steps import check

folder = Path(sys.argv[2])
found = {}
for case in json.loads((folder / "index.json").read_bytes())["cases"]:
    try:
        policy = None if case["policy"] is None else Policy.parse(case["policy"].encode())
    except ArchiveError as wrong:
        found[case["name"]] = [None, 2, wrong.code]
        continue
    data = None if case["file"] is None else hashing.digests([(folder / case["file"]).read_bytes()])
    result = check(data, (folder / case["bundle"]).read_bytes(), policy, case["now"])
    found[case["name"]] = [result.verdict.value, result.exit_code, result.error.code if result.error else None]
origin = sys.modules["archive.verify.steps"].__file__ or ""
openssl = "cryptography.exceptions" in sys.modules
json.dump({"answers": found, "from": origin, "openssl": openssl}, sys.stdout)
