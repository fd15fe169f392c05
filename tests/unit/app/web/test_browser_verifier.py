"""The browser's verifier joined to one script, its words, and the page to keep."""

import base64
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.factory import create_app
from app.web import browser_verifier
from archive.verify.result import SENTENCES
from tests.town import Town

MODULES = browser_verifier.STATIC / "js" / "verifier"
REFUSED = re.compile(r'"((?:VER|REC|LED)-\d{3})"')


class Parts(HTMLParser):
    """Collects the contents of scripts and styles, exactly as a browser hashes them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: dict[str, str] = {}
        self.policy = ""
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self._in = (given.get("id") or tag) if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.found[self._in] = self.found.get(self._in, "") + data

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._in = ""


@pytest.mark.parametrize("entry", ["page.js", "offline.js", "worker.js"])
def test_one_script_imports_nothing_and_names_each_module_once(entry: str) -> None:
    script = browser_verifier.script(entry)
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    named = re.findall(r'^modules\["([^"]+)"\] = ', script, re.MULTILINE)
    assert len(named) == len(set(named))
    assert named[-1] == f"js/verifier/{entry}"
    for used in re.findall(r'= modules\["([^"]+)"\];', script):
        assert used in named


def test_every_module_is_part_of_the_page() -> None:
    named = (
        browser_verifier.script("offline.js")
        + browser_verifier.script("page.js")
        + browser_verifier.script("worker.js")
    )
    assert {path.name for path in MODULES.iterdir()} == set(
        re.findall(r'^modules\["js/verifier/([^"]+)"\]', named, re.MULTILINE)
    )


@pytest.mark.parametrize("text", ["import x from 'y';\n", 'export default 1;\nimport "./a.js";\n'])
def test_an_import_of_another_kind_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "js" / "verifier").mkdir(parents=True)
    (tmp_path / "js" / "verifier" / "odd.js").write_text(text)
    monkeypatch.setattr(browser_verifier, "STATIC", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.js"):
        browser_verifier.script("odd.js")


@pytest.mark.parametrize("tag", browser_verifier.LANGUAGES)
def test_every_refusal_has_a_sentence_in_every_language(tag: str) -> None:
    words = browser_verifier.words(tag)
    refused = {code for path in MODULES.iterdir() for code in REFUSED.findall(path.read_text())}
    assert len(refused) > 40
    assert refused <= set(words["errors"])
    assert set(words["sentences"]) == set(SENTENCES)


def test_the_page_to_keep_runs_only_what_it_names(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    app = create_app(town.settings, town.portal)
    answers = [
        app.test_client().get("/verify/offline.html", headers={"Accept-Language": lang}) for lang in ("ja", "en")
    ]
    again = create_app(town.settings, town.portal).test_client().get("/verify/offline.html")
    assert answers[0].data == answers[1].data == again.data
    parts = Parts(answers[0].text)
    assert answers[0].headers["Content-Security-Policy"].startswith(parts.policy)
    assert "http" not in parts.policy
    for name in ("script", "style"):
        digest = base64.b64encode(sha256(parts.found[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in parts.policy
    for tag in browser_verifier.LANGUAGES:
        assert json.loads(parts.found[f"words-{tag}"])["lang"] == tag
    titles = {json.loads(parts.found[f"words-{tag}"])["ui"]["title"] for tag in browser_verifier.LANGUAGES}
    assert len(titles) == len(browser_verifier.LANGUAGES)
    digest = sha256(answers[0].data).hexdigest()
    shown = app.test_client().get("/verify", headers={"Accept-Language": "en"})
    assert digest in re.sub(r"<[^>]+>|\s", "", shown.text)
    assert "Check a file" in shown.text
    town.portal.close()


def test_only_the_two_scripts_are_served_and_kept_for_ever(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    client = create_app(town.settings, town.portal).test_client()
    answer = client.get("/verify/script/page.js")
    assert answer.mimetype == "text/javascript"
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/verify/script/offline.js").status_code == 404
    town.portal.close()
