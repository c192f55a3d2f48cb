"""The seam to Scrapy's engine: synchronous and instant; the exchange talks to Redis beside it."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Self
from uuid import UUID

from redis.exceptions import RedisError
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.utils.defer import deferred_from_coro
from scrapy_redis.scheduler import Scheduler
from twisted.internet import defer

from alonchat_crawl.control.inbox import Inbox
from alonchat_crawl.control.message_lists import inboxes_of
from alonchat_crawl.control.website_seed import SeedError, SourceSeed
from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.fetch.body_budget import Bodies
from alonchat_crawl.fetch.files.own_files import OwnFiles
from alonchat_crawl.fetch.files.requests import Requests
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.guards import check_guards
from alonchat_crawl.policies.robots.policy import RobotsPolicy
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import local_space
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Hold, Kind, Lease, Link, Source
from alonchat_crawl.urls import origin_of
from alonchat_crawl.worker.acknowledge import Acknowledge
from alonchat_crawl.worker.endings import OUTAGE_SECONDS, backoff_seconds, ending_of
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.pacing import Pacing
from alonchat_crawl.worker.redirect_loops import Trails, circle
from alonchat_crawl.worker.redirects import redirected
from alonchat_crawl.worker.upkeep import Upkeep

logger = logging.getLogger(__name__)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel until they are done: redis-py's connection handling now and then swallows a cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)


class FrontierScheduler(Scheduler):
    """scrapy-redis' scheduler with leases instead of pops, and nothing that blocks the reactor."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.settings = crawler.settings
        self.ready: deque[Lease] = deque()
        self.only: UUID | None = None
        """The one source that this process crawls; None for a worker, which serves them all."""
        self.done = False
        self._is_apart = False
        """Whether its frontier is its own, for files that this machine alone has."""
        self.inboxes: list[Inbox] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._requests = Requests.from_settings(crawler.settings)
        self._trails = Trails()
        self._pause_until = 0.0
        """Monotonic seconds: while a service of our own is away, no more URLs are taken."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to nothing yet: `open` does."""
        return cls(crawler)

    def open(self, spider: Spider) -> defer.Deferred[None]:
        """Connect, then begin with the spider's own seed, or serve the shared frontier."""
        return deferred_from_coro(self._open(spider))

    async def _open(self, spider: Spider) -> None:
        check_guards(self.settings)
        settler, robots, own = (self._component(kind) for kind in (Acknowledge, RobotsPolicy, OwnFiles))
        self.settler = settler
        settler.frontier = self
        connections = Connections.of(self.crawler)
        pool = await connections.postgres()
        seed: SourceSeed | None = getattr(spider, "seed", None)
        source = self._source_of(seed) if seed else None
        self.only = source.source_id if source else None
        # A file on this machine is no other worker's to lease.
        self._is_apart = seed is not None and seed.is_local
        space = local_space(source.source_id) if source and self._is_apart else ""
        self.shards = Shards.from_settings(self.settings, connections.redis, space)
        if not space:
            await self.shards.check()
        self.exchanges = [self._exchange(queue) for queue in self.shards.queues]
        pacing = Pacing(self.shards, self.exchanges, self.settings)
        self.pacing = settler.pacer = robots.pacer = own.pacer = pacing
        self.upkeep = Upkeep(
            self.shards,
            pool,
            self.exchanges,
            self.crawler.signals,
            self.settings,
            only=self.only,
            finish=self.finish,
            seed=seed,
        )
        if source is not None:
            try:
                await self.upkeep.admit(source)
            except ReasonedError as error:
                raise StartupError(
                    f"{source.url} cannot be crawled: {error.detail or error.reason}"
                ) from error
        else:
            self.inboxes = inboxes_of(self.shards, pool, self.settings, self._admitted)
        for inbox in self.inboxes:
            self._spawn(inbox.run(), inbox.kind)
        for exchange in self.exchanges:
            self._spawn(exchange.run(), "exchange")
            if source is None:
                self._spawn(exchange.listen(), "listen")
        self._spawn(self.upkeep.keep_leases(), "leases")
        self._spawn(self.upkeep.keep_books(), "books")

    def _source_of(self, seed: SourceSeed) -> Source:
        try:
            return seed.source(self.settings)
        except (SeedError, ReasonedError) as error:
            raise StartupError(f"It cannot be taken in: {error}.") from None

    def _component(self, kind: type[Any]) -> Any:
        found = self.crawler.get_spider_middleware(kind) or self.crawler.get_downloader_middleware(kind)
        assert isinstance(found, kind)  # noqa: S101 - a guard that is not there guards nothing
        return found

    def _exchange(self, queue: FrontierQueue) -> Exchange:
        poll = "FRONTIER_IDLE_POLL_SECONDS" if self.only is None else "FRONTIER_TERMINAL_POLL_SECONDS"
        return Exchange(
            queue,
            room=self._room,
            deliver=self._deliver,
            completed=lambda: self.upkeep.wake(),  # noqa: PLW0108 - it comes to be later
            only=self.only,
            poll_seconds=self.settings.getfloat(poll),
        )

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    def _admitted(self, _: Source) -> None:
        for exchange in self.exchanges:
            exchange.wake()

    def finish(self) -> None:
        """Let the engine find nothing left to do: the only source is written down."""
        self.done = True
        self._wake_engine()

    # --- Scrapy's engine ---

    def __len__(self) -> int:
        return len(self.ready)

    def has_pending_requests(self) -> bool:
        """True while there may be more: a worker is never idle to Scrapy."""
        return not self.done

    def enqueue_request(self, request: Request) -> bool:
        """Take a redirect's target into the frontier; the spider's links come by `found`."""
        lease: Lease | None = request.meta.get("lease")
        if lease is None:
            logger.error("%s belongs to no source: it is not fetched", request.url)
            return False
        self._redirect(lease, request)
        return True

    def found(self, lease: Lease, link: Link, moved_to: str = "") -> None:
        """Take a leased page's link; `moved_to` is the origin that the source's start URL redirected to."""
        exchange = self.exchanges[lease.shard]
        exchange.outbox.add(lease, link, moved_to=moved_to)
        exchange.wake()

    def _redirect(self, lease: Lease, request: Request) -> None:
        target = redirected(lease, request, self.settings.getint("REDIRECT_MAX_TIMES"))
        if isinstance(target, Ending):
            self.settler.end(lease, target)
            return
        if self._trails.closes(lease, target.url):
            self.settler.end(lease, circle(lease, target.url))
            return
        self.found(lease, target, moved_to=origin_of(target.url) if lease.kind is Kind.START else "")
        self.settler.end(lease, Ending(Outcome.FOLLOWED, Reason.REDIRECT))

    def next_request(self) -> Request | None:
        """The next leased URL, at once; None while there is none in this process."""
        while self.ready:
            lease = self.ready.popleft()
            valid_until = self.exchanges[lease.shard].valid_until(lease)
            if monotonic() >= valid_until:
                # This process stood still, or Redis did: another may have it by now, or it is free again.
                self.ended(lease, Ending(Outcome.DEFERRED, Reason.LEASE_TOO_OLD))
                continue
            domains = self.exchanges[lease.shard].queue.domains
            site = domains.site_of(lease.url, lease.domain, lease.source)
            meta = {"hold": Hold(lease.id, lease.domain, site), "valid_until": valid_until}
            try:
                return self._requests.of(lease, meta).replace(errback=self.settler.failed)
            except ReasonedError as error:  # an object that may not be read any more
                self.ended(lease, ending_of(error))
        return None

    def close(self, reason: str) -> defer.Deferred[None]:
        """Give back what was not begun, tell Redis the rest, and stop."""
        return deferred_from_coro(self._close(reason))

    async def _close(self, reason: str) -> None:
        await _end(self._tasks)
        unbegun = list(self.ready)
        self.ready.clear()
        for exchange in getattr(self, "exchanges", ()):
            await exchange.hand_over([lease for lease in unbegun if lease.shard == exchange.queue.keys.shard])
        with suppress(RedisError, OSError):
            for inbox in self.inboxes:
                await inbox.leave()
        if hasattr(self, "upkeep"):
            await self.upkeep.close_what_it_can()
            if self._is_apart and self.done:
                with suppress(RedisError, OSError):
                    await self.shards.erase()
        logger.info("The worker gave %d URLs back (%s)", len(unbegun), reason)

    # --- What the exchange asks and brings ---

    def _room(self) -> int:
        """How many more URLs this worker can hold: in flight, and as many again in its pipelines."""
        engine = self.crawler.engine
        assert engine is not None  # noqa: S101 - it calls us
        slot = engine._slot  # noqa: SLF001 - nothing public tells that it closes
        if self.done or engine.paused or slot is None or slot.closing or monotonic() < self._pause_until:
            return 0
        if Bodies.of(self.crawler).backlog_bytes > self.settings.getint("PIPELINES_MAX_BYTES"):
            return 0
        most = self.settings.getint("CONCURRENT_REQUESTS")
        fetching = len(engine.downloader.active) + len(self.ready)
        return min(most - fetching, 2 * most - sum(len(exchange.held) for exchange in self.exchanges))

    async def _deliver(self, leases: list[Lease]) -> None:
        for lease in leases:
            admitted = await self.pacing.admit(lease)
            if isinstance(admitted, Ending):
                self._settle(lease, admitted)
            else:
                self.ready.append(admitted)
        self._wake_engine()

    def _wake_engine(self) -> None:
        """Scrapy has no public call for it; unasked, the engine looks every 5 s."""
        engine = self.crawler.engine
        if engine is not None and engine._slot is not None:  # noqa: SLF001
            engine._slot.nextcall.schedule()  # noqa: SLF001

    # --- What the settler tells ---

    def ended(self, lease: Lease, ending: Ending) -> None:
        """Settle a lease with its ending, a retry with its backoff."""
        comes_back = ending.outcome is Outcome.DEFERRED and ending.wait_seconds > 0
        someone_waits = lease.kind is Kind.START and self.only is not None and not comes_back
        if ending.outage:
            self._pause_until = monotonic() + OUTAGE_SECONDS
        elif someone_waits and ending.detail and ending.outcome in {Outcome.RETRY, Outcome.DEFERRED}:
            # At a terminal, for this very page: say now that it cannot be had.
            ending = Ending(Outcome.DEAD, ending.reason, f"{lease.url} cannot be crawled: {ending.detail}")
        elif ending.outcome is Outcome.RETRY:
            wait = backoff_seconds(
                lease.attempt,
                self.settings.getfloat("FRONTIER_BACKOFF_SECONDS"),
                self.settings.getfloat("FRONTIER_MAX_BACKOFF_SECONDS"),
            )
            ending = replace(ending, wait_seconds=max(wait, ending.wait_seconds))
        elif ending.outcome is Outcome.DEAD and ending.reason.is_gone:
            self.upkeep.gone(lease)
        if ending.outcome in {Outcome.RETRY, Outcome.DEAD}:
            again = f"is tried again in {ending.wait_seconds:.0f} s" if ending.wait_seconds else "is given up"
            logger.info("%s %s after attempt %d: %s", lease.url, again, lease.attempt, ending.reason)
        self._settle(lease, ending)

    def _settle(self, lease: Lease, ending: Ending) -> None:
        exchange = self.exchanges[lease.shard]
        exchange.outbox.endings[lease] = ending
        exchange.wake()
        self.crawler.signals.send_catch_log(page_ended, lease=lease, ending=ending)
