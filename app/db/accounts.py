"""Who may act: agencies, people, roles, sign-ins, tokens. Not derived from the archive; `backup` keeps them."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from app.db.types import UtcDateTime, new_id


class Agency(SQLModel, table=True):
    """An organisation that publishes here; the archive holds the same in the object `agency.<slug>`."""

    slug: str = Field(primary_key=True, max_length=80)
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    approvals: int = 2
    created_at: datetime = Field(sa_type=UtcDateTime)


class Account(SQLModel, table=True):
    """A person. `password_hash` is argon2id; empty means that no password has been set."""

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    email: str = Field(unique=True, index=True, max_length=254)
    name: str = Field(max_length=200)
    password_hash: str = Field(default="", max_length=200)
    is_operator: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Membership(SQLModel, table=True):
    """One role of one person in one agency."""

    account_id: str = Field(primary_key=True, foreign_key="account.id", max_length=32)
    agency: str = Field(primary_key=True, foreign_key="agency.slug", max_length=80)
    role: str = Field(primary_key=True, max_length=20)


class SignIn(SQLModel, table=True):
    """A browser session; the cookie holds the secret whose SHA-256 is the key here."""

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=32)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class SignInAttempt(SQLModel, table=True):
    """Failed sign-ins per account address and per network: they slow the next try down."""

    key: str = Field(primary_key=True, max_length=300)
    failures: int = 0
    last_at: datetime = Field(sa_type=UtcDateTime)


class ApiToken(SQLModel, table=True):
    """What a service token may do and until when; the token itself is shown once and never stored."""

    jti: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=32)
    agency: str = Field(foreign_key="agency.slug", max_length=80)
    name: str = Field(max_length=100)
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditEvent(SQLModel, table=True):
    """One action of one actor; rows are only ever added."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str = Field(max_length=200)
    action: str = Field(max_length=60)
    object: str = Field(max_length=300)
    detail: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
