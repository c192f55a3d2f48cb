"""Commits a page with its chunks and vectors."""

from collections.abc import Sequence
from typing import ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.embedding import scheme
from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.storage.group_commit import GroupCommit
from alonchat_crawl.storage.pages import store
from pipelines.stage import StoredStage


class Store(StoredStage[EmbeddedPage, StoredPage]):
    """The last stage: what it returns is committed."""

    name: ClassVar[str] = "store"

    def __init__(
        self, signals: SignalManager, connections: Connections, scheme: str, group_windows: int, writers: int
    ) -> None:
        super().__init__(signals, connections, scheme)
        self._commits = GroupCommit(self._write, group_windows, writers)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read STORE_GROUP_WINDOWS and STORE_WRITERS."""
        settings = crawler.settings
        return cls(
            crawler.signals,
            Connections.of(crawler),
            scheme(settings),
            settings.getint("STORE_GROUP_WINDOWS"),
            settings.getint("STORE_WRITERS"),
        )

    async def work(self, item: EmbeddedPage) -> StoredPage:
        """Store the page. Raises Retry or GiveUp."""
        return await self._commits.store(item)

    async def _write(self, pages: Sequence[EmbeddedPage]) -> list[StoredPage]:
        return await store(await self.connections.postgres(), pages, self.scheme)
