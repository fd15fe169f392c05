"""Evidence checked in a real Chromium: on the node's page, and in the saved page from disk with the network off."""

import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import SHELTERS, Visit
from tests.serving import Shell

pytestmark = pytest.mark.browser
NEW = SHELTERS.replace("0001", "0009").encode("cp932")
WITHOUT_WEBCRYPTO = "Object.defineProperty(globalThis.crypto, 'subtle', {value: undefined});"


@pytest.fixture(scope="module")
def papers(node: Shell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file, its evidence, the policy of its log, and the saved page."""
    folder = tmp_path_factory.mktemp("papers")
    (folder / "new.csv").write_bytes(NEW)
    (folder / "bad.csv").write_bytes(NEW.replace(b"0009", b"0008"))
    (folder / "policy.txt").write_text(json.loads(evidence(node))["policy"])
    (folder / "new.csv.evidence.json").write_bytes(evidence(node))
    (folder / "forged.evidence.json").write_bytes(_forged(evidence(node)))
    (folder / "saved.html").write_bytes(node.get("/verify/offline.html"))
    return folder


def evidence(node: Shell) -> bytes:
    return node.get("/datasets/shelters/v2/evidence/new.csv")


def _forged(raw: bytes) -> bytes:
    """Return the evidence with another title in its record, the rest untouched."""
    found = json.loads(raw)
    found["record"]["text"] = found["record"]["text"].replace("避難所", "観光所")
    assert found != json.loads(raw)
    return json.dumps(found, ensure_ascii=False).encode()


@pytest.fixture
def offline(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="ja-JP", offline=True)
    yield context
    context.close()


def give(page: Page, *files: Path) -> None:
    page.set_input_files("#file", files)


def verdict(page: Page) -> Locator:
    return page.locator("#answers > .verdict")


def test_evidence_is_checked_on_the_page_and_nothing_is_asked(visit: Visit, papers: Path) -> None:
    page = visit.page
    visit.open("/verify")
    visit.asked.clear()
    begun = time.monotonic()
    give(page, papers / "new.csv", papers / "new.csv.evidence.json")
    expect(verdict(page)).to_have_attribute("data-verdict", "undetermined")
    print(f"from the choice of two files to the answer: {time.monotonic() - begun:.3f} s")  # noqa: T201 - a measure
    expect(verdict(page)).to_have_attribute("data-code", "VER-030")
    expect(verdict(page).locator(".proved .ok")).to_have_count(8)
    page.locator("#pinned summary").click()
    page.get_by_role("button", name="この節点自身の方針を使う").click()
    expect(verdict(page)).to_have_attribute("data-verdict", "matches")
    expect(verdict(page)).to_contain_text("第2版と一致します")
    expect(verdict(page)).to_contain_text("節点が自分について言うこと")
    give(page, papers / "bad.csv")
    expect(verdict(page)).to_have_attribute("data-code", "VER-010")
    give(page, papers / "new.csv", papers / "forged.evidence.json")
    expect(verdict(page)).to_have_attribute("data-code", "REC-040")
    page.fill("#policy", "log nonsense")
    page.locator("#policy").blur()
    expect(page.locator("#policy-wrong")).to_contain_text("LED-050")
    assert visit.sent == []
    assert {url.partition("?")[0].removeprefix(visit.base) for url in visit.asked} <= {
        "/verify/script/worker.js",
        "/static/icon.svg",
    }
    took = page.evaluate("performance.getEntriesByName('ishibumi-verify').map(({duration}) => Math.round(duration))")
    print(f"evidence checked in {took} ms")  # noqa: T201 - a measure
    visit.check("ja")


def test_many_files_are_held_against_the_evidence_of_a_release(visit: Visit, node: Shell, papers: Path) -> None:
    whole = papers / "maps.evidence.json"
    whole.write_bytes(node.get("/datasets/maps/v1/evidence"))
    points = papers / "points.geojson"
    points.write_bytes(b'{"type": "FeatureCollection", "features": []}')
    page = visit.page
    visit.open("/verify?lang=en")
    give(page, points, papers / "bad.csv", whole)
    expect(page.locator("#answers h2")).to_have_text("0 of 2 files hold")
    give(page, points, papers / "bad.csv", papers / "policy.txt")
    expect(page.locator("#answers h2")).to_have_text("1 of 2 files hold")
    expect(page.locator(".one.failed")).to_contain_text("bad.csv")
    visit.check("en")


@pytest.mark.parametrize("how", ["with WebCrypto", "without WebCrypto"])
def test_the_saved_page_works_from_disk_with_the_network_off(offline: BrowserContext, papers: Path, how: str) -> None:
    page = offline.new_page()
    visit = Visit(page, f"file://{papers}")
    visit.listen()
    if how == "without WebCrypto":
        page.add_init_script(WITHOUT_WEBCRYPTO)
    visit.open("/saved.html")
    assert page.evaluate("crypto.subtle === undefined") == (how == "without WebCrypto")
    begun = time.monotonic()
    give(page, papers / "new.csv", papers / "new.csv.evidence.json", papers / "policy.txt")
    expect(verdict(page)).to_have_attribute("data-verdict", "matches")
    print(f"saved page, {how}: {time.monotonic() - begun:.3f} s to the answer")  # noqa: T201 - a measure
    give(page, papers / "new.csv", papers / "forged.evidence.json")
    expect(verdict(page)).to_have_attribute("data-code", "REC-040")
    page.get_by_role("button", name="繁體中文").click()
    give(page, papers / "bad.csv", papers / "new.csv.evidence.json")
    expect(verdict(page)).to_contain_text("證明不成立")
    assert [url for url in visit.asked if not url.startswith(("file:", "blob:"))] == []
    visit.asked.clear()
    visit.check("zh-Hant")


def test_a_file_of_many_chunks_is_hashed_in_a_worker_and_can_be_stopped(offline: BrowserContext, papers: Path) -> None:
    large = papers / "large.bin"
    with large.open("wb") as file:
        file.truncate(600 * 1024 * 1024)
    page = offline.new_page()
    page.goto(f"file://{papers}/saved.html")
    page.set_input_files("#evidence", papers / "new.csv.evidence.json")
    expect(page.locator("#progress")).to_contain_text("次に、その証拠のファイル")
    give(page, large)
    expect(page.locator("#progress")).to_contain_text("MB のうち")
    with page.workers[0].expect_event("close"):
        page.get_by_role("button", name="止める").click()
    expect(page.locator("#progress")).to_have_text("止めました。")
    large.unlink()


def test_the_hash_on_the_page_is_that_of_the_saved_page(visit: Visit, papers: Path) -> None:
    visit.open("/verify")
    digest = hashlib.sha256((papers / "saved.html").read_bytes()).hexdigest()
    shown = visit.page.locator("section[aria-labelledby=offline]").inner_text()
    assert digest in "".join(shown.split())
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="このページを保存").click()
    assert hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest() == digest


def test_weight_of_the_page(visit: Visit) -> None:
    sizes: list[int] = []
    visit.page.on("response", lambda answer: sizes.append(len(gzip.compress(answer.body()))))
    visit.open("/verify")
    visit.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 120_000
    assert len(sizes) <= 10
