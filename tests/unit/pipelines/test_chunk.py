"""The chunk stage: the page's type decides the size."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager

from alonchat_crawl import settings as declared
from alonchat_crawl import signals
from alonchat_crawl.extract.chunks.near_duplicates import sketch
from alonchat_crawl.items import CleanPage, ContentType, Provenance
from pipelines.chunk import Chunker


class FakeCrawler:
    """What `from_crawler` reads of a crawler."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.settings.setmodule(declared)
        self.signals = SignalManager()


@pytest.mark.parametrize(
    ("kind", "capacity"),
    [(ContentType.CODE, 2048), (ContentType.DOCUMENTATION, 4096), (ContentType.LEGAL, 8192)],
)
async def test_sizes(kind: ContentType, capacity: int) -> None:
    """Chunks fill the size of their page's type, and know their place; the stage tells its seconds."""
    crawler = FakeCrawler()
    told: list[object] = []

    def on_stage(stage: str) -> None:
        told.append(stage)

    crawler.signals.connect(on_stage, signals.stage_finished, weak=False)
    provenance = Provenance(
        url="http://example.com/",
        fetched_url="http://example.com/",
        project_id=uuid4(),
        source_id=uuid4(),
        crawl_id=uuid4(),
        fetched_at=datetime.now(UTC),
    )
    page = CleanPage(provenance, "T", "en", kind, "Some words of text. " * 2000, bytes(32))
    stage = Chunker.from_crawler(crawler)  # type: ignore[arg-type]  # a crawler needs a reactor
    chunked = await stage.process_item(page)
    await stage.sandbox.close()
    assert chunked.page is page
    sizes = [len(chunk.content.encode()) for chunk in chunked.chunks]
    assert capacity // 2 < max(sizes) <= capacity
    assert told == ["chunk"]
    for chunk in chunked.chunks:
        assert chunk.content == page.markdown[chunk.start : chunk.end]
        assert chunk.sketch == sketch(chunk.content) != 0
