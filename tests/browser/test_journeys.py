"""What people come for, done in a browser: a citizen with the keyboard alone, a journalist, an agency of two."""

import re
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import HOST, PASSWORD, SHELTERS, Visit
from tests.serving import Shell

pytestmark = pytest.mark.browser
INSCRIBED_WITHIN_SECONDS = 60
ROOT = Path(__file__).parent.parent.parent


def _tab_to(page: Page, wanted: str, most: int = 60) -> None:
    """Press Tab until the focused element's text or name is `wanted`."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted in page.evaluate("(document.activeElement.innerText || document.activeElement.name || '')"):
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def test_a_citizen_finds_and_opens_a_dataset_by_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    _tab_to(page, "q")
    page.keyboard.type("大井川公民館")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search"))
    expect(page.get_by_role("status").first).to_contain_text("1")
    expect(page.locator(".places")).to_contain_text("new.csv")
    expect(page.locator(".places")).to_contain_text("2 行目")
    _tab_to(page, "避難所一覧")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "4px"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/datasets/shelters$"))
    expect(page.locator(".seal")).to_contain_text("刻印済み")
    with page.expect_download() as download:
        _tab_to(page, "new.csv")
        page.keyboard.press("Enter")
    assert Path(download.value.path()).read_bytes() == SHELTERS.replace("0001", "0009").encode("cp932")


def test_a_journalist_drops_a_file_and_nothing_is_uploaded(visit: Visit, tmp_path: Path) -> None:
    page, file = visit.page, tmp_path / "received.csv"
    file.write_bytes(SHELTERS.encode("cp932"))
    visit.open("/verify")
    visit.asked.clear()
    page.set_input_files("#file", file)
    page.wait_for_url(re.compile("hash="))
    expect(page.locator(".verdict-word")).to_have_text("旧版の第1版と一致します（最新は第2版）")
    assert visit.sent == []
    scripts = ("/static/", "/verify/script/")
    assert [url for url in visit.asked if not any(each in url for each in scripts)] == [page.url]
    file.write_bytes(SHELTERS.encode("cp932") + b" ")
    page.set_input_files("#file", file)
    expect(page.locator(".verdict.unknown")).to_be_visible()
    visit.check("ja")


def test_a_file_can_be_dropped_on_the_page(visit: Visit) -> None:
    visit.open("/verify")
    visit.page.evaluate(
        """text => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], 'dropped.txt'));
            document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true}));
        }""",
        "never published",
    )
    visit.page.wait_for_url(re.compile("hash=b?[0-9a-f]{63,64}"))
    expect(visit.page.locator(".verdict.unknown")).to_be_visible()


def _sign_in(context: BrowserContext, node: Shell, name: str) -> Visit:
    visit = Visit(context.new_page(), node.url)
    visit.listen()
    visit.open("/workspace/")
    visit.page.fill("#email", f"{name}@{HOST}")
    visit.page.fill("#password", PASSWORD)
    visit.page.click("main button[type=submit]")
    expect(visit.page.locator("h1")).to_have_text("Workspace")
    visit.check("en")
    return visit


def test_two_people_publish_through_forms(browser: Browser, node: Shell, tmp_path: Path) -> None:
    wells = tmp_path / "wells.csv"
    wells.write_text("名称,深さ\n北井戸,012\n")
    ours, theirs = (browser.new_context(locale="en-US") for _ in range(2))
    maker = _sign_in(ours, node, "uploader")
    maker.page.get_by_role("link", name="New dataset").click()
    maker.check("en")
    maker.page.fill("#name", "wells")
    maker.page.fill("[name='title.en']", "Emergency wells")
    maker.page.get_by_label("Disaster prevention").check()
    maker.page.get_by_role("button", name="Make it, then add files").click()
    maker.page.set_input_files("#upload", wells)
    maker.page.get_by_role("button", name="Upload").click()
    expect(maker.page.locator(".file-name")).to_contain_text("wells.csv")
    maker.check("en")
    maker.page.get_by_role("button", name="Submit for approval").click()
    expect(maker.page.get_by_text("It waits for approval.")).to_be_visible()
    expect(maker.page.get_by_role("button", name="Approve and inscribe")).to_have_count(0)

    judge = _sign_in(theirs, node, "approver")
    judge.page.get_by_role("link", name="Emergency wells").click()
    judge.check("en")
    judge.page.get_by_role("link", name="wells.csv").click()
    expect(judge.page.locator("table.data")).to_contain_text("012")
    judge.check("en")
    judge.page.get_by_role("link", name="Back to the draft").click()
    judge.page.fill("#password", PASSWORD)
    judge.page.get_by_role("button", name="Approve and inscribe").click()
    expect(judge.page.locator("main .notice")).to_contain_text(re.compile("inscribed|published"))
    expect(_until_published(judge)).to_contain_text("Emergency wells")
    expect(judge.page.locator(".seal")).to_contain_text("two people")
    expect(judge.page.locator("table.data")).to_contain_text("012")
    for context in (ours, theirs):
        context.close()


def _until_published(visit: Visit) -> Locator:
    """Look at the release again and again until the worker has inscribed it, as somebody does who waits for it."""
    end = time.monotonic() + INSCRIBED_WITHIN_SECONDS
    while visit.page.request.get(f"{visit.base}/datasets/wells/v1").status != HTTPStatus.OK:
        assert time.monotonic() < end, "it was not inscribed"
        visit.page.wait_for_timeout(200)
    visit.open("/datasets/wells")
    return visit.page.locator("h1")


def test_the_recipes_on_the_page_run(visit: Visit, node: Shell, tmp_path: Path) -> None:
    visit.open("/datasets/maps")
    shown = {
        figure.locator("figcaption").inner_text().split()[0]: figure.locator("code").inner_text()
        for figure in visit.page.locator("figure.snippet").all()
    }
    for command in (
        ["sh", "-ec", shown["curl"]],
        [sys.executable, "-c", shown["Python"]],
        ["sh", "-ec", shown["ishibumi"].replace("ishibumi verify", f"{sys.executable} -m app.cli verify")],
    ):
        done = subprocess.run(
            command, cwd=tmp_path, env={**node.environment, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout.decode(), done.stderr.decode())
