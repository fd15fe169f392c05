"""An empty database migrates to head and back, and the tables are those that the code declares."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import app.db.accounts
import app.db.catalogue
import app.db.peers  # noqa: F401 - all fill the metadata
from app.db.engine import make_engine, migrate
from tests.postgres import database


def test_up_down_up(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    migrate(engine)
    assert "release" in sa.inspect(engine).get_table_names()
    migrate(engine, "base")
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []
    engine.dispose()


def test_sqlite_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.engines)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    with database() if request.param == "postgresql" else nullcontext(f"sqlite:///{tmp_path / 'x.sqlite'}") as url:
        made = make_engine(url)
        yield made
        made.dispose()


def test_rows_that_refer_to_each_other_come_through_every_migration(engine: sa.Engine) -> None:
    migrate(engine, "0001")
    with engine.begin() as connection:
        for table, given in (("agency", {"slug": "a"}), ("dataset", {"name": "d", "agency": "a"})):
            fill(connection, table, **given)
        fill(connection, "release", id="r", dataset="d")
        fill(connection, "releasefile", release_id="r", path="a.csv")
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT id, access FROM release")).all() == [("r", "open")]
        assert connection.execute(sa.text("SELECT release_id, path FROM releasefile")).all() == [("r", "a.csv")]
    migrate(engine, "base")


def test_many_processes_may_migrate_at_once(engine: sa.Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        for each in [threads.submit(migrate, engine) for _ in range(4)]:
            each.result()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM alembic_version")).scalar() == 1


def fill(connection: sa.Connection, called: str, /, **given: str) -> None:
    """Insert a row of which only `given` matters."""
    table = sa.Table(called, sa.MetaData(), autoload_with=connection)
    by_kind = ((sa.Boolean, False), (sa.Integer, 0), (sa.JSON, {}), (sa.DateTime, datetime(2026, 1, 1, tzinfo=UTC)))
    needed = [each for each in table.columns if not each.nullable and each.name not in given]
    found = {
        each.name: next((value for kind, value in by_kind if isinstance(each.type, kind)), "x")
        for each in needed
        if not (each.primary_key and isinstance(each.type, sa.Integer))
    }
    connection.execute(table.insert().values(**found, **given))
