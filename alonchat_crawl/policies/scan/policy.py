"""No file is read before it was scanned, and none is fetched while the scanner is known to be away.

What waits costs nothing: it goes back to its queue uncounted, its source rests (nothing else of it would fare
better), and one PING every few seconds tells when to go on. That holds for whatever is scanned as it comes:
an upload, all of a site that takes files in, with VIRUS_SCAN_PAGES=all every page. With `none`, only the
answer tells that a site's URL is a file. The pages must go on, so the file alone is tried again, later each
time and five times at most: at the site's pace, that is no storm.
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


def is_scanned_unseen(lease: Lease | None, pages: str) -> bool:
    """Whether whatever a URL answers is scanned; `pages` is VIRUS_SCAN_PAGES.

    Of a sitemap nothing but URLs is ever taken, which are judged as any others.
    """
    if lease is None or lease.kind is Kind.SITEMAP:
        return False
    if lease.kind is Kind.FILE or lease.source.kind == "upload":
        return True
    return pages == "all" or (pages == "files" and lease.source.files)


def is_scanned(lease: Lease | None, pages: str, response: Response) -> bool:
    """Whether a response is scanned before it is read: what is a file, or may be one whatever it is called.

    A status that is no success ends the URL unread.
    """
    body = response.body
    if lease is None or not body or not 200 <= response.status < 300:  # noqa: PLR2004
        return False
    if is_scanned_unseen(lease, pages):
        return True
    if not lease.source.files or lease.kind is Kind.SITEMAP:
        return False
    header = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return media_type(header, response.url, body) is None or looks_binary(body)


class ScanPolicy:
    """Downloader middleware: lets no file pass that clamd has not found clean."""

    def __init__(self, scanner: Scanner, pages: str) -> None:
        self._scanner = scanner
        self._pages = pages
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's scanner; a worker looks for it when it starts. Raises StartupError."""
        policy = cls(Scanner.of(crawler), crawler.settings["VIRUS_SCAN_PAGES"])
        crawler.signals.connect(policy.spider_opened, signals.spider_opened)
        crawler.signals.connect(policy.engine_stopped, signals.engine_stopped)
        return policy

    def spider_opened(self, spider: Spider) -> None:
        """Begin to look whether the scanner is there: what is not scanned need not wait for that."""
        seed: Any = getattr(spider, "seed", None)
        if self._scanner.required and (seed is None or seed.files or self._pages == "all"):
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        try:
            await self._scanner.ready()
        except Deferred as error:
            logger.warning("What is to be scanned waits, and only that: %s.", error.detail)

    async def engine_stopped(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def process_request(self, request: Request) -> None:
        """Raises Deferred for what is scanned anyway while the scanner is away: it could not be read."""
        context = context_of(request)
        if not context.is_site_file and is_scanned_unseen(context.lease, self._pages):
            await self._scanner.ready()

    async def process_response(self, request: Request, response: Response) -> Response:
        """Scan what is to be. Raises GiveUp, Retry or Deferred for all but a clean one."""
        context = context_of(request)
        lease = None if context.is_site_file else context.lease
        if not is_scanned(lease, self._pages, response):
            return response
        try:
            await self._scanner.scan(response.body)
        except Deferred as error:
            if is_scanned_unseen(lease, self._pages):
                raise
            raise Retry(error.reason, error.detail, RETRY_SECONDS) from error
        return response
