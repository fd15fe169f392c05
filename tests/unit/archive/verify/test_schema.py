"""The JSON Schema of bundles says the same of a bundle's shape as the parser does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archive.errors import ArchiveError
from archive.verify import bundle as bundles
from tests.vectors.make_bundles import FOLDER

SCHEMA = json.loads(Path("docs/reference/evidence-bundle.schema.json").read_bytes())
CASES: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_bytes())["cases"]
NOT_SHAPE = {"REC-001", "REC-002"}
"""What a schema cannot see: bytes that are no JSON, or JSON that two readers could understand differently."""
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def shape_error(case: dict[str, Any]) -> str | None:
    try:
        bundles.parse((FOLDER / case["bundle"]).read_bytes())
    except ArchiveError as wrong:
        return wrong.code
    return None


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_schema_accepts_what_the_parser_does(case: dict[str, Any]) -> None:
    code = shape_error(case)
    if code in NOT_SHAPE:
        return
    found = json.loads((FOLDER / case["bundle"]).read_bytes())
    assert VALIDATOR.is_valid(found) == (code is None), code
    assert code is not None or case["exit_code"] == 0 or case["code"] != "VER-001"
