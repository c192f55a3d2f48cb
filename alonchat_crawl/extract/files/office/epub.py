"""EPUB to Markdown: the chapters in reading order, each converted like a web page (W3C EPUB 3.3).

A chapter may have a DOCTYPE, but not one that declares entities.
"""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from html_to_markdown import convert

from alonchat_crawl.extract.files.archives.checked_zip import CheckedZip
from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.office.ooxml import PART_MAX_BYTES, title_in
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children, local, tree
from alonchat_crawl.extract.html.clean_dom import keep_visible, make_links_absolute
from alonchat_crawl.extract.html.parse import TooDeepError, parse
from alonchat_crawl.extract.html.to_markdown import OPTIONS
from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.text.encoding import decode
from alonchat_crawl.extract.text.media_types import HTML_TYPES
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
CHAPTERS_MAX = 5000
XHTML = HTML_TYPES | {"application/x-dtbook+xml"}
ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
DOCTYPE_CHARS = 1 << 16
NOWHERE = "https://book.invalid/"  # the base of links within the book
INNER_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(https://book\.invalid/[^)\s]*(?: \"[^\"]*\")?\)")


def write_epub(body: bytes, writer: DocumentWriter) -> None:
    """Write a book; raises GiveUp and FullError."""
    book = CheckedZip.of_document(body)
    names = book.names
    roots = tree(book.read(CONTAINER, PART_MAX_BYTES), doctype=True).iter("{*}rootfile")
    opf = next((root.get("full-path", "") for root in roots), "")
    package = tree(book.read(opf, PART_MAX_BYTES), doctype=True)
    locked = set(_encrypted(book)) if ENCRYPTION in names else set()
    writer.title = title_in(child(package, "metadata", "title"))
    chapters = list(_spine(package, posixpath.dirname(opf)))
    for chapter in chapters[:CHAPTERS_MAX]:
        if chapter in locked:
            raise GiveUp(Reason.FILE_ENCRYPTED, "The book is protected (DRM).")
        if chapter not in names:
            continue
        writer.add(_chapter(book.read(chapter, PART_MAX_BYTES), writer))
    if len(chapters) > CHAPTERS_MAX:
        writer.remark("chapters", CHAPTERS_MAX, len(chapters))


def _spine(package: Element, folder: str) -> Iterator[str]:
    """Yield the names of the chapters' parts in order, each once, without the table of contents."""
    items = {each.get("id", ""): each for each in children(package, "manifest")}
    seen: set[str] = set()
    for each in children(package, "spine"):
        item = items.get(each.get("idref", ""))
        if local(each) != "itemref" or item is None or item.get("media-type", "") not in XHTML:
            continue
        if "nav" in item.get("properties", "").split():
            continue
        part = posixpath.normpath(posixpath.join(folder, unquote(urlsplit(item.get("href", "")).path)))
        if part not in seen:
            seen.add(part)
            yield part


def _encrypted(book: CheckedZip) -> Iterator[str]:
    for each in tree(book.read(ENCRYPTION, PART_MAX_BYTES), doctype=True).iter("{*}CipherReference"):
        yield posixpath.normpath(unquote(attribute(each, "URI")))


def _chapter(body: bytes, writer: DocumentWriter) -> str:
    html = decode(body, "application/xhtml+xml").replace("\0", "")
    if ENTITY.search(html[:DOCTYPE_CHARS]):
        raise GiveUp(Reason.XML_BOMB, "A chapter declares entities of its own.")
    try:
        page = parse(html)
    except TooDeepError as error:
        raise GiveUp(Reason.XML_BOMB, "A chapter is nested too deeply.") from error
    keep_visible(page)
    if not writer.title and (heading := page.css_first("h1, title")) is not None:
        writer.title = heading.text()
    make_links_absolute(page, NOWHERE)
    markdown = convert(page.body.html or "", OPTIONS).content or "" if page.body else ""
    return write(INNER_LINK.sub(r"\1", markdown)).markdown
