"""The seam to Scrapy's engine: synchronous and instant; the worker's tasks talk to Redis beside it."""

import logging
from typing import Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.utils.defer import deferred_from_coro
from scrapy_redis.scheduler import Scheduler
from twisted.internet import defer

from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.policies.guards import check_guards
from alonchat_crawl.worker.worker import Worker

logger = logging.getLogger(__name__)


class FrontierScheduler(Scheduler):
    """scrapy-redis' scheduler with leases instead of pops, and nothing that blocks the reactor."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._worker: Worker | None = None
        """None unless it is open."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to nothing yet: `open` does."""
        return cls(crawler)

    def open(self, spider: Spider) -> defer.Deferred[None]:  # noqa: ARG002 - the crawler has it, too
        """Open the worker."""
        return deferred_from_coro(self._open())

    async def _open(self) -> None:
        check_guards(self._crawler.settings)
        self._worker = await Worker.open(self._crawler)

    def __len__(self) -> int:
        return len(self._worker.leases.ready) if self._worker is not None else 0

    def has_pending_requests(self) -> bool:
        """True while there may be more: a worker is never idle to Scrapy."""
        return self._worker is None or not self._worker.leases.done

    def enqueue_request(self, request: Request) -> bool:
        """Take a redirect's target into the frontier; the spider's links go there by `Acknowledge`."""
        lease = context_of(request).lease
        if lease is None or self._worker is None:
            logger.error("%s belongs to no source: it is not fetched", request.url)
            return False
        self._worker.redirect(lease, request)
        return True

    def next_request(self) -> Request | None:
        """The next leased URL, at once; None while there is none in this process."""
        return self._worker.leases.next_request() if self._worker is not None else None

    def close(self, reason: str) -> defer.Deferred[None]:
        """Close the worker, if it was opened."""
        return deferred_from_coro(self._close(reason))

    async def _close(self, reason: str) -> None:
        if self._worker is not None:
            await self._worker.close(reason)
