"""The saga of a lawful erasure: hide at once, destroy in the archive, say so in the log, show the tombstone, purge.

Two people decide it, whatever the agency's setting says. What is destroyed cannot come back: openings and bytes go from
every version of the dataset, from the database, the index and the caches; the log keeps that they existed.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from app.db.catalogue import Approval, Change, Dataset, Release, ReleaseFile, ReleaseState, StatementRow
from app.db.engine import locked_one, transaction
from app.errors import AppError
from app.ports import Clock, JobQueue
from app.services import names
from app.services.access import say_name_only
from app.services.accounts import record
from app.services.changing import speak, stand_on_newest
from app.services.drafts import to_draft
from app.services.indexing import Indexer
from app.services.inscribing import Scribe
from app.services.publishing import enqueue_index
from archive.ledger.reader import LogReader
from archive.ledger.statement_check import read_statement
from archive.objects.errors import BadInventory
from archive.objects.root import StorageRoot
from archive.packages import erasure
from archive.packages.erasure import Affected
from archive.records import base64_strict, jcs
from archive.records.commit import commitment
from archive.records.manifest import Manifest
from archive.records.statements import Statement, format_time

DONE = "inscribed"
_LOOKS = 5
_UNPUBLISHED = (ReleaseState.DRAFT.value, ReleaseState.SUBMITTED.value, ReleaseState.APPROVED.value)


class DatabaseBusy(AppError):
    code = "APP-270"
    ja = "データベースの古いページがまだ読まれています。消去の後片付けはこのあともう一度行われます。"
    en = "Old pages of the database are still being read. Cleaning up after the erasure is tried again."
    zh = "資料庫的舊頁面仍在被讀取。刪除後的清理將再次嘗試。"


class ReplayFailed(AppError):
    code = "APP-272"
    ja = "{dataset} 第{version}版の消去をやり直せません(ファイルが欠けています)。`ishibumi audit` で確かめてください。"
    en = "{dataset} v{version} cannot be erased again: files of it are missing. Look with `ishibumi audit`."
    zh = "無法重新刪除 {dataset} 第 {version} 版(檔案遺失)。請以 `ishibumi audit` 檢查。"


class ReleaseUnderWay(AppError):
    code = "APP-271"
    ja = "{dataset} 第{version}版が同じファイルを公開中です。終わり次第、消去を続けます(`ishibumi doctor` で確認)。"
    en = "{dataset} v{version} is being published with the same file. Erasing goes on after it: see `ishibumi doctor`."
    zh = "{dataset} 第 {version} 版正在發布相同檔案,完成後將繼續刪除(請以 `ishibumi doctor` 查看)。"


@dataclass(frozen=True)
class Eraser:
    """Everything the steps need; made once per worker."""

    engine: sa.Engine
    root: StorageRoot
    scribe: Scribe
    jobs: JobQueue
    clock: Clock
    indexer: Indexer
    cache: Path
    host: str

    def hide(self, change_id: str) -> None:
        """Nobody is given the files or the words any more; what is to be destroyed is fixed from here on."""
        with transaction(self.engine) as session:
            change = locked_one(session, Change, change_id)
            release = session.get_one(Release, change.release_id)
            wish = json.loads(change.openings)
            if change.state == DONE or "affected" in wish:
                return
            dataset = locked_one(session, Dataset, release.dataset)  # nothing of it is shown between plan and rows
            found = erasure.plan(self.root, release.dataset, release.version or 0, wish["paths"])
            wish["affected"] = [asdict(one) for one in found]
            change.openings = json.dumps(wish)
            session.add(change)
            _take_from_unpublished(session, dataset.name, found)
            for one in found:
                erase_rows(session, dataset, one, _tombstone(change, None))
            enqueue_index(session, self.jobs, release, "upsert")

    def destroy(self, change_id: str) -> None:
        """The archive holds neither the bytes nor what opens them."""
        change, release = self._load(change_id)
        if change.state != DONE:
            erasure.destroy(self.root, release.dataset, f"erase-{change.id}", _affected(change), _said(change))

    def inscribe(self, change_id: str) -> None:
        """The log says of each release what was erased from it, when, and by which law."""
        change, release = self._load(change_id)
        if change.state == DONE:
            return
        with transaction(self.engine) as session:
            signer = names.agency_key(self.host, session.get_one(Dataset, release.dataset).agency)
            rows = session.exec(select(Release).where(Release.dataset == release.dataset)).all()
            at = {row.version: row.log_index for row in rows}
        for one in _affected(change):
            body = _body(change, release.dataset, one, at[one.version], format_time(self.clock.now()))
            found = self.scribe.inscribe(f"{change.id}-{one.version}", "erase", signer, body)
            if one.version == release.version:
                with transaction(self.engine) as session:
                    change = session.get_one(Change, change_id)
                    change.log_index, change.inscribed_at = found.log_index, found.time
                    session.add(change)

    def show(self, change_id: str) -> None:
        """Readers see the tombstone, with its place in the log."""
        with transaction(self.engine) as session:
            change = locked_one(session, Change, change_id)
            release = session.get_one(Release, change.release_id)
            if change.state == DONE:
                return
            for one in _affected(change):
                row = session.exec(
                    select(Release).where(Release.dataset == release.dataset, Release.version == one.version)
                ).one()
                row.tombstone = {**row.tombstone, **_tombstone(change, change.log_index)}
                session.add(row)
            change.state = DONE
            session.add(change)
            record(session, "worker", "erase.inscribed", f"{release.dataset}/v{release.version}", self.clock.now())

    def purge(self, change_id: str) -> None:
        """Neither index, caches nor the database's free pages remember."""
        change, _ = self._load(change_id)
        if change.state == DONE:
            purge(self.engine, self.indexer, self.cache)

    def _load(self, change_id: str) -> tuple[Change, Release]:
        with transaction(self.engine) as session:
            change = session.get_one(Change, change_id)
            return change, session.get_one(Release, change.release_id)


def _take_from_unpublished(session: Session, dataset: str, affected: Sequence[Affected]) -> None:
    """Take the same bytes out of what is not published yet: it would bring them back.

    What waits for approval is a draft again, for it is no longer what was to be approved. What is approved may be in
    the archive already, where digests are replaced in every version: its turn comes first. Raises ReleaseUnderWay.
    """
    digests = {digest for one in affected for digest in _digests(session, dataset, one)}
    holding = select(ReleaseFile.release_id).where(col(ReleaseFile.sha256).in_(digests))
    found = session.exec(
        select(Release.id).where(
            Release.dataset == dataset, col(Release.state).in_(_UNPUBLISHED), col(Release.id).in_(holding)
        )
    ).all()
    for release in [locked_one(session, Release, each) for each in found]:
        if release.state == ReleaseState.APPROVED.value:
            raise ReleaseUnderWay({"dataset": dataset, "version": release.version or 0})
        if release.state == ReleaseState.SUBMITTED.value:
            session.exec(delete(Approval).where(col(Approval.release_id) == release.id))
            to_draft(release)
            session.add(release)
        same = (col(ReleaseFile.release_id) == release.id, col(ReleaseFile.sha256).in_(digests))
        session.exec(delete(ReleaseFile).where(*same))


def _digests(session: Session, dataset: str, one: Affected) -> Sequence[str]:
    """Return the digests (hex) of the files that a release loses, by what its openings still say."""
    release = session.exec(select(Release).where(Release.dataset == dataset, Release.version == one.version)).one()
    opened = Manifest.from_json(json.loads(release.openings)["manifest"]).opened if release.openings else ()
    return [leaf.digest().sha256.hex() for index, leaf in opened if index in one.indices]


def erase_rows(session: Session, dataset: Dataset, affected: Affected, tombstone: Mapping[str, str]) -> None:
    """Take from the rows of one release what its erased files and words said; the newest that stands is shown."""
    release = session.exec(
        select(Release).where(Release.dataset == dataset.name, Release.version == affected.version)
    ).one()
    opened = dict(Manifest.from_json(json.loads(release.openings)["manifest"]).opened) if release.openings else {}
    gone = [leaf.digest().path for index, leaf in opened.items() if index in affected.indices]
    session.exec(delete(ReleaseFile).where(col(ReleaseFile.release_id) == release.id, col(ReleaseFile.path).in_(gone)))
    if release.openings:
        openings = json.loads(release.openings)
        tree = Manifest.from_json(openings["manifest"]).without(affected.indices)
        release.openings = json.dumps({**openings, "manifest": tree.to_json()})
    release.tombstone = {**release.tombstone, **tombstone}
    release.extraction = {}
    if affected.whole:
        release.state, release.record, release.openings, release.note = ReleaseState.ERASED.value, "", "", {}
        release.words, release.kind = {}, "update"  # the kind was a word of the record
        for change in session.exec(select(Change).where(Change.release_id == release.id, Change.type == "amend")):
            change.record = change.openings = ""
            session.add(change)
    session.add(release)
    session.flush()
    if affected.whole:
        say_name_only(dataset)  # its words may be those that are erased
        speak(session, dataset)
        stand_on_newest(session, dataset)
        session.add(dataset)


def purge(engine: sa.Engine, indexer: Indexer, cache: Path) -> None:
    """Make the index again without its old segments, empty the caches, and rewrite the database file (SQLite)."""
    indexer.rebuild()
    indexer.forget_old_generations()
    for folder in cache.iterdir() if cache.is_dir() else ():
        shutil.rmtree(folder, ignore_errors=True)
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM"))
            is_busy = connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        if is_busy:  # a reader still needs old pages: the step is tried again
            raise DatabaseBusy


def replay(engine: sa.Engine, root: StorageRoot, log: LogReader) -> list[str]:
    """Erase again what the log says was erased, and a restored backup brought back; return which releases.

    Must run before anything is served. Raises as `archive.packages.erasure.destroy`.
    """
    done = []
    with transaction(engine) as session:
        rows = list(session.exec(select(StatementRow.log_index).where(StatementRow.type == "erase")))
    for index in rows:
        statement = read_statement(log.entry(index))
        if replay_one(root, index, statement):
            done.append(f"{statement.body['dataset']}/v{statement.body['version']}")
    return done


def replay_one(root: StorageRoot, index: int, statement: Statement) -> bool:
    """Erase again what one erase statement speaks of; tell whether anything was left of it.

    Another process that starts now does the same, and takes the files away that this one is reading: it looks again.
    """
    body = statement.body
    for _ in range(_LOOKS):
        with suppress(FileNotFoundError, BadInventory):
            wanted = affected_by(root, body)
            if wanted is None or not erasure.is_left(root, body["dataset"], wanted):
                return False
            erasure.destroy(root, body["dataset"], f"replay-{index}", [wanted], {"ground": dict(body["ground"])})
            return True
    raise ReplayFailed({"dataset": body["dataset"], "version": body["version"]})


def affected_by(root: StorageRoot, body: Mapping[str, Any]) -> Affected | None:
    """Return what an erase statement's body speaks of, None when the archive has no such release."""
    size = erasure.file_count(root, body["dataset"], body["version"])
    if size is None:
        return None
    indices = tuple(body.get("files", range(size)))
    return Affected(body["version"], indices, whole="files" not in body)


def _affected(change: Change) -> list[Affected]:
    found = json.loads(change.openings)["affected"]
    return [Affected(one["version"], tuple(one["indices"]), one["whole"]) for one in found]


def _body(change: Change, dataset: str, one: Affected, of: int | None, completed: str) -> str:
    order = json.loads(change.openings)["order"]
    salt = base64_strict.decode(order["salt"], 32)
    body: dict[str, Any] = {
        "dataset": dataset,
        "version": one.version,
        "of": [of],
        "scope": "bytes",
        "ground": {"code": change.ground, "law": change.law},
        "order": base64_strict.encode(commitment("order", salt, order["value"].encode())),
        "completed": completed,
    }
    if not one.whole:
        body["files"] = list(one.indices)
    return jcs.canonical(body).decode()


def _tombstone(change: Change, log_index: int | None) -> dict[str, str]:
    return tombstone_words(change.ground, change.law, change.reason, log_index)


def tombstone_words(ground: str, law: str, reason: str, log_index: int | None) -> dict[str, str]:
    """Return what a release's row keeps of an erasure; the log knows ground and law, the reason only the portal."""
    said = {"erased": "yes", "erase_ground": ground, "erase_law": law, "erase_reason": reason}
    return {**said, **({} if log_index is None else {"erase_log_index": str(log_index)})}


def _said(change: Change) -> dict[str, Any]:
    return {
        "ground": {"code": change.ground, "law": change.law},
        "reason": change.reason,
        "order": json.loads(change.openings)["order"],
    }
