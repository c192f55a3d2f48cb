"""When a site may be asked: the interface through which fetch/ and policies/ keep the frontier's pace."""

from typing import Protocol, cast

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.misc import load_object

from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.sources import Hold, Lease


class Pacer(Protocol):
    """Keeps the pace of each domain over all workers. The frontier implements it."""

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Take the turn to fetch `url` under a lease. Raises errors.Deferred if it must wait."""

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """End a turn: the request has ended, with or without a response."""


def pacer_of(crawler: Crawler) -> Pacer:
    """The crawler's pacer, of the class that the setting PACER names.

    fetch/ and policies/ must not import that class, and Scrapy builds them before the scheduler.
    """
    pacer_class: type[PerCrawler] = load_object(crawler.settings["PACER"])
    return cast("Pacer", pacer_class.of(crawler))
