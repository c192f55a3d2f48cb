"""The seam to Scrapy's engine. It never waits: the worker's own tasks talk to Redis."""

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
    """scrapy-redis' scheduler, with leases instead of pops, and without calls that block the reactor."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._worker: Worker | None = None
        """None until `open` has run."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Only keep the crawler; `open` connects."""
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
        """True while there may be more, so that Scrapy never thinks a worker idle and closes it."""
        return self._worker is None or not self._worker.leases.done

    def enqueue_request(self, request: Request) -> bool:
        """Queue a redirect's target in the frontier. `Acknowledge` queues the spider's links."""
        lease = context_of(request).lease
        if lease is None or self._worker is None:
            logger.error("%s belongs to no source: it is not fetched", request.url)
            return False
        self._worker.redirect(lease, request)
        return True

    def next_request(self) -> Request | None:
        """The request for the next leased URL; None if this process holds none."""
        return self._worker.leases.next_request() if self._worker is not None else None

    def close(self, reason: str) -> defer.Deferred[None]:
        """Close the worker, if it was opened."""
        return deferred_from_coro(self._close(reason))

    async def _close(self, reason: str) -> None:
        if self._worker is not None:
            await self._worker.close(reason)
