"""Other nodes that people here chose to trust, and the checkpoints of logs that we were shown."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from app.db.types import UtcDateTime, new_id


class Peer(SQLModel, table=True):
    """A node whose keys a person has compared. Not derived: `backup` keeps it.

    `url` is where its log is served (without `/log`), `witness_url` the prefix under which it witnesses; '' for none.
    """

    name: str = Field(primary_key=True, max_length=80)
    id: str = Field(default_factory=new_id, unique=True, max_length=32)
    origin: str = Field(unique=True, max_length=200)
    vkey: str = Field(max_length=1024)
    witness_vkey: str = Field(default="", max_length=1024)
    url: str = Field(default="", max_length=500)
    witness_url: str = Field(default="", max_length=500)
    added_at: datetime = Field(sa_type=UtcDateTime)


class SeenCheckpoint(SQLModel, table=True):
    """A signed checkpoint that we saw; `proven` once the log's own tiles continued it. `id`: SHA-256 of its body."""

    id: str = Field(primary_key=True, max_length=64)
    origin: str = Field(index=True, max_length=200)
    size: int = Field(sa_type=BigInteger)
    root: str = Field(max_length=64)
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    source: str = Field(max_length=80)
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)
    proven: bool = False
