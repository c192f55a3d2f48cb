"""Spares the chunking and embedding of a page whose text is stored already."""

from typing import Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.connections import Connections
from alonchat_crawl.embedding import scheme
from alonchat_crawl.errors import Refused, Unchanged
from alonchat_crawl.items import CleanPage
from alonchat_crawl.storage.pages import stored_by_crawl, touch_unchanged
from pipelines.stage import Stage


class SkipUnchanged(Stage[CleanPage, CleanPage]):
    """Ends a page that says what it said before, embedded as it would be now, and a second address of one."""

    name = "unchanged"

    def __init__(self, signals: SignalManager, connections: Connections, scheme: str) -> None:
        super().__init__(signals)
        self.connections = connections
        self.scheme = scheme

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's connections and the name of its embedding."""
        return cls(crawler.signals, Connections.of(crawler), scheme(crawler.settings))

    async def work(self, item: CleanPage) -> CleanPage:
        """Pass the page on, or raise Unchanged; Refused where this crawl stored it under its own URL."""
        pool, seen = await self.connections.postgres(), item.provenance
        if seen.url != seen.fetched_url and await stored_by_crawl(pool, seen):
            raise Refused("duplicate", f"{seen.fetched_url} is another address of {seen.url}")
        if await touch_unchanged(pool, item, self.scheme):
            raise Unchanged("its text is already stored")
        return item
