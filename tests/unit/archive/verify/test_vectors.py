"""The shared vectors: the folder is what its maker makes, and the verifier gives every answer in it."""

import json
from typing import Any

import pytest

from archive.errors import ArchiveError
from archive.ledger.policy import Policy
from archive.verify.steps import check
from tests.unit.archive.verify.material import digests
from tests.vectors.make_bundles import FOLDER, contents

CASES: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_bytes())["cases"]


def answer(case: dict[str, Any]) -> tuple[str | None, int, str | None]:
    try:
        policy = None if case["policy"] is None else Policy.parse(case["policy"].encode())
    except ArchiveError as wrong:
        return None, 2, wrong.code
    data = None if case["file"] is None else digests((FOLDER / case["file"]).read_bytes())
    result = check(data, (FOLDER / case["bundle"]).read_bytes(), policy, case["now"])
    return result.verdict.value, result.exit_code, result.error.code if result.error else None


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_verifier_gives_the_answer_of_every_vector(case: dict[str, Any]) -> None:
    assert answer(case) == (case["verdict"], case["exit_code"], case["code"])


def test_the_folder_is_what_its_maker_makes() -> None:
    kept = [path for path in FOLDER.rglob("*") if path.is_file() and path.name != ".gitattributes"]
    found = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in kept}
    wanted = contents()
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []


def test_the_vectors_are_many_and_of_every_kind() -> None:
    good = [case for case in CASES if case["exit_code"] == 0]
    assert len(good) >= 30
    assert len(CASES) - len(good) >= 60
    assert {case["verdict"] for case in good} == {"matches", "withdrawn", "erased"}
    assert {case["verdict"] for case in CASES if case["exit_code"] == 3} == {"undetermined", "pending", "doubtful"}
