"""Turns a page's text into safe Markdown."""

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import Refused
from alonchat_crawl.extract.description import Description
from alonchat_crawl.extract.document import Document
from alonchat_crawl.extract.markdown.titles import plain_line
from alonchat_crawl.extract.safe_markdown import Extracted
from alonchat_crawl.extract.site.boilerplate import Boilerplate
from alonchat_crawl.extract.text.clean_text import INVISIBLE
from alonchat_crawl.items import SOURCE_CODE, CleanPage, ContentType, Page
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.pool import Sandbox, typed
from pipelines.stage import Stage

CUT = "characters left out"
"""A kind in `removed`: characters beyond PAGE_MAX_STORED_CHARS."""


class Sanitise(Stage[Page, CleanPage]):
    """Extract, clean and describe a page; refuses one without text."""

    name: ClassVar[str] = "sanitise"

    def __init__(self, signals: SignalManager, sandbox: Sandbox, max_chars: int) -> None:
        super().__init__(signals)
        self.sandbox = sandbox
        self.max_chars = max_chars
        self.boilerplate = Boilerplate()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's sandbox; read PAGE_MAX_STORED_CHARS."""
        return cls(crawler.signals, Sandbox.of(crawler), crawler.settings.getint("PAGE_MAX_STORED_CHARS"))

    async def work(self, item: Page) -> CleanPage:
        """Parse in the sandbox, then compare with the source's other pages. Raises Refused and GiveUp."""
        document = await self.sandbox.run(
            "extract",
            media_type=item.media_type,
            text=item.text,
            url=item.provenance.url,
            written=item.written,
            note=item.note,
        )
        found: Document = typed(Document, document)
        # Comparing and hashing megabytes takes too long for the event loop.
        markdown, repeated = await asyncio.to_thread(own_text, item, found, self.boilerplate)
        left_out = 0
        if len(markdown) > self.max_chars:
            cut = await self.sandbox.run("shortened", markdown=markdown, max_chars=self.max_chars)
            markdown, left_out = typed(tuple[str, int], cut)
        description = typed(Description, await self.sandbox.run("describe", markdown=markdown))
        clean = await asyncio.to_thread(described, item, found, markdown, description, repeated)
        return replace(clean, removed={**clean.removed, CUT: left_out}) if left_out else clean


def own_text(page: Page, document: Document, boilerplate: Boilerplate) -> tuple[str, int]:
    """Return the Markdown without the blocks that its source repeats, and how many blocks were removed.

    Raises Refused for a page without text.
    """
    if not document.has_text:
        raise Refused(Reason.EMPTY, "The page has no text.")
    extracted = document.extracted
    if page.name:  # a file has none of its site's boilerplate
        return extracted.markdown, 0
    return boilerplate.without(page.provenance.source_id, extracted.markdown, extracted.blocks)


def described(
    page: Page, document: Document, markdown: str, description: Description, repeated: int
) -> CleanPage:
    """Put together what is known of a page.

    The hash covers the whole text, boilerplate included: what is learnt about the site later must not change
    it.
    """
    extracted, metadata = document.extracted, document.extracted.metadata
    title = plain_line(page.title) or extracted.title or plain_line(page.name)
    is_source = page.media_type.startswith(SOURCE_CODE)
    return CleanPage(
        provenance=page.provenance,
        title=title,
        language=description.language or metadata.language,
        content_type=ContentType.CODE if is_source else description.content_type,
        markdown=markdown,
        content_sha256=sha256(f"{title}\n\n{extracted.markdown}".encode()).digest(),
        links=page.links,
        description=metadata.description,
        published_at=metadata.published_at,
        modified_at=metadata.modified_at,
        low_quality=extracted.low_quality,
        removed=_removed(page, extracted, repeated),
        signals=_signals(document),
    )


def _removed(page: Page, extracted: Extracted, repeated: int) -> dict[str, int]:
    left_out = {f"{kind} left out": count for kind, count in page.left_out.items()}
    return dict(extracted.removed) | left_out | ({"boilerplate": repeated} if repeated else {})


def _signals(document: Document) -> dict[str, int]:
    """Count by kind what may be an attempt to instruct a model without a reader's seeing it."""
    removed = document.extracted.removed
    counts = {
        "hidden": removed["hidden"],
        "hidden instructions": removed["hidden instructions"],
        "invisible": sum(removed[kind] for kind in INVISIBLE),
        "instructions": document.instructions,
    }
    return {kind: count for kind, count in counts.items() if count}
