"""Reads the targets of redirects as browsers do, and refuses those that are no URL."""

from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from scrapy.http import Response

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.request_context import context_of, set_context
from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import with_ascii_host

FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""Scrapy's list; it ignores the Location header of any other status."""


def unreadable(error: ValueError) -> Refused:
    """Return the error for a page that redirects to something that is no URL."""
    return Refused(Reason.URL, f"it redirects to something that is no URL: {error}")


def _stripped(result: Request | Response) -> Request | Response:
    """Remove from a redirect's context what belongs to the first URL only."""
    if isinstance(result, Request):
        set_context(result, context_of(result).redirected())
    return result


class Redirects(RedirectMiddleware):
    """Downloader middleware: follows a Location header. Scrapy alone would read its host by IDNA 2003."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's own takes it, and no longer gives it
    ) -> Request | Response:
        """Raise Refused if the target is no URL."""
        try:
            location = response.headers.get("Location")
            if location and response.status in FOLLOWED and not request.meta.get("dont_redirect"):
                target = urljoin(request.url, location.decode(errors="replace").strip())
                response.headers["Location"] = with_ascii_host(target)
            return _stripped(super().process_response(request, response))
        except ValueError as error:
            raise unreadable(error) from None


class MetaRefreshes(MetaRefreshMiddleware):
    """Downloader middleware: follows a page's meta refresh tag."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's own takes it, and no longer gives it
    ) -> Request | Response:
        """Raise Refused if the target is no URL."""
        try:
            return _stripped(super().process_response(request, response))
        except ValueError as error:
            raise unreadable(error) from None
