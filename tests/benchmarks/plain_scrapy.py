"""A baseline: Scrapy alone follows all links of some sites, `python -m tests.benchmarks.plain_scrapy URL…`.

Its default settings, but for as many requests at once as our worker has, no delay, and robots.txt obeyed. It
prints a JSON line: `pages`, and `cpu_seconds` and `seconds` from the start of the spider to its end.
"""

import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

from alonchat_crawl.settings import CONCURRENT_REQUESTS

SETTINGS = {
    "ROBOTSTXT_OBEY": True,
    "CONCURRENT_REQUESTS": CONCURRENT_REQUESTS,
    "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENT_REQUESTS,
    "DOWNLOAD_DELAY": 0,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "ERROR",
}


class PlainSpider(CrawlSpider):
    """Counts pages."""

    name = "plain"

    def __init__(self, urls: list[str]) -> None:
        self.rules = (Rule(LinkExtractor(), callback="page", follow=True),)
        super().__init__()
        self.start_urls = urls
        self.allowed_domains = [urlsplit(url).hostname or "" for url in urls]
        self.pages = 0
        self.began = time.perf_counter(), time.process_time()

    def parse_start_url(self, response: Response, **_: Any) -> Any:
        """Count a front page as the others."""
        return self.page(response)

    def page(self, response: Response) -> tuple[()]:
        """Count it."""
        self.pages += response.status == 200
        return ()

    def closed(self, reason: str) -> None:
        """Tell what it took."""
        seconds, cpu_seconds = time.perf_counter() - self.began[0], time.process_time() - self.began[1]
        told = {"pages": self.pages, "seconds": seconds, "cpu_seconds": cpu_seconds, "end": reason}
        sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    process = AsyncCrawlerProcess(SETTINGS)
    process.crawl(PlainSpider, urls=sys.argv[1:])
    process.start()
