"""Who says when a site may be asked: the seam between what fetches and the frontier."""

from typing import Protocol, cast

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.misc import load_object

from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.sources import Hold, Lease


class Pacer(Protocol):
    """Keeps the pace of domains over all workers: the frontier."""

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Let the holder of a lease fetch `url` now; raises errors.Deferred while that must not be."""

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """The request of a hold has left the site."""


def pacer_of(crawler: Crawler) -> Pacer:
    """The crawler's pacer, of the class that the setting PACER names.

    fetch/ and policies/ cannot import the class, and Scrapy makes them before it makes the scheduler.
    """
    pacer_class: type[PerCrawler] = load_object(crawler.settings["PACER"])
    return cast("Pacer", pacer_class.of(crawler))
