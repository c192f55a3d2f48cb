"""A baseline worker: scrapy-redis as it comes, with an agent, a delay, and a file for its items.

`python -m tests.benchmarks.frontier.stock_worker REDIS_URL AGENT DELAY_SECONDS ITEMS_FILE`. It follows every
link. An item is one JSON line, appended STORE_SECONDS after it was scraped, as long as a database may take.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import HtmlResponse, Response

from tests.benchmarks.stock_spider import StockSpider, stock_settings

STORE_SECONDS = 0.05


class FollowingSpider(StockSpider):
    """Fetches what the list holds and all that it leads to."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Tell by a file when it has nothing to do for the first time."""
        spider: Self = super().from_crawler(crawler, *args, **kwargs)  # type: ignore[no-untyped-call]
        crawler.signals.connect(spider.waits, signals.spider_idle)
        return spider

    def waits(self) -> None:
        """Note that this worker runs."""
        ready_path(Path(self.settings["ITEMS_FILE"]), self.settings["USER_AGENT"]).touch()

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """Yield the links, then the item."""
        if isinstance(response, HtmlResponse):
            yield from response.follow_all(css="a")
        yield {"url": response.url}


class SlowFile:
    """Item pipeline: appends to a file that all workers share."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read ITEMS_FILE."""
        return cls(crawler.settings["ITEMS_FILE"])

    async def process_item(self, item: dict[str, str]) -> dict[str, str]:
        """Store it: one write, which does not mix with another worker's."""
        await asyncio.sleep(STORE_SECONDS)
        os.write(self._file, f"{json.dumps(item)}\n".encode())
        return item


def ready_path(items: Path, agent: str) -> Path:
    """Return the file that a worker makes when it runs."""
    return items.with_name(f"{items.name}.{agent}")


def main(redis_url: str, agent: str, delay_seconds: str, items: str) -> None:
    """Serve the list until killed."""
    process = AsyncCrawlerProcess(
        stock_settings(redis_url)
        | {
            "SCHEDULER_PERSIST": True,
            "CONCURRENT_REQUESTS": 16,
            "DOWNLOAD_DELAY": float(delay_seconds),
            "USER_AGENT": agent,
            "ITEM_PIPELINES": {SlowFile: 100},
            "ITEMS_FILE": items,
        }
    )
    process.crawl(FollowingSpider)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
