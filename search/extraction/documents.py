"""Pages and paragraphs of documents."""

import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError  # only the error's name; the parser is defusedxml's

import pypdfium2
from defusedxml import DefusedXmlException, ElementTree
from selectolax.lexbor import LexborHTMLParser

from archive.formats import members
from archive.formats.decode import decode
from archive.formats.errors import Damaged, Encrypted, OverLimit

_MAX_TEXT = 64 << 20
_MAX_FILE = 512 << 20
_MAX_PAGES = 10_000
_PARA = 2000  # letters; longer ones are parted
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
Unit = dict[str, Any]


def pdf(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the text of each page."""
    try:
        document = pypdfium2.PdfDocument(members.in_memory(source, _MAX_FILE))
        if len(document) > _MAX_PAGES:
            raise OverLimit({"what": f"{_MAX_PAGES} pages"})
        for number in range(len(document)):
            text = document[number].get_textpage().get_text_bounded()
            if text.strip():
                yield {"kind": "page", "text": text, "loc": {"page": number + 1}}
    except pypdfium2.PdfiumError as trouble:
        if "password" in str(trouble).lower() or "security" in str(trouble).lower():
            raise Encrypted from trouble
        raise Damaged({"what": "PDF"}) from trouble


def docx(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the paragraphs of the document's body."""
    try:
        with zipfile.ZipFile(source) as packed, packed.open("word/document.xml") as body:
            yield from _paragraphs(_word_paragraphs(body))
    except (KeyError, zipfile.BadZipFile) as trouble:
        raise Damaged({"what": "DOCX"}) from trouble


def html(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give all text a reader sees, boilerplate too: archived pages are found by any of it."""
    text, _ = decode(members.in_memory(source, _MAX_TEXT))
    tree = LexborHTMLParser(text)
    tree.strip_tags(["script", "style", "noscript", "template"])
    root = tree.root
    if root is not None:
        yield from _paragraphs(root.text(separator="\n", strip=True).splitlines())


def plain(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the paragraphs of a text."""
    text, _ = decode(members.in_memory(source, _MAX_TEXT))
    yield from _paragraphs(text.splitlines())


def xml(source: BinaryIO, _name: str) -> Iterator[Unit]:
    """Give the text between the tags."""
    yield from _paragraphs(_xml_texts(source))


def _paragraphs(lines: Iterable[str]) -> Iterator[Unit]:
    """Join lines up to a size that is worth finding, and part what is longer."""
    held: list[str] = []
    size = 0
    for line in lines:
        for start in range(0, max(1, len(line)), _PARA):
            part = line[start : start + _PARA].strip()
            if held and size + len(part) > _PARA:
                yield {"kind": "para", "text": "\n".join(held)}
                held, size = [], 0
            if part:
                held.append(part)
                size += len(part)
    if held:
        yield {"kind": "para", "text": "\n".join(held)}


def _word_paragraphs(body: Any) -> Iterator[str]:
    for element in _elements(body):
        if element.tag == _WORD + "p":
            yield "".join(text.text or "" for text in element.iter(_WORD + "t"))
            element.clear()


def _xml_texts(source: BinaryIO) -> Iterator[str]:
    for element in _elements(source):
        yield (element.text or "").strip()
        yield (element.tail or "").strip()
        element.clear()


def _elements(source: Any) -> Iterator[Any]:
    """Give elements as they end; entities and external references are refused. Raises Damaged."""
    try:
        for _, element in ElementTree.iterparse(source, forbid_dtd=True):
            yield element
    except (ParseError, DefusedXmlException, ValueError, LookupError) as trouble:
        raise Damaged({"what": f"XML: {type(trouble).__name__}"}) from trouble
