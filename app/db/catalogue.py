"""What is published and what waits: datasets, releases, their files. Of published rows everything is derived."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.types import UtcDateTime, new_id


class ReleaseState(StrEnum):
    """Where a release stands; only the last three are seen by everybody."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class Dataset(SQLModel, table=True):
    """What is published over time. The words are those of the latest release's record once there is one."""

    name: str = Field(primary_key=True, max_length=80)
    agency: str = Field(foreign_key="agency.slug", index=True, max_length=80)
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    reading: str = Field(default="", max_length=300)
    description: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    licence: str = Field(default="CC-BY-4.0", max_length=200)
    themes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    keywords: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    period: str = Field(default="", max_length=60)
    area: str = Field(default="", max_length=120)
    contact: str = Field(default="", max_length=300)
    created_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    latest_version: int = 0
    releases: int = 0
    state: str = Field(default="draft", max_length=12, index=True)


class Release(SQLModel, table=True):
    """One version of a dataset. From submit on `record`, `openings` and `body` are fixed; `body_sha256` names them.

    Of one whose `access` is restricted nothing but its place in the log is told to strangers (app.services.access).
    """

    __table_args__ = (UniqueConstraint("dataset", "version"), Index("release_state", "state"))

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    dataset: str = Field(foreign_key="dataset.name", index=True, max_length=80)
    version: int | None = None
    state: str = Field(default=ReleaseState.DRAFT.value, max_length=12)
    kind: str = Field(default="update", max_length=12)
    note: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    words: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_by: str = Field(max_length=32)
    edited_by: str = Field(max_length=32)
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_by: str = Field(default="", max_length=32)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    single_person: bool = False
    access: str = Field(default="open", max_length=12)
    record: str = Field(default="", sa_column=Column(Text, nullable=False))
    openings: str = Field(default="", sa_column=Column(Text, nullable=False))
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    body_sha256: str = Field(default="", max_length=64)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    log_index: int | None = None
    leaf_hash: str = Field(default="", max_length=64)
    volume: int | None = None
    ocfl_version: int | None = None
    returned_because: str = Field(default="", max_length=2000)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tombstone: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    extraction: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class ReleaseFile(SQLModel, table=True):
    """One file of a release. `staged` names its bytes in staging until the archive holds them.

    `row_tree` has, for a table, what a manifest leaf says of its rows (`rows`) and the seed that opens them (`seed`).
    """

    __table_args__ = (UniqueConstraint("release_id", "path"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    release_id: str = Field(foreign_key="release.id", index=True, max_length=32)
    path: str = Field(max_length=1024)
    original: str = Field(max_length=1024)
    media_type: str = Field(max_length=120)
    encoding: str | None = Field(default=None, max_length=40)
    bytes: int = Field(sa_type=BigInteger)
    sha256: str = Field(max_length=64, index=True)
    chunks: int
    chunk_root: str = Field(max_length=64)
    staged: str = Field(default="", max_length=64)
    row_tree: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class Approval(SQLModel, table=True):
    """A person's word for exactly the release whose body hashes to `digest`."""

    release_id: str = Field(primary_key=True, foreign_key="release.id", max_length=32)
    account_id: str = Field(primary_key=True, max_length=32)
    role: str = Field(max_length=20)
    digest: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class Change(SQLModel, table=True):
    """An amendment or a withdrawal of a published release, from the wish to the log."""

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    release_id: str = Field(foreign_key="release.id", index=True, max_length=32)
    type: str = Field(max_length=12)
    state: str = Field(default="requested", max_length=12)
    requested_by: str = Field(max_length=32)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str = Field(default="", max_length=32)
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    law: str = Field(default="", max_length=400)
    ground: str = Field(default="", max_length=80)
    record: str = Field(default="", sa_column=Column(Text, nullable=False))
    openings: str = Field(default="", sa_column=Column(Text, nullable=False))
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    log_index: int | None = None
    inscribed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Inscription(SQLModel, table=True):
    """A statement on its way into the log; `envelope` is stored first, so that a rerun submits the same bytes."""

    id: str = Field(primary_key=True, max_length=100)
    type: str = Field(max_length=20)
    signer: str = Field(max_length=200)
    body: str = Field(sa_column=Column(Text, nullable=False))
    envelope: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    log_index: int | None = None


class StatementRow(SQLModel, table=True):
    """A statement of the log, for lists; derived from the log alone."""

    __tablename__ = "statement"

    log_index: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: str = Field(max_length=20, index=True)
    agency: str = Field(max_length=200, index=True)
    time: datetime = Field(sa_type=UtcDateTime)
    leaf_hash: str = Field(max_length=64)
    dataset: str | None = Field(default=None, max_length=80, index=True)
    version: int | None = None


class SearchChange(SQLModel, table=True):
    """The order in which releases reach the index: written in the transaction that shows or hides them (SEARCH 8)."""

    seq: int | None = Field(default=None, primary_key=True)
    dataset: str = Field(max_length=80)
    version: int
    op: str = Field(max_length=10)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tries: int = 0
    problem: str = Field(default="", max_length=300)
