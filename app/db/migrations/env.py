"""Alembic's entry: runs on the connection that `app.db.engine.migrate` gives."""

from alembic import context
from sqlmodel import SQLModel

import app.db.accounts
import app.db.catalogue
import app.db.keys  # noqa: F401 - these imports fill the metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
