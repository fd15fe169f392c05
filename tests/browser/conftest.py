"""A real node, served, and a real Chromium: made once for all browser tests."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import required
from tests.serving import Shell, free_port

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HOST = "mihon.example"
PASSWORD = "quiet stone in a river"
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
SHELTERS = "No,名称,住所,電話番号\n01,大井川公民館,見本市宗高900,054-622-0001\n02,港小学校,見本市中港1,054-622-0002\n"


@dataclass
class Visit:
    """A page with everything that it asked for and said on the console."""

    page: Page
    base: str
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", lambda request: self._note(request.url, request.method))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)

    def check(self, lang: str, *, status: int = 200) -> None:
        """Assert what holds on every page (UX section 11)."""
        expected = f"the server responded with a status of {status} " if status != 200 else "\0"
        assert [line for line in self.said if expected not in line] == []
        assert [url for url in self.asked if not url.startswith((self.base, "data:"))] == []
        assert self.page.locator("html").get_attribute("lang") == lang
        assert self.page.locator("h1").count() == 1
        assert self.page.evaluate(_UNLABELLED) == []
        found = Axe().run(self.page, options={"runOnly": TAGS}).response["violations"]
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []

    def _note(self, url: str, method: str) -> None:
        self.asked.append(url)
        if method != "GET":
            self.sent.append(url)


_UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((control) => !control.labels.length && !control.ariaLabel).map((control) => control.outerHTML)"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if required("browser"):
            pytest.fail(f"{CHROMIUM} is not there")
        pytest.skip(f"{CHROMIUM} is not there (apt-get install chromium fonts-noto-cjk)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def phone(browser: Browser) -> dict[str, object]:
    """What makes a context a phone."""
    del browser
    return {
        "viewport": {"width": 412, "height": 839},
        "device_scale_factor": 2.625,
        "is_mobile": True,
        "has_touch": True,
    }


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A served node: two agencies, their people, datasets of several kinds, one withdrawn."""
    folder = tmp_path_factory.mktemp("browser")
    shell = Shell(folder / "data", free_port())
    shell.run("init", "--origin", HOST, "--title", "見本市")
    shell.run(
        "agency", "add", "bosai", "--title", "防災課", "--title-en", "Disaster Prevention", "--title-zh", "防災課"
    )
    for name, role in (("uploader", "uploader"), ("approver", "approver")):
        shell.run(
            *("user", "add", f"{name}@{HOST}", "--name", name, "--agency", "bosai", "--role", role, "--password-stdin"),
            stdin=PASSWORD.encode(),
        )
    for path, content in _files().items():
        (folder / path).write_bytes(content)
    publish = ("publish", "--agency", "mihon-example", "--dataset")
    shell.run(
        *publish, "shelters", "--title", "避難所一覧", "--description", "災害時に開く施設。", str(folder / "old.csv")
    )
    shell.run(*publish, "shelters", "--kind", "correction", "--note", "電話番号を直しました。", str(folder / "new.csv"))
    shell.run(*publish, "maps", "--title", "地図", str(folder / "points.geojson"), str(folder / "pack.zip"))
    shell.run(*publish, "gone", "--title", "名簿", str(folder / "gone.csv"))
    withdraw = ("withdraw", "gone", "--version", "1", "--ground", "personal-data", "--yes")
    shell.run(*withdraw, "--reason", "個人が分かる列があったため。", "--law", "個人情報保護法 第69条")
    with shell.serving():
        yield shell


def _files() -> dict[str, bytes]:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside/wells.csv", "名称,深さ\n北井戸,12\n")
    return {
        "old.csv": SHELTERS.encode("cp932"),
        "new.csv": SHELTERS.replace("0001", "0009").encode("cp932"),
        "gone.csv": "氏名\n見本太郎\n".encode(),
        "points.geojson": b'{"type": "FeatureCollection", "features": []}',
        "pack.zip": packed.getvalue(),
    }


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", viewport=DESKTOP["viewport"])
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, node: Shell) -> Visit:
    visit = Visit(context.new_page(), node.url)
    visit.listen()
    return visit
