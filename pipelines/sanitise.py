"""Bytes were decoded by the spider; here a page's text becomes safe Markdown."""

import asyncio
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePosixPath
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import GiveUp, Refused
from alonchat_crawl.extract.boilerplate import Boilerplate
from alonchat_crawl.extract.clean_text import clean_text
from alonchat_crawl.extract.language import language
from alonchat_crawl.extract.markdown import Extracted, extract, extract_markdown, extract_plain
from alonchat_crawl.extract.page_type import content_type
from alonchat_crawl.extract.source_code import as_markdown
from alonchat_crawl.items import SOURCE_CODE, CleanPage, ContentType, Page
from pipelines.stage import Stage


class Sanitise(Stage[Page, CleanPage]):
    """Extract, clean and describe a page; refuses one without text."""

    name: ClassVar[str] = "sanitise"

    def __init__(self, signals: SignalManager) -> None:
        super().__init__(signals)
        self.boilerplate = Boilerplate()

    async def work(self, item: Page) -> CleanPage:
        """Do it in a thread: parsing a large page takes seconds. Raises Refused and GiveUp."""
        return await asyncio.to_thread(clean_page, item, self.boilerplate)


def clean_page(page: Page, boilerplate: Boilerplate | None = None) -> CleanPage:
    """Turn a page into safe Markdown; raises Refused for one without text and GiveUp where parsing fails.

    The hash is of the whole text: a page is the same whatever was learnt of its site since.
    """
    try:
        extracted = _extracted(page)
        described = extracted.metadata
        is_source = page.media_type.startswith(SOURCE_CODE)
        markdown, repeated = extracted.markdown, 0
        if boilerplate is not None and not is_source:
            markdown, repeated = boilerplate.without(page.provenance.source_id, markdown)
        spoken = language(markdown) or described.language
        kind = ContentType.CODE if is_source else content_type(markdown)
    except Exception as error:  # hostile pages find new ways to break parsers; the URL's end is settled here
        raise GiveUp("extract", f"The page could not be parsed: {type(error).__name__}.") from error
    if not any(map(str.isalnum, extracted.markdown)):
        raise Refused("empty", "The page has no text.")
    return CleanPage(
        provenance=page.provenance,
        title=extracted.title,
        language=spoken,
        content_type=kind,
        markdown=markdown,
        content_sha256=sha256(f"{extracted.title}\n\n{extracted.markdown}".encode()).digest(),
        links=page.links,
        description=described.description,
        published_at=described.published_at,
        modified_at=described.modified_at,
        low_quality=extracted.low_quality,
        removed=dict(extracted.removed) | ({"boilerplate": repeated} if repeated else {}),
    )


def _extracted(page: Page) -> Extracted:
    if page.media_type.startswith(SOURCE_CODE):
        return _source_code(page)
    if page.media_type == "text/plain":
        return extract_plain(page.text)
    if page.media_type == "text/markdown":
        return extract_markdown(page.text, page.provenance.url)
    return extract(page.text, page.provenance.url)


def _source_code(page: Page) -> Extracted:
    """A file is one block of code under its name; what is invisible goes before the fence is chosen."""
    code, removed = clean_text(page.text)
    extracted = extract_plain(as_markdown(code, page.media_type.removeprefix(SOURCE_CODE)))
    name = PurePosixPath(unquote(urlsplit(page.provenance.url).path)).name
    return replace(extracted, title=clean_text(name)[0], removed=extracted.removed + removed)
