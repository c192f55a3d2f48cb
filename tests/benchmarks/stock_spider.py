"""A baseline: scrapy-redis as it comes, `python -m tests.benchmarks.stock_spider REDIS_URL`.

Its scheduler, its dupefilter and its RedisSpider under Scrapy's default settings, but for robots.txt,
which is obeyed, and the delay, which is none, as in the program it is compared with.
"""

import sys
from collections.abc import Iterator
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy_redis.spiders import RedisSpider

SEEDS_KEY = "stock:start_urls"


class StockSpider(RedisSpider):
    """Fetches what the list holds."""

    name = "stock"
    redis_key = SEEDS_KEY

    def parse(self, response: Response, **_: Any) -> Iterator[dict[str, str]]:
        """Yield an item."""
        yield {"url": response.url}


def stock_settings(redis_url: str) -> dict[str, Any]:
    """Return what makes a Scrapy project one of scrapy-redis."""
    return {
        "REDIS_URL": redis_url,
        "SCHEDULER": "scrapy_redis.scheduler.Scheduler",
        "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }


def main(redis_url: str) -> None:
    """Serve the list until stopped."""
    process = AsyncCrawlerProcess(stock_settings(redis_url))
    process.crawl(StockSpider)
    process.start()


if __name__ == "__main__":
    main(sys.argv[1])
