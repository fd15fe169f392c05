"""The metadata record of a release: everything said about it in words. Committed to by the statement, never in the log.

No digest of content stands here, so that a file can be erased and its record stay (LEDGER D8).
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from archive.records import jcs
from archive.records.errors import BadRecord

MAX_BYTES = 16 * 1024 * 1024
Lang = Annotated[str, Field(pattern=r"^(ja|en|zh-Hant|zh-Hans)$")]
Words = dict[Lang, Annotated[str, Field(min_length=1, max_length=10_000)]]
Title = Annotated[dict[Lang, Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1)]
Kind = Literal["first", "addition", "update", "correction", "replacement", "format"]
Access = Literal["open", "restricted"]
Theme = Literal[
    "agriculture",
    "culture",
    "disaster",
    "economy",
    "education",
    "environment",
    "finance",
    "government",
    "health",
    "population",
    "tourism",
    "transport",
]
THEMES: tuple[str, ...] = get_args(Theme)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgencyRecord(_Frozen):
    """Who publishes: the slug on its node and its names."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,80}$")]
    title: Title


class FileRecord(_Frozen):
    """One file in words: its path in the release, what it is and how its text is written.

    `original_base64` is the UTF-8 of the name it came with, when that differs from the path (NFD, say): a record's own
    texts are NFC.
    """

    path: str
    original_base64: str = ""
    media_type: str
    bytes: Annotated[int, Field(ge=0)]
    encoding: str | None = None


class SubmitterRecord(_Frozen):
    """Who submitted, by role and salted account id: no official's name is kept for ever (LEDGER section 4)."""

    role: str
    account: str


class ReleaseRecord(_Frozen):
    """The record of one release. Immutable; an amendment is a new record of the same version."""

    v: Literal[1] = 1
    dataset: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=2, max_length=80)]
    version: Annotated[int, Field(ge=1)]
    identifier: str
    title: Title
    reading: Annotated[str, Field(max_length=300)] = ""
    description: Words = {}
    agency: AgencyRecord
    licence: Annotated[str, Field(min_length=1, max_length=200)]
    themes: Annotated[tuple[Theme, ...], Field(max_length=5)] = ()
    keywords: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=30)] = ()
    period: Annotated[str, Field(max_length=60)] = ""
    area: Annotated[str, Field(max_length=120)] = ""
    contact: Annotated[str, Field(max_length=300)] = ""
    kind: Kind = "first"
    note: Words = {}
    access: Access = "open"
    single_person: bool = False
    submitted_by: SubmitterRecord
    files: Annotated[tuple[FileRecord, ...], Field(min_length=1)]

    def canonical(self) -> bytes:
        """Return the bytes that the statement's `metadata` commits to."""
        return jcs.canonical(self.model_dump(mode="json"))

    @classmethod
    def parse(cls, raw: bytes) -> "ReleaseRecord":
        """Return the record in `raw` (canonical JSON).

        Raises:
            BadRecord: JSON of another shape.
            NotJson, NotCanonical, TooLarge: as `jcs.parse_canonical`.

        """
        return cls.of(jcs.parse_canonical(raw, limit=MAX_BYTES, what="metadata record"))

    @classmethod
    def of(cls, found: Any) -> "ReleaseRecord":
        """Return the record with the members of `found`. Raises BadRecord."""
        try:
            return cls.model_validate(found)
        except ValidationError as wrong:
            first = wrong.errors()[0]
            member = ".".join(str(part) for part in first["loc"])
            raise BadRecord({"member": member, "why": first["msg"]}) from wrong
