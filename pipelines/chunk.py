"""A clean page becomes chunks."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.extract.chunking import chunk
from alonchat_crawl.items import ChunkedPage, CleanPage, ContentType
from pipelines.stage import Stage


class Chunker(Stage[CleanPage, ChunkedPage]):
    """Split Markdown into chunks as large as the page's type allows."""

    name: ClassVar[str] = "chunk"

    def __init__(self, signals: SignalManager, capacities: Mapping[ContentType, int], minimum: int) -> None:
        super().__init__(signals)
        self.capacities = capacities
        self.minimum = minimum

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read CHUNK_BYTES and CHUNK_MIN_BYTES."""
        capacities = {ContentType(kind): size for kind, size in crawler.settings["CHUNK_BYTES"].items()}
        return cls(crawler.signals, capacities, crawler.settings.getint("CHUNK_MIN_BYTES"))

    async def work(self, item: CleanPage) -> ChunkedPage:
        """Split in a thread: a megabyte takes a second."""
        capacity = self.capacities[item.content_type]
        chunks = await asyncio.to_thread(chunk, item.markdown, item.title, capacity, self.minimum)
        return ChunkedPage(page=item, chunks=chunks)
