"""Pages of Python's documentation, cleaned and chunked as a crawl does it."""

from datetime import UTC, datetime
from uuid import uuid4

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.items import Page, Provenance
from alonchat_crawl.settings import CHUNK_BYTES, CHUNK_MIN_BYTES
from tests.benchmarks.retrieval.corpus import SITE, read_corpus
from tests.support.clean_page import clean_page

MOST_BYTES = 60_000  # of HTML: a giant would be all that is measured

Chunks = list[tuple[tuple[str, ...], str]]


def documentation(pages: int) -> list[tuple[str, Chunks]]:
    """Return so many pages, evenly out of all: title, and heading path and text of each chunk."""
    found = [(path, html) for path, html in read_corpus().pages.items() if len(html) <= MOST_BYTES]
    return [_chunked(path, html) for path, html in found[:: max(1, len(found) // pages)][:pages]]


def _chunked(path: str, html: str) -> tuple[str, Chunks]:
    url = f"{SITE}{path}"
    provenance = Provenance(url, url, uuid4(), uuid4(), uuid4(), datetime.now(UTC))
    clean = clean_page(Page(provenance, "text/html", html))
    capacity = CHUNK_BYTES[clean.content_type]
    chunks = chunk(clean.markdown, clean.title, capacity, CHUNK_MIN_BYTES)
    return clean.title, [(found.heading_path, found.content) for found in chunks]
