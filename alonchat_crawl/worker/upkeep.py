"""A worker's periodic work: extend its leases, take back those of dead workers, close completed sources."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError
from scrapy.settings import BaseSettings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.control.closing import close_or_set_aside
from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.recovery import EVERY_SECONDS, recover
from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.errors import GiveUp, Outage, Retry, Unreadable
from alonchat_crawl.fetch.files.upload_urls import stored_url
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.signals import entry_unreadable, frontier_observed, page_ended, source_completed
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from alonchat_crawl.storage.sources import mark_gone
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.worker_frontier import WorkerFrontier

logger = logging.getLogger(__name__)

OBSERVE_SECONDS = 1.0
CLOSING_SECONDS = 0.05
"""Between two checks whether a source's last run has been closed."""


class Upkeep:
    """Two supervised tasks: an outage of Redis or Postgres only postpones their work."""

    def __init__(
        self,
        frontier: WorkerFrontier,
        pool: AsyncConnectionPool,
        signals: SignalManager,
        settings: BaseSettings,
        *,
        finish: Callable[[], None],
        seed: SourceSeed | None = None,
    ) -> None:
        self._shards = frontier.shards
        self._pool = pool
        self._frontier = frontier
        self._exchanges = frontier.exchanges
        self._signals = signals
        self._lease_seconds = settings.getfloat("FRONTIER_LEASE_SECONDS")
        self._job_timeout_seconds = settings.getint("JOB_TIMEOUT_MS") / 1000
        self._only = frontier.own.source_id if frontier.own is not None else None
        self._finish = finish
        self._seed = seed
        self._own: Source | None = None
        """The run of the source `_only`."""
        self._gone: list[Lease] = []
        self._unreadable: list[tuple[str, str, str]] = []
        """Keys outside the frontier that were set aside: name, what is wrong, new name."""
        signals.connect(self._key_set_aside, entry_unreadable)
        signals.connect(self._page_ended, page_ended)
        self._recover_at = 0.0
        self._logged_set_aside = 0
        """How many entries were set aside when that was last logged."""
        self._waits = False
        """Whether the last attempt failed because a server is away."""
        self._wake = frontier.upkeep_due

    def _page_ended(self, lease: Lease, ending: Ending) -> None:
        """Note a page that its site says is gone."""
        if ending.outcome is Outcome.DEAD and ending.reason.is_gone:
            self._gone.append(lease)

    def _key_set_aside(self, key: str, why: str, aside: str) -> None:
        """Note a damaged key that was set aside; `_write` keeps a dead letter of it."""
        self._unreadable.append((key, why, aside))
        self._wake.set()

    async def admit(self, source: Source) -> None:
        """Open this process's own source. If its last run is still being closed, wait for that."""
        while True:
            uploads, local = (self._seed.uploads, self._seed.is_local) if self._seed else ((), False)
            derived = self._seed is not None and self._seed.derives(source)
            opened, running = await admit(
                self._shards, self._pool, source, uploads, local=local, derived=derived
            )
            if opened is not Opened.CLOSING:
                break
            await self.close_sources()
            await asyncio.sleep(CLOSING_SECONDS)
        if opened is Opened.RUNNING and self._own is None:
            logger.warning("%s is being crawled already: joining that crawl", running.url)
            queue, links = await self._shards.home(running), [Link(url, Kind.FILE, 0) for url in uploads]
            await queue.add(running, links)
        self._own = running

    async def keep_leases(self) -> None:
        """Extend and reap leases until cancelled. A separate task: it must go on while Postgres is away."""
        while True:
            for exchange in self._exchanges:
                await self._try(lambda exchange=exchange: self._keep_leases(exchange))  # type: ignore[misc]
            await asyncio.sleep(self._lease_seconds / 3)
            self._wake.set()  # also close sources that a dead worker completed but did not close

    async def write_results(self) -> None:
        """Until cancelled, report progress and write to Postgres what completed or is gone."""
        while True:
            await self._try(self._observe)
            if self._only is None and monotonic() >= self._recover_at:
                self._recover_at = monotonic() + EVERY_SECONDS
                await self._try(self._recover)
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
        except (Retry, Outage, RedisError, OSError) as error:
            if not self._waits:  # log each outage once
                logger.info("Upkeep waits: %s", error)
            self._waits = True
        except Exception:
            logger.exception("Upkeep failed; going on")
        else:
            self._waits = False

    async def close_what_it_can(self) -> None:
        """At shutdown, close completed sources. If a server is away, another worker will do it."""
        await self._try(self._write)

    async def _write(self) -> None:
        while self._unreadable:
            await self._shards.queues[0].run("bury_key", *self._unreadable[-1])
            self._unreadable.pop()
        while self._gone:
            lease = self._gone[-1]
            url = stored_url(lease.url) if lease.kind is Kind.FILE else lease.url
            try:
                await mark_gone(self._pool, lease.source, url)
            except GiveUp:
                logger.exception("%s is gone from its site, but Postgres rejects the note of it", lease.url)
            self._gone.pop()
        await self.close_sources()

    async def _keep_leases(self, exchange: Exchange) -> None:
        oldest = monotonic() - self._job_timeout_seconds
        held = list(exchange.held.values())
        for lease, taken_at in held:
            if taken_at < oldest:
                logger.warning("%s takes longer than JOB_TIMEOUT_MS: it is left to other workers", lease.url)
                del exchange.held[lease.id]
        kept = [lease for lease, taken_at in held if taken_at >= oldest]
        if kept:
            asked_at = monotonic()
            for lease_id in await exchange.queue.extend(kept):
                exchange.held.pop(lease_id, None)
            exchange.extended_at = asked_at
        await exchange.queue.sweep()
        reaped, completed = await exchange.queue.reap()
        if reaped:
            logger.warning("%d URLs were taken back because their leases had expired", reaped)
            exchange.wake()
        if completed:
            self._wake.set()

    async def close_sources(self) -> None:
        """Write every completed source to Postgres and send `source_completed`."""
        for queue in self._shards.queues:
            for source_id in await queue.completed():
                progress = await close_or_set_aside(self._shards, queue, self._pool, source_id)
                if progress is not None and source_id != self._only:  # `_observe` signals that one
                    self._signals.send_catch_log(source_completed, progress=progress)

    def _log_set_aside(self, set_aside: int) -> None:
        """Log new entries that were set aside: something else writes into Redis, or a worker has a bug."""
        if set_aside > self._logged_set_aside:
            logger.error(
                "%d entries of the frontier could not be read and are set aside: "
                "see `scrapy dead_letters -a reason=unreadable`",
                set_aside - self._logged_set_aside,
            )
        self._logged_set_aside = set_aside

    async def _recover(self) -> None:
        if await recover(self._shards, self._pool):
            self._frontier.wake()

    async def _observe(self) -> None:
        totals = [exchange.totals for exchange in self._exchanges]
        self._log_set_aside(sum(one.set_aside for one in totals))
        pending, leased = sum(one.pending for one in totals), sum(one.leased for one in totals)
        if self._only is not None:
            try:
                found = await self._shards.find(self._only)
            except Unreadable as error:
                await self._shards.set_aside(self._only, str(error))
                found = None
            if found is None and self._own is not None:
                logger.warning("Redis has lost the crawl: starting it again")
                await self.admit(self._own)
            if found is None:
                return
            queue, progress = found
            pending, leased = progress.pending, progress.leased
            done = progress.state in {"completed", "cancelled"}
            if done and self._only not in await queue.completed():
                self._signals.send_catch_log(source_completed, progress=progress)
                self._finish()
        self._signals.send_catch_log(
            frontier_observed,
            pending=pending,
            leased=leased,
            sources=sum(one.sources for one in totals),
            dead_letters=sum(one.dead_letters for one in totals),
            set_aside=self._logged_set_aside,
        )
