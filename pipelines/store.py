"""Commits a page with its chunks and vectors."""

from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.storage.pages import store
from pipelines.stage import StoredStage


class Store(StoredStage[EmbeddedPage, StoredPage]):
    """The last stage: what it returns is committed."""

    name = "store"

    async def work(self, item: EmbeddedPage) -> StoredPage:
        """Store the page; raise Retry or GiveUp."""
        return await store(await self.connections.postgres(), item, self.scheme)
