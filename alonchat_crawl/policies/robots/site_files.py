"""Files that a site keeps for robots, such as robots.txt. They are fetched once a day for all workers.

If the file is not known when a page is due, the file is fetched in the page's turn, and the page is deferred.
"""

from dataclasses import replace
from typing import NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from alonchat_crawl.errors import Deferred, GiveUp, ReasonedError, Refused, Retry
from alonchat_crawl.fetch.files.upload_urls import UPLOAD
from alonchat_crawl.fetch.pacer import Pacer, pacer_of
from alonchat_crawl.fetch.request_context import RequestContext, context_of, lease_of, set_context
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.robots.cache import KnownFile, SiteFileCache, SiteFileKind, off_loop
from alonchat_crawl.policies.robots.fetch_state import (
    FileBody,
    KeptFile,
    PendingFile,
    SiteFileLimits,
    failed,
    read_response,
)
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections

T = TypeVar("T")


def is_exempt(request: Request) -> bool:
    """Whether site files do not apply to a request: it fetches a site file, or belongs to an upload."""
    context = context_of(request)
    return context.is_site_file or (context.lease is not None and context.lease.source.kind == UPLOAD)


class SiteFiles(PerCrawler):
    """Looks up site files, and fetches unknown ones."""

    def __init__(self, crawler: Crawler, pacer: Pacer, cache: SiteFileCache, limits: SiteFileLimits) -> None:
        self._crawler = crawler
        self._pacer = pacer
        self._cache = cache
        self._limits = limits

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the limits; cache the files in Redis."""
        settings = crawler.settings
        limits = SiteFileLimits(
            max_bytes=settings.getint("ROBOTS_MAX_BYTES"),
            max_kept_bytes=settings.getint("ROBOTS_MAX_KEPT_BYTES"),
            max_hops=settings.getint("ROBOTS_MAX_REDIRECTS"),
            max_failures=settings.getint("FRONTIER_MAX_ATTEMPTS"),
            cache_seconds=settings.getint("ROBOTS_CACHE_SECONDS"),
            unreachable_seconds=settings.getint("ROBOTS_UNREACHABLE_SECONDS"),
        )
        connections = Connections.of(crawler)
        cache = SiteFileCache(connections.redis, limits, connections.report_damaged_key)
        return cls(crawler, pacer_of(crawler), cache, limits)

    async def known(self, file: SiteFileKind[T], page: Request) -> KnownFile[T]:
        """Return the file of a page's origin. Raises redis.RedisError.

        If the file is unknown, fetch it, then raise Deferred or the error that ends the page.
        """
        parts = urlsplit(page.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        found = await self._cache.get(file, origin)
        return found if isinstance(found, KnownFile) else await self._ask(file, origin, found, page)

    async def _ask(self, file: SiteFileKind[T], origin: str, pending: PendingFile, page: Request) -> NoReturn:
        """Fetch the file in the page's turn. The page follows after the crawl delay."""
        lease = lease_of(page)
        hold = await self._pacer.hold(lease, pending.url)
        context = RequestContext(
            lease,
            is_site_file=True,
            throttle_delay_seconds=lease.delay_seconds if hold.domain == lease.domain else None,
        )
        meta = {**context.as_meta(), "dont_redirect": True, "download_slot": hold.domain}
        delay = context_of(page).crawl_delay_seconds
        request, response = Request(pending.url, meta=meta, callback=NO_CALLBACK), None
        try:
            found, response, error = await self._download(pending, request)
            if isinstance(found, FileBody):
                found = await self._cache.keep(file, found)
                if not found.unreachable:
                    rules = await off_loop(file.parse, found.condensed)
                    delay = max(delay, file.crawl_delay(rules) or 0.0)
        finally:
            set_context(request, replace(context_of(request), crawl_delay_seconds=delay))
            self._pacer.released(hold, request, response)
        await self._cache.put(file, origin, found)
        if error is not None:
            raise error
        if isinstance(found, PendingFile) and found.failures and response is not None:
            detail = f"its {file.path} answered with http {response.status}"
            raise Deferred(Reason.http(response.status, file.reason), detail)
        raise Deferred(file.reason)

    async def _download(
        self, pending: PendingFile, request: Request
    ) -> tuple[FileBody | KeptFile | PendingFile, Response | None, Exception | None]:
        """Return the file as it is now, the response, and the error that ends the page, if any."""
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101 - it runs us
        try:
            response = await engine.download_async(request)
        except (Refused, GiveUp) as error:
            # All later pages find the file unreachable. If a redirect led here, this page is only deferred.
            kept = KeptFile(b"", unreachable=error.reason)
            return kept, None, None if pending.hops else error
        except Retry as error:
            return failed(pending, error.reason, self._limits), None, error
        except (ReasonedError, RedisError):  # it is not our turn, or our Redis or Postgres is away
            raise
        except Exception as error:  # noqa: BLE001 - the page ends with any error
            return failed(pending, type(error).__name__, self._limits), None, error
        location = (response.headers.get("Location") or b"").decode("latin-1")
        return read_response(pending, response.status, location, response.body, self._limits), response, None
