"""Bytes were decoded by the spider; here a page's text becomes safe Markdown."""

import asyncio
from hashlib import sha256
from typing import ClassVar

from alonchat_crawl.errors import GiveUp, Refused
from alonchat_crawl.extract.language import language
from alonchat_crawl.extract.markdown import Extracted, extract, extract_markdown, extract_plain
from alonchat_crawl.extract.page_type import content_type
from alonchat_crawl.items import CleanPage, Page
from pipelines.stage import Stage


class Sanitise(Stage[Page, CleanPage]):
    """Extract, clean and describe a page; refuses one without text."""

    name: ClassVar[str] = "sanitise"

    async def work(self, item: Page) -> CleanPage:
        """Do it in a thread: parsing a large page takes seconds. Raises Refused and GiveUp."""
        return await asyncio.to_thread(clean_page, item)


def clean_page(page: Page) -> CleanPage:
    """Turn a page into safe Markdown; raises Refused for one without text and GiveUp where parsing fails."""
    try:
        extracted = _extracted(page)
        spoken = language(extracted.markdown)
        kind = content_type(extracted.markdown)
    except Exception as error:  # hostile pages find new ways to break parsers; the URL's end is settled here
        raise GiveUp("extract", f"The page could not be parsed: {type(error).__name__}.") from error
    if not any(map(str.isalnum, extracted.markdown)):
        raise Refused("empty", "The page has no text.")
    return CleanPage(
        provenance=page.provenance,
        title=extracted.title,
        language=spoken,
        content_type=kind,
        markdown=extracted.markdown,
        content_sha256=sha256(f"{extracted.title}\n\n{extracted.markdown}".encode()).digest(),
        links=page.links,
        low_quality=extracted.low_quality,
        removed=dict(extracted.removed),
    )


def _extracted(page: Page) -> Extracted:
    if page.media_type == "text/plain":
        return extract_plain(page.text)
    if page.media_type == "text/markdown":
        return extract_markdown(page.text, page.provenance.url)
    return extract(page.text, page.provenance.url)
