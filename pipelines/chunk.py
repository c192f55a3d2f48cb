"""Splits a clean page into chunks."""

from collections.abc import Mapping
from typing import ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.items import Chunk, ChunkedPage, CleanPage, ContentType
from alonchat_crawl.sandbox.pool import Sandbox, typed
from pipelines.stage import Stage


class Chunker(Stage[CleanPage, ChunkedPage]):
    """Splits Markdown into chunks, as large as the page's content type allows."""

    name: ClassVar[str] = "chunk"

    def __init__(
        self, signals: SignalManager, sandbox: Sandbox, capacities: Mapping[ContentType, int], minimum: int
    ) -> None:
        super().__init__(signals)
        self.sandbox = sandbox
        self.capacities = capacities
        self.minimum = minimum

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read CHUNK_BYTES and CHUNK_MIN_BYTES; take the crawler's sandbox."""
        capacities = {ContentType(kind): size for kind, size in crawler.settings["CHUNK_BYTES"].items()}
        return cls(
            crawler.signals, Sandbox.of(crawler), capacities, crawler.settings.getint("CHUNK_MIN_BYTES")
        )

    async def work(self, item: CleanPage) -> ChunkedPage:
        """Split in the sandbox: splitters and grammars are native code. Raises GiveUp."""
        chunks = await self.sandbox.run(
            "chunk",
            markdown=item.markdown,
            title=item.title,
            capacity=self.capacities[item.content_type],
            minimum=self.minimum,
        )
        return ChunkedPage(page=item, chunks=typed(tuple[Chunk, ...], chunks))
