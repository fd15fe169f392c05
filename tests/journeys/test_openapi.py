"""Every route of API v1 as its own OpenAPI document describes it, with and without a token, by schemathesis."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.factory import create_app
from tests.town import Town, reopened
from tests.unit.app.security.test_tokens import make
from tests.unit.app.services.test_line import CSV, actor

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
QUIET = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture(scope="module")
def town(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    data = tmp_path_factory.mktemp("openapi") / "data"
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    made.publish(actor(made, "ann"), "shelters", {"a.csv": CSV})
    yield made
    made.portal.close()


@pytest.fixture(scope="module")
def app(town: Town) -> Flask:
    return create_app(town.settings, town.portal)


@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "token"])
def test_every_answer_is_what_the_document_says(town: Town, app: Flask, signed_in: bool) -> None:
    headers = {"Authorization": f"Bearer {make(town)[1]}"} if signed_in else {}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 14
    for operation in operations:

        @QUIET
        @given(case=operation.as_strategy())
        def hold(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS, headers=headers)

        hold()


@pytest.mark.parametrize("path", ["/api/v1/datasets", "/api/v1/search", "/api/v1/openapi.json", "/log/checkpoint"])
def test_undeclared_methods_get_405_with_allow(app: Flask, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        reply = app.test_client().open(path, method=method)
        assert reply.status_code == 405, (method, path)
        assert "GET" in reply.headers["Allow"]
