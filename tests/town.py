"""A small node for tests: an agency with one approval, one with two, and people; jobs run when the test says so."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.config import Settings
from app.db.accounts import Account
from app.db.catalogue import Release
from app.db.engine import make_engine, migrate, transaction
from app.policy import Actor, Role
from app.services import accounts, agencies, drafts, node
from app.services.folders import Folders
from app.services.intake import take
from app.services.words import Words
from app.wiring import Disks, Portal, SystemClock, open_portal
from app.workshop import open_workshop
from tests.fakes.table_queue import TableQueue

HOST = "town.example"
SHELL = Actor("local", "shell", {}, is_operator=True)
PASSWORD = "quiet stone in a river"


@dataclass
class Town:
    """Owns a data folder; `portal` is reopened by `restart`, as after a crash."""

    data: Path
    database_url: str = ""
    disks: Disks | None = None
    portal: Portal = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.data.mkdir(parents=True, exist_ok=True)
        engine = make_engine(settings.sqlalchemy_url)
        node.create(Folders(self.data), engine, HOST, SystemClock())
        engine.dispose()
        self.open()

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.data, database_url=self.database_url)

    def open(self, *, rebuilding: bool = False) -> None:
        engine = make_engine(self.settings.sqlalchemy_url)
        migrate(engine)
        self.portal = open_portal(self.settings, jobs=TableQueue(engine), disks=self.disks, rebuilding=rebuilding)

    def restart(self) -> None:
        self.portal.close()
        self.disks = None
        self.open()

    def work_off(self) -> int:
        jobs = self.portal.jobs
        assert isinstance(jobs, TableQueue)
        with open_workshop(self.portal) as workshop:
            return jobs.work_off(workshop.steps())

    def add_agency(self, slug: str, approvals: int) -> None:
        with transaction(self.portal.engine) as session:
            agencies.add_agency(
                session,
                self.portal.jobs,
                SHELL,
                slug=slug,
                title={"ja": f"{slug}課", "en": f"{slug} office"},
                approvals=approvals,
                now=self.portal.clock.now(),
            )
        self.work_off()

    def add_person(self, name: str, agency: str, *roles: Role, operator: bool = False) -> Actor:
        with transaction(self.portal.engine) as session:
            account = accounts.add_account(
                session, email=f"{name}@{HOST}", name=name, now=self.portal.clock.now(), is_operator=operator
            )
            account.password_hash = ""
            for role in roles:
                accounts.grant(session, account, agency, role)
            session.flush()
            return accounts.actor_of(session, account)

    def set_password(self, name: str, password: str = PASSWORD) -> None:
        with transaction(self.portal.engine) as session:
            account = accounts.by_email(session, f"{name}@{HOST}")
            accounts.set_password(account, password)
            session.add(account)

    def account(self, name: str) -> Account:
        with transaction(self.portal.engine) as session:
            return accounts.by_email(session, f"{name}@{HOST}")

    def draft(
        self,
        actor: Actor,
        dataset: str,
        files: Mapping[str, bytes],
        *,
        agency: str = "solo",
        title: str = "避難所一覧",
        access: str | None = None,
    ) -> Release:
        """Return a draft with files; the dataset is made when it is not there."""
        from app.db.catalogue import Dataset

        now = self.portal.clock.now()
        staged = [take(self.portal.staging, io.BytesIO(content), name) for name, content in files.items()]
        with transaction(self.portal.engine) as session:
            if session.get(Dataset, dataset) is None:
                words = Words(title={"ja": title, "en": "Shelters"}, description={"ja": "見本の町の一覧"})
                drafts.create_dataset(session, actor, name=dataset, agency=agency, words=words, now=now)
            release = drafts.start_release(
                session, actor, dataset=dataset, kind="update", note={}, now=now, access=access
            )
            for file in staged:
                drafts.add_file(session, actor, release.id, file, most=100)
            return release

    def submit(self, actor: Actor, release: Release) -> Release:
        with transaction(self.portal.engine) as session:
            return drafts.submit(session, self.portal.jobs, actor, release.id, origin=HOST, now=self.portal.clock.now())

    def publish(self, actor: Actor, dataset: str, files: Mapping[str, bytes], **given: str) -> Release:
        """Publish through the whole line and return the release as it is then."""
        release = self.submit(actor, self.draft(actor, dataset, files, **given))
        self.work_off()
        return self.release(release.id)

    def release(self, release_id: str) -> Release:
        with transaction(self.portal.engine) as session:
            return session.get_one(Release, release_id)


def reopened(data: Path, disks: Disks | None = None, database_url: str = "") -> Town:
    """Open the node in `data`, which exists."""
    made = Town.__new__(Town)
    made.data, made.database_url, made.disks = data, database_url, disks
    made.open()
    return made
