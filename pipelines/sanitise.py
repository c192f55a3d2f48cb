"""Bytes were decoded by the spider; here a page's text becomes safe Markdown."""

import asyncio
from hashlib import sha256
from typing import ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import Refused
from alonchat_crawl.extract.boilerplate import Boilerplate
from alonchat_crawl.extract.document import Document, extract_document
from alonchat_crawl.extract.language import language
from alonchat_crawl.extract.page_type import content_type
from alonchat_crawl.items import SOURCE_CODE, CleanPage, ContentType, Page
from alonchat_crawl.sandbox.pool import Sandbox, typed
from pipelines.stage import Stage


class Sanitise(Stage[Page, CleanPage]):
    """Extract, clean and describe a page; refuses one without text."""

    name: ClassVar[str] = "sanitise"

    def __init__(self, signals: SignalManager, sandbox: Sandbox) -> None:
        super().__init__(signals)
        self.sandbox = sandbox
        self.boilerplate = Boilerplate()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's sandbox."""
        return cls(crawler.signals, Sandbox.of(crawler))

    async def work(self, item: Page) -> CleanPage:
        """Parse in the sandbox, then compare with the source's other pages. Raises Refused and GiveUp."""
        document = await self.sandbox.run(
            "extract", media_type=item.media_type, text=item.text, url=item.provenance.url
        )
        # What is left takes time in proportion to the text; of megabytes still too much for the event loop.
        return await asyncio.to_thread(described, item, typed(Document, document), self.boilerplate)


def clean_page(page: Page, boilerplate: Boilerplate | None = None) -> CleanPage:
    """Turn a page into safe Markdown; raises Refused for one without text and GiveUp where parsing fails."""
    return described(page, extract_document(page.media_type, page.text, page.provenance.url), boilerplate)


def described(page: Page, document: Document, boilerplate: Boilerplate | None = None) -> CleanPage:
    """Describe a page that was extracted; raises Refused for one without text.

    The hash is of the whole text: a page is the same whatever was learnt of its site since.
    """
    extracted, metadata = document.extracted, document.extracted.metadata
    if not any(map(str.isalnum, extracted.markdown)):
        raise Refused("empty", "The page has no text.")
    markdown, repeated = extracted.markdown, 0
    title = page.title or extracted.title or page.name
    if boilerplate is not None and not page.name:  # files share no page's frame
        markdown, repeated = boilerplate.without(page.provenance.source_id, markdown, document.blocks)
    is_source = page.media_type.startswith(SOURCE_CODE)
    return CleanPage(
        provenance=page.provenance,
        title=title,
        language=language(markdown) or metadata.language,
        content_type=ContentType.CODE if is_source else content_type(markdown),
        markdown=markdown,
        content_sha256=sha256(f"{title}\n\n{extracted.markdown}".encode()).digest(),
        links=page.links,
        description=metadata.description,
        published_at=metadata.published_at,
        modified_at=metadata.modified_at,
        low_quality=extracted.low_quality,
        removed=dict(extracted.removed) | ({"boilerplate": repeated} if repeated else {}),
    )
