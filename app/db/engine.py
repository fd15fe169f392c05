"""The database connection: SQLite in WAL mode with full fsync, or PostgreSQL; and its migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, SQLModel

Row = TypeVar("Row", bound=SQLModel)
MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x697368696D69  # PostgreSQL: any number that nobody else uses


def make_engine(url: str) -> sa.Engine:
    """Return an engine; SQLite connections use WAL, `synchronous=FULL`, foreign keys, and wait 30 s for a lock.

    Its errors go to the log, so they do not say the values of a statement: e-mail addresses, hashes.
    """
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    return engine


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, all of the way or not at all; `base` takes everything away again.

    Any number of processes may call at once: one does it, the others wait.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if revision == "head" and _revision(connection) == ScriptDirectory.from_config(config).get_current_head():
            return
        with _alone(connection):
            if revision == "base":
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)


def _revision(connection: sa.Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return found


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Give one transaction that no other migration runs beside.

    SQLite changes a table by copying and dropping it, which foreign keys forbid; its driver begins no transaction for
    a change of tables; and the setting is only heard outside of one.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.rollback()
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield
            if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise AssertionError("a migration left a row that refers to nothing")
    finally:
        if is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            connection.rollback()


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[Session]:
    """Give a session; commit when the block ends well, roll back when it raises. Rows stay readable afterwards."""
    with Session(engine, expire_on_commit=False) as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


def locked(session: Session, table: type[Row], key: str) -> Row | None:
    """Return the row as it is now, kept from other transactions until this one ends; None when there is none.

    What is decided after reading a row that others may change is decided on a locked one. SQLite has no row locks,
    and its driver begins a transaction only at the first write: a write that changes nothing comes before the read.
    """
    session.flush()
    if session.get_bind().dialect.name == "sqlite":
        (column,) = sa.inspect(table).primary_key
        session.connection().execute(sa.update(column.table).where(column == key).values({column: column}))
    return session.get(table, key, with_for_update=True, populate_existing=True)


def locked_one(session: Session, table: type[Row], key: str) -> Row:
    """Return what `locked` does. Raises NoResultFound when there is no such row."""
    locked(session, table, key)
    return session.get_one(table, key)
