"""A pacer for what is on no site."""

from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.sources import Hold, Lease


class NoPacer:
    """Fails a test in which a site would be asked."""

    async def hold(self, lease: Lease, url: str) -> Hold:
        """No site may be asked."""
        raise AssertionError(lease, url)

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """Nothing was held."""
        raise AssertionError(hold, request, response)
