"""When a site may be asked: the interface that fetch/ and policies/ know of the frontier's pace."""

from typing import Protocol

from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.sources import Hold, Lease


class Pacer(Protocol):
    """Keeps the pace of each domain over all workers. The frontier implements it."""

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Take the turn to fetch `url`, for the holder of a lease. Raises errors.Deferred if it must wait."""

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """End a turn: the request has ended, with or without a response."""
