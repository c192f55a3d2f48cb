"""No file is read before it was scanned, and none is fetched while the scanner is known to be away.

What waits costs nothing: an upload goes back to its queue uncounted, its whole domain is put off (no other
file from there would fare better), and one PING every few seconds tells when to go on. Of a web site's URL
only the answer tells that it is a file. Its pages must go on, so the file alone is tried again, later each
time and five times at most: at the site's pace, that is no storm.
"""

import asyncio
import logging
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.errors import Deferred, Retry
from alonchat_crawl.extract.media_types import looks_binary, media_type
from alonchat_crawl.scanning import RETRY_SECONDS, Scanner
from alonchat_crawl.sources import Kind, Lease

logger = logging.getLogger(__name__)


def is_file(lease: Lease | None, status: int, header: str, url: str, body: bytes) -> bool:
    """Whether a response is to be scanned; `header` is its Content-Type.

    Of an upload, each that has a body; of a web site that takes files in, what is not read as text, or does
    not begin like text whatever it is declared as. A status that is no success ends the URL unread.
    """
    if lease is None or not body or not 200 <= status < 300:  # noqa: PLR2004
        return False
    if _is_upload(lease):
        return True
    if not lease.source.files or lease.kind is Kind.SITEMAP:
        return False
    return media_type(header, url, body) is None or looks_binary(body)


def _is_upload(lease: Lease) -> bool:
    return lease.kind is Kind.FILE or lease.source.kind == "upload"


class ScanPolicy:
    """Downloader middleware: lets no file pass that clamd has not found clean."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's scanner; a worker looks for it when it starts. Raises StartupError."""
        policy = cls(Scanner.of(crawler))
        crawler.signals.connect(policy.spider_opened, signals.spider_opened)
        crawler.signals.connect(policy.engine_stopped, signals.engine_stopped)
        return policy

    def spider_opened(self, spider: Spider) -> None:
        """Begin to look whether the scanner is there: a worker's web pages need not wait for that."""
        seed: Any = getattr(spider, "seed", None)
        if self._scanner.required and (seed is None or getattr(seed, "files", False)):
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        try:
            await self._scanner.ready()
        except Deferred as error:
            logger.warning("Files wait, and only they: %s.", error.detail)

    async def engine_stopped(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def process_request(self, request: Request) -> None:
        """Raises Deferred for an upload while the scanner is away: what it sent could not be read."""
        lease: Lease | None = request.meta.get("lease")
        if lease is not None and _is_upload(lease) and not request.meta.get("robots"):
            await self._scanner.ready()

    async def process_response(self, request: Request, response: Response) -> Response:
        """Scan what is a file. Raises GiveUp, Retry or Deferred for all but a clean one."""
        lease: Lease | None = None if request.meta.get("robots") else request.meta.get("lease")
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if lease is None or not is_file(lease, response.status, header, response.url, response.body):
            return response
        try:
            await self._scanner.scan(response.body)
        except Deferred as error:
            if _is_upload(lease):
                raise
            raise Retry(error.reason, error.detail, RETRY_SECONDS) from error
        return response
