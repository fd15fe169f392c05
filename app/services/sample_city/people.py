"""The four sample accounts: random passwords for each data folder, in one file that only its owner reads."""

import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, select

from app.db.accounts import Account
from app.db.engine import transaction
from app.policy import Role
from app.services import accounts
from app.services.sample_city.content import AGENCIES, HOST

UPLOADER, APPROVER, ADMIN, OPERATOR = (f"{who}@{HOST}" for who in ("uploader", "approver", "admin", "operator"))
_NAMES: Mapping[str, tuple[str, Role | None]] = {
    UPLOADER: ("見本 登録係", Role.UPLOADER),
    APPROVER: ("見本 承認係", Role.APPROVER),
    ADMIN: ("見本 管理係", Role.ADMIN),
    OPERATOR: ("見本 運用係", None),
}
_HEAD = (
    "# 見本市の利用者とパスワード(このデータフォルダーだけのもの)\n"
    "# Sample accounts of this data folder only: address, password\n"
)
_PASSWORD_BYTES = 18


def settle(engine: sa.Engine, file: Path, now: datetime) -> None:
    """Make the sample accounts, with the passwords written to `file` (0600); once `file` is there nothing is changed.

    The passwords are durable in a file beside it before any account has one, and the file gets its name after the
    accounts are committed: a crash in between ends, in the next run, with accounts and file that agree.
    """
    if file.exists():
        return
    waiting = file.with_suffix(".new")
    passwords = _read(waiting)
    if set(passwords) != set(_NAMES):
        passwords = {email: secrets.token_urlsafe(_PASSWORD_BYTES) for email in _NAMES}
        _write(waiting, passwords)
    with transaction(engine) as session:
        for email, password in passwords.items():
            _account(session, email, password, now)
    waiting.replace(file)
    _sync_folder(file.parent)


def _account(session: Session, email: str, password: str, now: datetime) -> None:
    name, role = _NAMES[email]
    account = session.exec(select(Account).where(Account.email == email)).first()
    if account is None:
        account = accounts.add_account(session, email=email, name=name, now=now, is_operator=role is None)
        accounts.record(session, "sample city", "account.added", email, now)
    accounts.set_password(account, password)
    session.add(account)
    if role is not None:
        for agency in AGENCIES:
            accounts.grant(session, account, agency.slug, role)


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _write(file: Path, passwords: Mapping[str, str]) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(_HEAD + "".join(f"{email}  {password}\n" for email, password in passwords.items()))
        out.flush()
        os.fsync(out.fileno())
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
