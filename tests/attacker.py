"""Somebody who keeps everything that a node gives out, and then tries every possible content against it."""

import base64
import binascii
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urljoin
from zipfile import ZipFile

from flask import Flask
from werkzeug.routing import Rule

from archive import merkle

_HEX = re.compile(rb"[0-9a-fA-F]{32,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=-]{22,}")
_BREAK = re.compile(rb"<wbr>|\\u003cwbr\\u003e")
_LINK = re.compile(r'(?:href|src|action)="([^"]+)"|"(?:url|next|evidence_url|verify_url)": ?"([^"]+)"')
_HEX_WIDTHS = (32, 40, 64, 128)
_RAW_WIDTHS = (16, 20, 32, 64)
_LONGEST_RUN = 200
_ENDLESS = re.compile(r"/static/|/search\?.*&|/problems/|/workspace/sign-in\?|[?&]lang=")
"""Files that are the program's own; filters upon filters; sentences about errors; languages, asked for by header."""
_MOST_PAGES = 500


class Hoard:
    """Every byte that was given out: heads, bodies, files of a mirror; with what is packed inside in base64."""

    def __init__(self) -> None:
        self._parts: set[bytes] = set()

    def keep(self, *parts: bytes) -> None:
        """Add parts, with the members of zips, and what they hold in base64 (a payload in an entry in a page)."""
        for part in parts:
            if part.startswith(b"PK"):
                with ZipFile(BytesIO(part)) as packed:
                    self.keep(*(packed.read(name) for name in packed.namelist()))
            self._keep(_BREAK.sub(b"", part), depth=2)

    def keep_folder(self, folder: Path) -> None:
        """Add every file of a folder that a mirror may copy, and its name."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.keep(path.read_bytes(), str(path.relative_to(folder)).encode())

    def says(self, *texts: str) -> list[str]:
        """Return which of `texts` stands anywhere, as it is, in a URL or in JSON."""
        forms = {text: {text.encode(), quote(text).encode(), ascii(text)[1:-1].encode()} for text in texts}
        return [text for text, known in forms.items() if any(form in part for part in self._parts for form in known)]

    def digests(self) -> set[bytes]:
        """Return everything that could be a digest: all runs of hex and base64, and all windows of what is not text."""
        found: set[bytes] = set()
        for part in self._parts:
            for run in _HEX.findall(part):
                found |= {bytes.fromhex(each.decode()) for each in _windows(run.lower(), _HEX_WIDTHS)}
            for run in _BASE64.findall(part):
                if len(run) <= _LONGEST_RUN:  # what is longer is a document, and was opened when it was kept
                    found |= {digest for each in _windows(run, (43, 27, 22)) for digest in _decoded(each)}
            if not _is_text(part):
                found |= set(_windows(part, _RAW_WIDTHS))
        return found

    def _keep(self, part: bytes, depth: int) -> None:
        if part in self._parts:
            return
        self._parts.add(part)
        if depth:
            for run in _BASE64.findall(part):
                for inside in _decoded(run):
                    self._keep(inside, depth - 1)


def derived(content: bytes, path: str, secret: str) -> set[bytes]:
    """Return what may be computed from a guessed file without any salt: by hash, by git, by line, by chunk, by leaf."""
    blob = b"blob %d\0" % len(content) + content
    lines = [line for end in (b"", b"\n", b"\r\n") for line in (each + end for each in content.splitlines())]
    lines += [cell.encode() for line in content.decode().splitlines() for cell in line.split(",") if secret in cell]
    found = {hashlib.new(name, content).digest() for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")}
    found |= {hashlib.sha1(blob).digest(), hashlib.sha256(blob).digest()}
    found |= {hashlib.sha256(line).digest() for line in lines if secret.encode() in line}
    found |= {merkle.leaf_hash(line) for line in [*lines, content] if secret.encode() in line}
    found |= {hashlib.md5(line).digest() for line in lines if secret.encode() in line}
    digest = hashlib.sha256(content)
    leaf = f'{{"path":"{path}","sha256":"{base64.b64encode(digest.digest()).decode()}","size":{len(content)}}}'
    found |= {
        merkle.leaf_hash(leaf.encode()),
        merkle.leaf_hash(digest.digest()),
        hashlib.sha256(leaf.encode()).digest(),
    }
    return found


def crawl(app: Flask, seeds: Iterable[str], languages: Sequence[str] = ("ja", "en")) -> Hoard:
    """Return everything that a stranger without cookies is given from `seeds` on, by following every link."""
    hoard, client = Hoard(), app.test_client(use_cookies=False)
    waiting, seen = deque(seeds), set[str]()
    base = app.extensions["ishibumi"].settings.base_url
    while waiting:
        path = waiting.popleft().partition("#")[0]
        if path in seen:
            continue
        seen.add(path)
        assert len(seen) < _MOST_PAGES
        for headers in ({"Accept-Language": language} for language in languages):
            reply = client.get(path, headers=headers)
            hoard.keep(f"{reply.status}\n{reply.headers}".encode(), reply.get_data())
            links = _LINK.findall(reply.get_data().decode(errors="replace"))
            reply.close()
            for link in (first or second for first, second in links):
                address = urljoin(f"{base}{quote(path, safe='/?=&%')}", link.replace("&amp;", "&"))
                if address.startswith(f"{base}/") and not _ENDLESS.search(address):
                    waiting.append(address.removeprefix(base))
            if not reply.mimetype.startswith("text/html"):
                break
    return hoard


def addresses(app: Flask, known: dict[str, list[str]]) -> Iterator[str]:
    """Give every address that the application answers a GET at, filled with what the attacker knows.

    A new rule with an argument that is not in `known` fails the test: somebody must say what to ask there.
    """
    for rule in app.url_map.iter_rules():
        if rule.methods and "GET" in rule.methods and rule.endpoint != "static":
            yield from _filled(rule, known)


def _filled(rule: Rule, known: dict[str, list[str]]) -> Iterator[str]:
    found = [re.sub(r"<(?:[^<>:]*:)?([a-z_0-9]+)>", r"<\1>", rule.rule)]
    for argument in rule.arguments:
        assert argument in known, f"{rule}: nobody says what to ask for {argument}"
        found = [address.replace(f"<{argument}>", quote(value)) for address in found for value in known[argument]]
    yield from found


def _windows(run: bytes, widths: Iterable[int]) -> Iterator[bytes]:
    for width in widths:
        for at in range(len(run) - width + 1):
            yield run[at : at + width]


def _is_text(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(run: bytes) -> Iterator[bytes]:
    bare = run.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        yield base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return
