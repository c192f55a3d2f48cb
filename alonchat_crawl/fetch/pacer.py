"""Who says when a site may be asked: the seam between what fetches and the frontier."""

from typing import Protocol

from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.sources import Hold, Lease


class Pacer(Protocol):
    """Keeps the pace of domains over all workers: the frontier."""

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Let the holder of a lease fetch `url` now; raises errors.Deferred while that must not be."""

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """The request of a hold has left the site."""
