"""The sample city: makes the node where there is none, lets the worker work, and waits until everything is shown."""

import time
from typing import Any

from tqdm import tqdm

from app.cli.local import jobs_done_by_someone
from app.config import Settings
from app.db.engine import make_engine
from app.errors import AppError
from app.services import node
from app.services.folders import Folders
from app.services.sample_city import content, people
from app.services.sample_city.filling import Filler, counts
from app.wiring import Portal, SystemClock, open_portal

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 180


class NotTheSampleCity(AppError):
    code = "APP-070"
    ja = "{folder} には別の節点「{host}」があります。見本市は別のフォルダー(ISHIBUMI_DATA_DIR)に作ってください。"
    en = "{folder} holds another node, {host}. Give the sample city a folder of its own (ISHIBUMI_DATA_DIR)."
    zh = "{folder} 已有另一節點「{host}」。請以 ISHIBUMI_DATA_DIR 為範例城市指定其他資料夾。"


class SampleCityStuck(AppError):
    code = "APP-071"
    ja = "見本市の用意が {seconds} 秒のあいだ進みません({why})。`ishibumi doctor` で確かめ、もう一度実行してください。"
    en = "Nothing of the sample city moved for {seconds} seconds ({why}). Look with `ishibumi doctor`, then run again."
    zh = "範例城市的準備已 {seconds} 秒沒有進展({why})。請以 `ishibumi doctor` 檢查後重新執行。"


def fill(settings: Settings) -> dict[str, Any]:
    """Return what the sample city holds once all of it is published; a second run changes nothing.

    Raises:
        NotTheSampleCity: the data folder holds somebody's own node.
        SampleCityStuck: no step ended for three minutes; a rerun goes on where it stopped.

    """
    folders = Folders(settings.data_dir.absolute())
    _make_node(settings, folders)
    portal = open_portal(settings)
    try:
        filler = Filler(portal.engine, portal.jobs, portal.staging, portal.clock, portal.host)
        if not filler.finished() or not folders.demo_accounts.exists():
            with jobs_done_by_someone(portal):
                filler.found_city()
                people.settle(portal.engine, folders.demo_accounts, portal.clock.now())
                _publish_all(portal, filler)
        datasets, releases = counts(portal.engine)
    finally:
        portal.close()
    return {"datasets": datasets, "releases": releases, "accounts": str(folders.demo_accounts)}


def _make_node(settings: Settings, folders: Folders) -> None:
    try:
        host = node.host_of(folders)
    except node.NoNode:
        folders.data.mkdir(parents=True, exist_ok=True)
        engine = make_engine(settings.sqlalchemy_url)
        try:
            node.create(folders, engine, content.HOST, SystemClock())
        finally:
            engine.dispose()
        return
    if host != content.HOST:
        raise NotTheSampleCity({"folder": str(folders.data), "host": host})


def _publish_all(portal: Portal, filler: Filler) -> None:
    wanted = sum(content.releases(dataset) for dataset in content.datasets())
    moved, last = time.monotonic(), -1
    with tqdm(total=wanted, desc="sample city", unit="release", disable=None) as bar:
        while filler.advance() or not filler.finished():
            done = counts(portal.engine)[1]
            if done != last:
                bar.update(done - bar.n)
                moved, last = time.monotonic(), done
            elif time.monotonic() - moved > _PATIENCE_SECONDS:
                failed = [view for view in portal.jobs.recent(100) if view.problem]
                why = failed[0].problem[:200] if failed else "no job failed"
                raise SampleCityStuck({"seconds": _PATIENCE_SECONDS, "why": why})
            time.sleep(_POLL_SECONDS)
        bar.update(wanted - bar.n)
