"""Changes of signing keys that people asked for, from the wish to the log. Not derived: `backup` keeps them."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from app.db.types import UtcDateTime, new_id


class KeyAction(StrEnum):
    """What is to become of a key."""

    ROTATE = "rotate"
    ADD = "add"
    REVOKE = "revoke"


class KeyChange(SQLModel, table=True):
    """A wish about the keys called `name`.

    `vkey` is the new key: given for an agency's own one, made by the job otherwise. `keyid` (8 hex digits, '' for none)
    is the key to end, for `reason`; from `from_index` on its statements are doubtful (None: from its revocation on).
    `following` is, for the log's key, the SHA-256 (hex) of the public key that comes after it.
    """

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    action: str = Field(max_length=10)
    name: str = Field(index=True, max_length=200)
    vkey: str = Field(default="", max_length=1024)
    keyid: str = Field(default="", max_length=8)
    reason: str = Field(default="", max_length=12)
    from_index: int | None = None
    following: str = Field(default="", max_length=64)
    requested_by: str = Field(max_length=200)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    log_index: int | None = None
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
