"""What the program stores of a page: every string that a user interface may show."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

import pyromark
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.errors import Refused
from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.extract.read_page import read_page
from alonchat_crawl.items import CleanPage, Page, Provenance
from alonchat_crawl.parser_errors import ReasonedError
from alonchat_crawl.settings import CHUNK_BYTES, CHUNK_MIN_BYTES
from tests.active.forms import Source
from tests.support.clean_page import clean_page

NOBODY = UUID(int=0)
FILE_MAX_CHARS = 1_000_000
SMALL_BYTES = 160  # chunks so small that hardly a block stays whole;
SMALL_ONE_OF = 4  # so many documents, told by their text, is cut into such, too
MAX_LINKS = 100
WRITTEN = frozenset(["document", "chunk", "small chunk"])  # parts that the writer wrote, as they are


class Stored(NamedTuple):
    """A string and how it is shown."""

    kind: str
    """block: Markdown; line: a title, heading or description, as Markdown or as a page's text; url."""
    part: str
    """Which of the page's strings it is."""
    text: str


def stored(source: Source) -> list[Stored]:
    """Everything stored of a page; nothing where it is refused."""
    try:
        page = clean_page(_page(source))
    except (Refused, ReasonedError):
        return []
    return [*_of(page), *_urls(source)]


def links(source: Source) -> list[str]:
    """The addresses that the source has as links."""
    if source.media_type not in {"text/html", "text/markdown"}:
        return []
    tree = LexborHTMLParser(source.text if source.media_type == "text/html" else pyromark.html(source.text))
    return [href for node in tree.css("a[href]") if (href := node.attributes.get("href"))]


def _page(source: Source) -> Page:
    where = Provenance(source.url, source.url, NOBODY, NOBODY, NOBODY, datetime.now(UTC))
    if source.media_type:
        return Page(where, source.media_type, source.text)
    found = read_file(source.text.encode(errors="replace"), source.name, FILE_MAX_CHARS)
    return Page(where, found.media_type, found.text, title=found.title, name=source.name)


def _of(page: CleanPage) -> Iterator[Stored]:
    yield Stored("block", "document", page.markdown)
    yield Stored("line", "title", page.title)
    yield Stored("line", "description", page.description)
    capacities = {"chunk": CHUNK_BYTES[page.content_type]}
    if crc32(page.markdown.encode()) % SMALL_ONE_OF == 0:
        capacities["small chunk"] = SMALL_BYTES
    for name, capacity in capacities.items():
        chunks = chunk(page.markdown, page.title, capacity, min(CHUNK_MIN_BYTES, capacity // 2))
        yield from (Stored("block", name, each.content) for each in chunks)
        yield Stored("block", f"{name}s joined", "\n".join(each.content for each in chunks))
        for heading in {heading for each in chunks for heading in each.heading_path}:
            yield Stored("line", "heading", heading)
    yield Stored("block", "title and description", f"# {page.title}\n\n{page.description}\n")


def _urls(source: Source) -> Iterator[Stored]:
    if source.media_type not in {"text/html", "text/markdown"}:
        return
    found = read_page(
        source.text.encode(errors="replace"), source.media_type, "", source.url, MAX_LINKS
    ).found
    yield from (Stored("url", "link", url) for url in {*found.links, found.canonical or source.url})
