"""Conditional requests (RFC 9110, section 13): a page that has not changed is not downloaded again."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self
from uuid import UUID

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.datatypes import LocalCache

from alonchat_crawl.embedding import scheme
from alonchat_crawl.errors import Retry
from alonchat_crawl.fetch.request_context import context_of, set_context
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Kind, Source
from alonchat_crawl.storage.validators import Validators, find_validators, has_validators

NOT_MODIFIED = 304

ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
"""RFC 9110, section 8.8.3. Anything else is not sent back; `*`, for instance, would match any page."""

CODING_SUFFIX = re.compile(r'(?:--?|;)(?:gzip|br|deflate|zstd)(?="$)')
"""Apache and Jetty add it to the ETag of a compressed page, but not to the ETag of its 304."""

SETTLED_AFTER = timedelta(seconds=60)
"""A page that was fetched sooner after its Last-Modified may change again in the same second (8.8.2.2)."""

RUNS_KNOWN_MAX = 1000


def conditions(stored: Validators) -> dict[str, str]:
    """The headers of a conditional request; empty if no validator can be used."""
    headers = {}
    if stored.etag is not None and ENTITY_TAG.fullmatch(stored.etag):
        headers["If-None-Match"] = stored.etag
    if stored.last_modified is not None and _settled(stored.last_modified, stored.fetched_at):
        headers["If-Modified-Since"] = stored.last_modified
    return headers


def _settled(last_modified: str, fetched_at: datetime) -> bool:
    try:
        at = parsedate_to_datetime(last_modified)
    except (ValueError, TypeError, IndexError, OverflowError):  # all of these happen for broken dates
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return last_modified.isascii() and last_modified.isprintable() and fetched_at - at >= SETTLED_AFTER


def confirms(stored: Validators, etag: str) -> bool:
    """Whether a 304 with this ETag (empty: none) confirms the stored page, rather than another version.

    RFC 9111, section 4.3.4; tags are compared weakly (RFC 9110, section 8.8.3.2).
    """
    return not etag or stored.etag is None or _opaque(etag) == _opaque(stored.etag)


def _opaque(etag: str) -> str:
    return CODING_SUFFIX.sub("", etag.removeprefix("W/"))


class ConditionalRequests:
    """Downloader middleware: downloads a stored page only if it has changed.

    Only a URL's first attempt is conditional: if anything is wrong with a 304, the next attempt fetches the
    whole page. While Postgres is away, the URL is deferred, since its page could not be stored.
    """

    def __init__(self, connections: Connections, scheme: str, max_days: int) -> None:
        self._connections = connections
        self._scheme = scheme
        self._max_days = max_days
        self._may_have_stored: LocalCache[UUID, bool] = LocalCache(RUNS_KNOWN_MAX)
        """By run: whether any of the source's pages is stored."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the embedding scheme and REREAD_DAYS."""
        settings = crawler.settings
        return cls(Connections.of(crawler), scheme(settings), settings.getint("REREAD_DAYS"))

    async def process_request(self, request: Request) -> None:
        """Make the request conditional if the page is stored. Raises Outage, Retry or GiveUp."""
        context = context_of(request)
        lease = context.lease
        if context.is_site_file or lease is None or lease.kind is Kind.SITEMAP or lease.attempt > 1:
            return
        if not await self._may_be_stored(lease.source):
            return
        pool = await self._connections.postgres()
        stored = await find_validators(pool, lease.source.source_id, lease.url, self._scheme, self._max_days)
        if stored is not None and (headers := conditions(stored)):
            set_context(request, replace(context, validators=stored))
            for name, value in headers.items():
                request.headers[name] = value.encode("latin-1")

    async def _may_be_stored(self, source: Source) -> bool:
        """Whether the source has stored pages. Asked once per run, so that a first crawl looks up no page."""
        if source.crawl_id not in self._may_have_stored:
            pool = await self._connections.postgres()
            self._may_have_stored[source.crawl_id] = await has_validators(pool, source, self._scheme)
        return self._may_have_stored[source.crawl_id]

    def process_response(self, request: Request, response: Response) -> Response:
        """Raise Retry for a 304 that confirms another version than the stored one."""
        stored = context_of(request).validators
        if stored is not None and response.status == NOT_MODIFIED:
            etag = (response.headers.get("ETag") or b"").decode("latin-1")
            if not confirms(stored, etag):
                raise Retry(Reason.OTHER_ETAG)
        return response
