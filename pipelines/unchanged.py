"""Skips what is stored already: pages are not chunked again, and chunks are not embedded again."""

from dataclasses import replace

from alonchat_crawl.errors import Refused, Unchanged
from alonchat_crawl.items import ChunkedPage, CleanPage
from alonchat_crawl.reasons import Reason
from alonchat_crawl.storage.pages import known_chunks, stored_by_crawl, touch_unchanged
from pipelines.stage import StoredStage


class SkipUnchanged(StoredStage[CleanPage, CleanPage]):
    """Ends a page whose text is stored under the same scheme, and a second address of a page."""

    name = "unchanged"

    async def work(self, item: CleanPage) -> CleanPage:
        """Return the page. Raises Unchanged, or Refused if this crawl has stored it under its own URL."""
        pool, seen = await self.connections.postgres(), item.provenance
        if seen.url != seen.fetched_url and await stored_by_crawl(pool, seen):
            raise Refused(Reason.DUPLICATE, f"{seen.fetched_url} is another address of {seen.url}")
        if await touch_unchanged(pool, item, self.scheme):
            raise Unchanged("its text is already stored")
        return item


class RecogniseChunks(StoredStage[ChunkedPage, ChunkedPage]):
    """Finds the chunks whose text the project has embedded already, on this page or another."""

    name = "recognise"

    async def work(self, item: ChunkedPage) -> ChunkedPage:
        """Return the page with its `known` chunks."""
        return replace(item, known=await known_chunks(await self.connections.postgres(), item, self.scheme))
