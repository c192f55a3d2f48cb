"""What a worker does every so often: keep its leases, take back dead workers' ones, close sources."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError
from scrapy.settings import BaseSettings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import Retry
from alonchat_crawl.frontier.closing import close_source
from alonchat_crawl.frontier.exchange import Exchange
from alonchat_crawl.frontier.queue import FrontierQueue, Opened
from alonchat_crawl.frontier.seeds import admit
from alonchat_crawl.signals import frontier_observed, source_completed
from alonchat_crawl.sources import Lease, Source
from alonchat_crawl.storage.sources import mark_gone

logger = logging.getLogger(__name__)

OBSERVE_SECONDS = 1.0


class Upkeep:
    """Two supervised tasks: an outage of Redis or Postgres only postpones their work."""

    def __init__(
        self,
        queue: FrontierQueue,
        pool: AsyncConnectionPool,
        exchange: Exchange,
        signals: SignalManager,
        settings: BaseSettings,
        *,
        only: UUID | None,
        finish: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._exchange = exchange
        self._signals = signals
        self._lease_seconds = settings.getfloat("FRONTIER_LEASE_SECONDS")
        self._job_timeout_seconds = settings.getint("JOB_TIMEOUT_MS") / 1000
        self._only = only
        self._finish = finish
        self._gone: list[Lease] = []
        self._wake = asyncio.Event()

    def gone(self, lease: Lease) -> None:
        """The site says that a page is no more."""
        self._gone.append(lease)

    def wake(self) -> None:
        """A source completed: close it now."""
        self._wake.set()

    async def admit(self, source: Source) -> None:
        """Open this process's own source; one that is being written down is waited for."""
        while True:
            opened, running = await admit(self._queue, self._pool, source)
            if opened is not Opened.CLOSING:
                break
            await self.close_sources()
        if opened is Opened.RUNNING:
            logger.warning("%s is being crawled already: joining that crawl", running.url)

    async def keep_leases(self) -> None:
        """Extend and reap until cancelled. A task of its own: Postgres being away must not delay it."""
        while True:
            await self._try(self._keep_leases)
            await asyncio.sleep(self._lease_seconds / 3)
            self._wake.set()  # look also for what another worker completed and did not live to close

    async def keep_books(self) -> None:
        """Write to Postgres what the frontier came to, and tell how far it is, until cancelled."""
        while True:
            await self._try(self._observe)
            if self._wake.is_set() or self._gone:
                self._wake.clear()
                await self._try(self._write)
                await self._try(self._observe)
            try:
                async with asyncio.timeout(OBSERVE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (Retry, RedisError, OSError) as error:
            logger.info("Upkeep waits: %s", error)
        except Exception:
            logger.exception("Upkeep failed; going on")

    async def close_what_it_can(self) -> None:
        """On the way out: close what completed, unless a server is away; others will then."""
        await self._try(self._write)

    async def _write(self) -> None:
        while self._gone:
            await mark_gone(self._pool, self._gone[-1].source.source_id, self._gone[-1].url)
            self._gone.pop()
        await self.close_sources()

    async def _keep_leases(self) -> None:
        oldest = monotonic() - self._job_timeout_seconds
        held = list(self._exchange.held.values())
        for lease, taken_at in held:
            if taken_at < oldest:
                logger.warning("%s takes longer than JOB_TIMEOUT_MS: it is left to other workers", lease.url)
                del self._exchange.held[lease.id]
        kept = [lease for lease, taken_at in held if taken_at >= oldest]
        if kept:
            for lease_id in await self._queue.extend(kept):
                self._exchange.held.pop(lease_id, None)
        if reaped := await self._queue.reap():
            logger.warning("%d URLs came back from workers that are gone", reaped)
            self._exchange.wake()

    async def close_sources(self) -> None:
        """Write every completed source to Postgres and tell of it."""
        for source_id in await self._queue.completed():
            progress = await close_source(self._queue, self._pool, source_id)
            if progress is not None and source_id != self._only:  # `_observe` tells of that one
                self._signals.send_catch_log(source_completed, progress=progress)

    async def _observe(self) -> None:
        totals = await self._queue.totals()
        pending, leased, progress = totals.pending, totals.leased, None
        if self._only is not None:
            progress = await self._queue.progress(self._only)
            if progress is None:
                logger.error("Redis has lost the source: crawl it again")
                self._finish()
                return
            pending, leased = progress.pending, progress.leased
        self._signals.send_catch_log(
            frontier_observed, pending=pending, leased=leased, sources=totals.sources
        )
        written = progress is not None and progress.state == "completed"
        if written and self._only not in await self._queue.completed():
            self._signals.send_catch_log(source_completed, progress=progress)
            self._finish()
