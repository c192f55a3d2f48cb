"""No file is read before it was scanned, and none is fetched while the scanner is known to be away.

Some URLs are always scanned: those of uploads, those of sites with files=true, and with VIRUS_SCAN_PAGES=all
every page. While the scanner is away they go back to their queues without counting an attempt, and their
sources wait; a PING every few seconds finds out when to go on. With VIRUS_SCAN_PAGES=none, only the response
shows that a URL is a file: then the site's pages go on, and the file alone is retried, with backoff, up to
five times.
"""

import asyncio
import logging
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.errors import Deferred, Retry
from alonchat_crawl.extract.text.media_types import looks_binary, media_type
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.policies.scan.scanner import RETRY_SECONDS, Scanner
from alonchat_crawl.sources import Kind, Lease

logger = logging.getLogger(__name__)


def is_always_scanned(lease: Lease | None, pages: str) -> bool:
    """Whether every response to a URL is scanned; `pages` is VIRUS_SCAN_PAGES.

    Sitemaps are not: only URLs are read from them, and each URL is then checked like any other.
    """
    if lease is None or lease.kind is Kind.SITEMAP:
        return False
    if lease.kind is Kind.FILE or lease.source.kind == "upload":
        return True
    return pages == "all" or (pages == "files" and lease.source.files)


def is_scanned(lease: Lease | None, pages: str, response: Response) -> bool:
    """Whether a response must be scanned before it is read: if it is a file or looks like one.

    Responses that are not successful are never read.
    """
    body = response.body
    if lease is None or not body or not 200 <= response.status < 300:  # noqa: PLR2004
        return False
    if is_always_scanned(lease, pages):
        return True
    if not lease.source.files or lease.kind is Kind.SITEMAP:
        return False
    header = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return media_type(header, response.url, body) is None or looks_binary(body)


class ScanPolicy:
    """Downloader middleware: lets a file pass only if clamd has found it clean."""

    def __init__(self, scanner: Scanner, pages: str) -> None:
        self._scanner = scanner
        self._pages = pages
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Use the crawler's scanner, and check clamd at the start. Raises StartupError."""
        policy = cls(Scanner.of(crawler), crawler.settings["VIRUS_SCAN_PAGES"])
        crawler.signals.connect(policy.spider_opened, signals.spider_opened)
        crawler.signals.connect(policy.engine_stopped, signals.engine_stopped)
        return policy

    def spider_opened(self, spider: Spider) -> None:
        """Check clamd in the background: pages that are not scanned need not wait for it."""
        seed: Any = getattr(spider, "seed", None)
        if self._scanner.required and (seed is None or seed.files or self._pages == "all"):
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        try:
            await self._scanner.ready()
        except Deferred as error:
            logger.warning("Files wait for the virus scanner, everything else goes on: %s.", error.detail)

    async def engine_stopped(self) -> None:
        """Stop the check of clamd."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def process_request(self, request: Request) -> None:
        """Raise Deferred for a URL that is always scanned while the scanner is away."""
        context = context_of(request)
        if not context.is_site_file and is_always_scanned(context.lease, self._pages):
            await self._scanner.ready()

    async def process_response(self, request: Request, response: Response) -> Response:
        """Scan the response if it must be scanned. Raises GiveUp, Retry or Deferred unless it is clean."""
        context = context_of(request)
        lease = None if context.is_site_file else context.lease
        if not is_scanned(lease, self._pages, response):
            return response
        try:
            await self._scanner.scan(response.body)
        except Deferred as error:
            if is_always_scanned(lease, self._pages):
                raise
            raise Retry(error.reason, error.detail, RETRY_SECONDS) from error
        return response
