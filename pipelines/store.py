"""Commits a page with its chunks and vectors."""

from typing import Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.connections import Connections
from alonchat_crawl.embedding import scheme
from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.storage.pages import store
from pipelines.stage import Stage


class Store(Stage[EmbeddedPage, StoredPage]):
    """The last stage: what it returns is committed."""

    name = "store"

    def __init__(self, signals: SignalManager, connections: Connections, scheme: str) -> None:
        super().__init__(signals)
        self.connections = connections
        self.scheme = scheme

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's connections and the name of its embedding."""
        return cls(crawler.signals, Connections.of(crawler), scheme(crawler.settings))

    async def work(self, item: EmbeddedPage) -> StoredPage:
        """Store the page; raise Retry or GiveUp."""
        return await store(await self.connections.postgres(), item, self.scheme)
