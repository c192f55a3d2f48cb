"""Scrapy's redirects, for targets in any spelling: read as browsers read them, or refused with a reason."""

from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from scrapy.http import Response

from alonchat_crawl.errors import Refused
from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import with_ascii_host

FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""Scrapy's own list: with any other status a Location is not followed, and nothing depends on it."""


def unreadable(error: ValueError) -> Refused:
    """What a page is that leads to what is no URL."""
    return Refused(Reason.URL, f"it redirects to no URL that can be asked: {error}")


class Redirects(RedirectMiddleware):
    """Downloader middleware: follows a Location, whose host Scrapy would read by the IDNA of 2003."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's own takes it, and no longer gives it
    ) -> Request | Response:
        """Raise Refused where nobody can be asked there."""
        try:
            location = response.headers.get("Location")
            if location and response.status in FOLLOWED and not request.meta.get("dont_redirect"):
                target = urljoin(request.url, location.decode(errors="replace").strip())
                response.headers["Location"] = with_ascii_host(target)
            return super().process_response(request, response)
        except ValueError as error:
            raise unreadable(error) from None


class MetaRefreshes(MetaRefreshMiddleware):
    """Downloader middleware: follows a page's meta refresh."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's own takes it, and no longer gives it
    ) -> Request | Response:
        """Raise Refused where nobody can be asked there."""
        try:
            return super().process_response(request, response)
        except ValueError as error:
            raise unreadable(error) from None
