"""EPUB to Markdown: the chapters in reading order, by the way that web pages go (W3C EPUB 3.3).

A chapter's harmless DOCTYPE is allowed, one that declares entities is not.
"""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from html_to_markdown import convert

from alonchat_crawl.extract.files.archives.container import Container
from alonchat_crawl.extract.files.document_writer import Text
from alonchat_crawl.extract.files.office.ooxml import PART_MAX_BYTES, sane_title
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, local, tree
from alonchat_crawl.extract.html.clean_dom import keep_visible, make_links_absolute
from alonchat_crawl.extract.html.parse import TooDeepError, parse
from alonchat_crawl.extract.html.to_markdown import OPTIONS
from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.text.encoding import decode
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
CHAPTERS_MAX = 5000
XHTML = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
DOCTYPE_CHARS = 1 << 16
NOWHERE = "https://book.invalid/"  # what links within the book are relative to
INSIDE = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(https://book\.invalid/[^)\s]*(?: \"[^\"]*\")?\)")


def write_epub(body: bytes, text: Text) -> None:
    """Write a book; raises GiveUp and FullError."""
    container = Container.of_document(body)
    names = container.names
    roots = tree(container.read(CONTAINER, PART_MAX_BYTES), doctype=True).iter("{*}rootfile")
    opf = next((root.get("full-path", "") for root in roots), "")
    package = tree(container.read(opf, PART_MAX_BYTES), doctype=True)
    locked = set(_encrypted(container)) if ENCRYPTION in names else set()
    node = child(package, "metadata", "title")
    text.title = sane_title("".join(node.itertext())) if node is not None else ""
    chapters = list(_spine(package, posixpath.dirname(opf)))
    for chapter in chapters[:CHAPTERS_MAX]:
        if chapter in locked:
            raise GiveUp(Reason.FILE_ENCRYPTED, "The book is protected (DRM).")
        if chapter not in names:
            continue
        text.add(_chapter(container.read(chapter, PART_MAX_BYTES), text))
    if len(chapters) > CHAPTERS_MAX:
        text.remark("chapters", CHAPTERS_MAX, len(chapters))


def _spine(package: Element, folder: str) -> Iterator[str]:
    """Yield the chapters' parts in order, each once; the table of contents is none."""
    manifest = child(package, "manifest")
    items = {each.get("id", ""): each for each in (manifest if manifest is not None else ())}
    seen: set[str] = set()
    spine = child(package, "spine")
    for each in spine if spine is not None else ():
        item = items.get(each.get("idref", ""))
        if local(each) != "itemref" or item is None or item.get("media-type", "") not in XHTML:
            continue
        if "nav" in item.get("properties", "").split():
            continue
        part = posixpath.normpath(posixpath.join(folder, unquote(urlsplit(item.get("href", "")).path)))
        if part not in seen:
            seen.add(part)
            yield part


def _encrypted(container: Container) -> Iterator[str]:
    for each in tree(container.read(ENCRYPTION, PART_MAX_BYTES), doctype=True).iter("{*}CipherReference"):
        yield posixpath.normpath(unquote(attribute(each, "URI")))


def _chapter(body: bytes, text: Text) -> str:
    html = decode(body, "application/xhtml+xml").replace("\0", "")
    if ENTITY.search(html[:DOCTYPE_CHARS]):
        raise GiveUp(Reason.XML_BOMB, "A chapter declares entities of its own.")
    try:
        page = parse(html)
    except TooDeepError as error:
        raise GiveUp(Reason.XML_BOMB, "A chapter is nested too deeply.") from error
    keep_visible(page)
    if not text.title and (heading := page.css_first("h1, title")) is not None:
        text.title = heading.text()
    make_links_absolute(page, NOWHERE)
    markdown = convert(page.body.html or "", OPTIONS).content or "" if page.body else ""
    return write(INSIDE.sub(r"\1", markdown)).markdown
