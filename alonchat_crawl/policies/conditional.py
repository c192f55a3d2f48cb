"""A page that has not changed is not sent again: conditional requests (RFC 9110, section 13)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self
from uuid import UUID

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.embedding import scheme
from alonchat_crawl.errors import Retry
from alonchat_crawl.fetch.request_context import context_of, set_context
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Kind, Source
from alonchat_crawl.storage.validators import Visit, find_visit, has_visits

NOT_MODIFIED = 304

ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
"""RFC 9110, section 8.8.3. What is none is not sent back: `*`, for one, would mean any page at all."""

CODING_SUFFIX = re.compile(r'(?:--?|;)(?:gzip|br|deflate|zstd)(?="$)')
"""Apache and Jetty add it to the tag of what they have compressed; a 304, which has no body, goes without."""

SETTLED_AFTER = timedelta(seconds=60)
"""A page fetched sooner after its Last-Modified may have changed again within that second (8.8.2.2)."""

RUNS_KNOWN_MAX = 1000


def conditions(visit: Visit) -> dict[str, str]:
    """The headers that ask for a page only if it is not as stored; empty where no validator can be used."""
    headers = {}
    if visit.etag is not None and ENTITY_TAG.fullmatch(visit.etag):
        headers["If-None-Match"] = visit.etag
    if visit.last_modified is not None and _settled(visit.last_modified, visit.fetched_at):
        headers["If-Modified-Since"] = visit.last_modified
    return headers


def _settled(last_modified: str, fetched_at: datetime) -> bool:
    try:
        at = parsedate_to_datetime(last_modified)
    except (ValueError, TypeError, IndexError, OverflowError):  # of what is no date, all have been seen
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return last_modified.isascii() and last_modified.isprintable() and fetched_at - at >= SETTLED_AFTER


def confirms(visit: Visit, etag: str) -> bool:
    """Whether a 304 with this ETag (empty: none) speaks of what is stored, and not of something newer.

    RFC 9111, section 4.3.4; tags are compared weakly (RFC 9110, section 8.8.3.2).
    """
    return not etag or visit.etag is None or _opaque(etag) == _opaque(visit.etag)


def _opaque(etag: str) -> str:
    return CODING_SUFFIX.sub("", etag.removeprefix("W/"))


class ConditionalRequests:
    """Downloader middleware: asks for a stored page only if it has changed.

    Only at a URL's first attempt: whatever is odd about a 304, the next attempt gets the whole page. While
    Postgres is away the URL is deferred, as by the pipelines: what the site would send could not be stored,
    and would have to be sent again.
    """

    def __init__(self, connections: Connections, scheme: str, max_days: int) -> None:
        self._connections = connections
        self._scheme = scheme
        self._max_days = max_days
        self._has_visits: dict[UUID, bool] = {}
        """By run."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's connections and the name of its embedding; read REREAD_DAYS."""
        settings = crawler.settings
        return cls(Connections.of(crawler), scheme(settings), settings.getint("REREAD_DAYS"))

    async def process_request(self, request: Request) -> None:
        """Make the request conditional where the page is stored. Raises Outage, Retry or GiveUp."""
        context = context_of(request)
        lease = context.lease
        if context.is_site_file or lease is None or lease.kind is Kind.SITEMAP or lease.attempt > 1:
            return
        if not await self._may_be_stored(lease.source):
            return
        pool = await self._connections.postgres()
        visit = await find_visit(pool, lease.source.source_id, lease.url, self._scheme, self._max_days)
        if visit is not None and (headers := conditions(visit)):
            set_context(request, replace(context, stored=visit))
            for name, value in headers.items():
                request.headers[name] = value.encode("latin-1")

    async def _may_be_stored(self, source: Source) -> bool:
        """Spare a first crawl the look for each of its pages."""
        if source.crawl_id not in self._has_visits:
            if len(self._has_visits) >= RUNS_KNOWN_MAX:
                self._has_visits.clear()
            pool = await self._connections.postgres()
            self._has_visits[source.crawl_id] = await has_visits(pool, source, self._scheme)
        return self._has_visits[source.crawl_id]

    def process_response(self, request: Request, response: Response) -> Response:
        """Raise Retry for a 304 that confirms another page than the one that is stored."""
        visit = context_of(request).stored
        if visit is not None and response.status == NOT_MODIFIED:
            etag = (response.headers.get("ETag") or b"").decode("latin-1")
            if not confirms(visit, etag):
                raise Retry("other etag")
        return response
