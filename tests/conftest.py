"""Fixtures that many tests share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.policy import Role
from tests.town import Town, reopened


def required(what: str) -> bool:
    """Return whether TEST_REQUIRE turns a skip for `what` into a failure."""
    return what in os.environ.get("TEST_REQUIRE", "").split(",")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with agencies `solo` (1 approval) and `duo` (2) and its people, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("founded") / "data"
    made = Town(folder)
    made.add_agency("solo", 1)
    made.add_agency("duo", 2)
    made.add_person("ann", "solo", Role.UPLOADER, Role.ADMIN)
    made.add_person("uploader", "duo", Role.UPLOADER)
    made.add_person("approver", "duo", Role.APPROVER)
    made.add_person("admin", "duo", Role.ADMIN)
    made.add_person("auditor", "duo", Role.AUDITOR)
    made.add_person("operator", "duo", operator=True)
    made.portal.close()
    return folder


@pytest.fixture
def town(founded: Path, tmp_path: Path) -> Iterator[Town]:
    """A copy of the founded node, which the test may do with as it likes."""
    data = tmp_path / "data"
    shutil.copytree(founded, data, symlinks=True)
    made = reopened(data)
    yield made
    made.portal.close()


def pytest_sessionfinish() -> None:
    """Stop the PostgreSQL that a test started."""
    from tests.postgres import SERVER

    SERVER.stop()
