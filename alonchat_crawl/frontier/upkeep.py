"""What a worker does every so often: keep its leases, take back dead workers' ones, close sources."""

import asyncio
import logging
from collections.abc import Callable
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
    """One supervised task: an outage of Redis or Postgres only postpones its work."""

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

    async def run(self) -> None:
        """Work until cancelled."""
        leases_due = 0.0
        while True:
            try:
                if monotonic() >= leases_due:
                    leases_due = monotonic() + self._lease_seconds / 3
                    await self._keep_leases()
                    self._wake.set()  # also what another worker completed and did not live to close
                while self._gone:
                    await mark_gone(self._pool, self._gone[-1].source.source_id, self._gone[-1].url)
                    self._gone.pop()
                if self._wake.is_set():
                    self._wake.clear()
                    await self.close_sources()
                await self._observe()
            except (Retry, RedisError, OSError) as error:
                logger.info("Upkeep waits: %s", error)
            except Exception:
                logger.exception("Upkeep failed; going on")
            try:
                async with asyncio.timeout(OBSERVE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

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
            if progress is not None:
                pending, leased = progress.pending, progress.leased
        self._signals.send_catch_log(
            frontier_observed, pending=pending, leased=leased, sources=totals.sources
        )
        written = progress is not None and progress.state == "completed"
        if written and self._only not in await self._queue.completed():
            self._signals.send_catch_log(source_completed, progress=progress)
            self._finish()
