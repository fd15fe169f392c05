"""Every page once; six templates in three languages on three kinds of screen (UX section 11, points 2 to 6, 10, 12)."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import DESKTOP, Visit
from tests.serving import Shell

pytestmark = pytest.mark.browser

PAGES: Mapping[str, int] = {
    "/": 200,
    "/search": 200,
    "/search?q=公民館": 200,
    "/search?q=存在しない語": 200,
    "/agencies": 200,
    "/agencies/mihon-example": 200,
    "/datasets/shelters": 200,
    "/datasets/shelters/v1": 200,
    "/datasets/shelters/v2/table/new.csv": 200,
    "/datasets/maps/v1/table/pack.zip": 200,
    "/datasets/maps/v1/table/pack.zip?member=inside/wells.csv": 200,
    "/datasets/maps/v1/table/points.geojson": 200,
    "/datasets/gone": 410,
    "/datasets/gone/v1": 410,
    "/log": 200,
    "/log/statements/2": 200,
    "/verify": 200,
    f"/verify?hash={'0' * 64}": 200,
    "/verify?hash=nonsense": 200,
    "/about": 200,
    "/help": 200,
    "/problems/APP-020": 200,
    "/workspace/sign-in": 200,
    "/nothing/here": 404,
}
SIX = ("/", "/search?q=公民館", "/datasets/shelters", "/datasets/shelters/v2/table/new.csv", "/verify", "/log")
LANGUAGES = {"ja": "ja-JP", "en": "en-US", "zh-Hant": "zh-TW"}
NARROWEST = {"width": 320, "height": 700}


@pytest.mark.parametrize("path", PAGES)
def test_each_page(visit: Visit, path: str) -> None:
    visit.open(path)
    visit.check("ja", status=PAGES[path])
    visit.page.set_viewport_size(NARROWEST)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


@pytest.mark.parametrize("screen", ["desktop", "phone", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_six_templates_in_every_language_and_light(
    browser: Browser, node: Shell, phone: dict[str, object], lang: str, screen: str
) -> None:
    kind = {"desktop": DESKTOP, "phone": phone, "dark": {**DESKTOP, "color_scheme": "dark"}}[screen]
    context = browser.new_context(locale=LANGUAGES[lang], timezone_id="Asia/Tokyo", **kind)
    for path in SIX:
        visit = Visit(context.new_page(), node.url)
        visit.listen()
        visit.open(path)
        visit.check(lang)
        visit.page.close()
    context.close()


@pytest.mark.parametrize("path", ["/", "/datasets/shelters"])
def test_pages_are_read_without_javascript_and_in_forced_colours(browser: Browser, node: Shell, path: str) -> None:
    context = browser.new_context(locale="en-US", java_script_enabled=False, forced_colors="active")
    page = context.new_page()
    page.goto(node.url + path)
    assert page.locator("h1").is_visible()
    assert page.get_by_role("searchbox").first.is_visible()
    context.close()


def test_weight_of_home_and_dataset(visit: Visit) -> None:
    sizes: list[int] = []
    visit.page.on("response", lambda answer: sizes.append(len(answer.body())))
    for path, most in (("/", 60_000), ("/datasets/shelters", 90_000)):
        sizes.clear()
        visit.open(path)
        visit.page.wait_for_load_state("networkidle")
        assert sum(sizes) <= most
        assert len(sizes) <= 8
