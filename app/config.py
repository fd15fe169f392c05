"""Settings: every value the portal reads from outside, from the environment alone. A mistyped name is an error."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import AppError

PREFIX = "ISHIBUMI_"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_Bytes = Annotated[int, Field(ge=1)]


class BadSettings(AppError):
    code = "APP-001"
    ja = "設定 {name} が正しくありません({why})。docs/reference/settings.md を見てください。"
    en = "The setting {name} is wrong ({why}). See docs/reference/settings.md."
    zh = "設定 {name} 不正確({why})。請參閱 docs/reference/settings.md。"


class Settings(BaseSettings):
    """Every setting with its default; the environment variable is `ISHIBUMI_` + the name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Annotated[Path, Field(description="The folder that holds archive, log, keys, database and index.")] = (
        Path("data")
    )
    host: Annotated[str, Field(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="The port to listen on.")] = 8000
    public_url: Annotated[
        str, Field(description="The address readers use. Plain http is accepted for a loopback address only.")
    ] = ""
    database_url: Annotated[
        str,
        Field(
            description="SQLAlchemy URL; empty means SQLite in the data folder. PostgreSQL: postgresql+psycopg://…",
            repr=False,
        ),
    ] = ""
    search_engine: Annotated[Literal["tantivy", "whoosh"], Field(description="The embedded full-text engine.")] = (
        "tantivy"
    )
    web_processes: Annotated[int, Field(ge=1, le=64, description="Web processes that `serve` starts.")] = 2
    web_threads: Annotated[int, Field(ge=1, le=256, description="Threads of each web process.")] = 8
    proxies: Annotated[
        int,
        Field(
            ge=0,
            le=5,
            description="How many proxies stand before the portal and add to X-Forwarded-For; "
            "with 0 nobody is believed, and the proxy's address counts as every reader's.",
        ),
    ] = 0
    max_upload_bytes: Annotated[_Bytes, Field(description="Largest file accepted in one upload, in bytes.")] = (
        20 * 2**30
    )
    max_form_bytes: Annotated[_Bytes, Field(description="Largest request without a file, in bytes.")] = 2 * 2**20
    max_files_per_release: Annotated[int, Field(ge=1, le=10_000, description="Most files in one release.")] = 10_000
    session_idle_minutes: Annotated[int, Field(ge=1, description="A sign-in ends after this long without use.")] = 30
    session_total_hours: Annotated[int, Field(ge=1, description="A sign-in ends after this long in any case.")] = 12
    extraction_seconds: Annotated[
        int, Field(ge=1, description="Longest time reading one file for search may take.")
    ] = 90
    ask_private_addresses: Annotated[
        bool,
        Field(
            description="Whether the node may ask peers, time authorities and others at private or loopback addresses. "
            "Off, so that nobody makes the node ask inside its own network; on where the nodes share one."
        ),
    ] = False
    log_batch: Annotated[
        int, Field(ge=1, le=65_536, description="Most statements that the log publishes under one checkpoint.")
    ] = 4_096
    log_key_days: Annotated[
        int,
        Field(ge=0, le=3_650, description="Days for which an old and a new key of the log both sign its checkpoints."),
    ] = 30
    log_batch_wait_ms: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="How long the log waits for more statements before it publishes, in milliseconds: "
            "more of them a second, each later by as much.",
        ),
    ] = 0
    quorum: Annotated[
        int,
        Field(
            ge=0,
            le=64,
            description="How many of the peers that witness this log (`ishibumi peer add --witness`) must cosign a "
            "checkpoint before evidence counts as witnessed; 0 for none.",
        ),
    ] = 0
    time_authorities: Annotated[
        str,
        Field(
            description="RFC 3161 authorities that prove the time of checkpoints, as `name=url,name=url`. "
            "Put the certificates of those you trust into `authorities/*.pem` of the data folder."
        ),
    ] = ""
    time_calendars: Annotated[
        str, Field(description="OpenTimestamps calendars that prove the time of checkpoints, as `name=url,name=url`.")
    ] = ""
    block_headers: Annotated[
        str,
        Field(
            description="A server with Esplora's API that knows the headers of Bitcoin's blocks, for the calendars' "
            "proofs; a header is believed by its work alone."
        ),
    ] = ""
    anchor_hours: Annotated[
        int, Field(ge=1, le=8_760, description="How long after the last proof of time the next one is asked for.")
    ] = 24
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Field(description="Least severe log line that is written."),
    ] = "INFO"
    metrics_token: Annotated[
        str,
        Field(
            description="Bearer token for /metrics. Without it: from loopback only, and behind a TLS proxy only "
            "where `ISHIBUMI_PROXIES` tells readers from the proxy.",
            repr=False,
        ),
    ] = ""

    @field_validator("time_authorities", "time_calendars")
    @classmethod
    def _named_urls(cls, text: str) -> str:
        """Refuse a list that could not be asked, or whose names could not be file names."""
        names = [name for name, _ in named_urls(text)]
        if len(set(names)) != len(names):
            raise ValueError("a name stands twice")
        return text

    @model_validator(mode="after")
    def _safe_public_url(self) -> "Settings":
        """Refuse a public address over plain http: session cookies would travel in the clear (ARCHITECTURE 6)."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("public_url: an http or https address")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("public_url: plain http is for a loopback address only; use https")
        return self

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def secure_cookies(self) -> bool:
        """Whether readers come by https, so that cookies are `__Host-` and Secure."""
        return self.base_url.startswith("https://")

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'ishibumi.sqlite'}"


def named_urls(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of `name=url,name=url`. Raises ValueError."""
    found = []
    for item in filter(None, (each.strip() for each in text.split(","))):
        name, equals, url = item.partition("=")
        parts = urlsplit(url)
        if not equals or not _NAME.fullmatch(name) or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("name=url, the name of a-z, 0-9 and hyphens, the url http or https")
        found.append((name, url))
    return tuple(found)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force.

    Raises:
        BadSettings: a value is wrong, or a variable that starts with `ISHIBUMI_` is not a setting.

    """
    given = os.environ if environment is None else environment
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in given:
        if name.startswith(PREFIX) and name not in known:
            raise BadSettings({"name": name, "why": "there is no such setting"})
    values = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name in known}
    try:
        return Settings(**values)  # type: ignore[arg-type]  # pydantic turns the texts into their types
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else PREFIX + "PUBLIC_URL"
        raise BadSettings({"name": name, "why": first["msg"]}) from wrong


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
