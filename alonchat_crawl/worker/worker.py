"""The worker: everything that one process does for the frontier, from start to shutdown."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Self

from redis.exceptions import RedisError
from scrapy import Request
from scrapy.crawler import Crawler

from alonchat_crawl.control.inbox import Inbox
from alonchat_crawl.control.message_lists import inboxes_of
from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Ending, Kind, Lease, Source
from alonchat_crawl.urls import origin_of
from alonchat_crawl.worker.acknowledge import Acknowledge
from alonchat_crawl.worker.pacing import Pacing
from alonchat_crawl.worker.redirects import RedirectLoops, loop_ending, redirected
from alonchat_crawl.worker.taken_leases import TakenLeases
from alonchat_crawl.worker.tasks import end_tasks
from alonchat_crawl.worker.upkeep import Upkeep
from alonchat_crawl.worker.worker_frontier import WorkerFrontier

logger = logging.getLogger(__name__)


class Worker:
    """Its tasks talk to Redis and Postgres; calls from Scrapy's engine never wait for them."""

    def __init__(
        self,
        frontier: WorkerFrontier,
        leases: TakenLeases,
        upkeep: Upkeep,
        inboxes: Sequence[Inbox],
        settler: Acknowledge,
        redirects_max: int,
    ) -> None:
        self.leases = leases
        self._frontier = frontier
        self._upkeep = upkeep
        self._inboxes = inboxes
        self._settler = settler
        self._redirects_max = redirects_max
        self._loops = RedirectLoops()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, crawler: Crawler) -> Self:
        """Connect, then crawl the spider's own seed or, if there is none, serve the shared frontier.

        Raises StartupError if that is not possible.
        """
        settler = crawler.get_spider_middleware(Acknowledge)
        assert isinstance(settler, Acknowledge)  # noqa: S101 - without it no lease would be settled
        pool = await Connections.of(crawler).postgres()
        frontier, settings = WorkerFrontier.of(crawler), crawler.settings
        if not frontier.is_apart:
            await frontier.shards.check()
        leases = TakenLeases(crawler, frontier, Pacing.of(crawler), settler)
        seed: SourceSeed | None = getattr(crawler.spider, "seed", None)
        upkeep = Upkeep(frontier, pool, crawler.signals, settings, finish=leases.finish, seed=seed)
        inboxes: Sequence[Inbox] = ()
        if frontier.own is not None:
            await _admit(upkeep, frontier.own)
        else:
            inboxes = inboxes_of(frontier.shards, pool, settings, lambda _: frontier.wake())
        worker = cls(frontier, leases, upkeep, inboxes, settler, settings.getint("REDIRECT_MAX_TIMES"))
        worker._start()
        return worker

    def _start(self) -> None:
        for inbox in self._inboxes:
            self._spawn(inbox.run(), inbox.kind)
        for exchange in self._frontier.exchanges:
            self._spawn(exchange.run(self.leases.room, self.leases.deliver), "exchange")
            if self._frontier.own is None:
                self._spawn(exchange.listen(), "listen")
        self._spawn(self._upkeep.keep_leases(), "leases")
        self._spawn(self._upkeep.write_results(), "results")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    def redirect(self, lease: Lease, request: Request) -> None:
        """Queue a redirect's target in the frontier, or end the lease with the reason why not."""
        target = redirected(lease, request, self._redirects_max)
        if isinstance(target, Ending):
            self._settler.end(lease, target)
        elif self._loops.closes(lease, target.url):
            self._settler.end(lease, loop_ending(lease, target.url))
        else:
            moved_to = origin_of(target.url) if lease.kind is Kind.START else ""
            self._frontier.found(lease, target, moved_to)
            self._settler.end(lease, Ending(Outcome.FOLLOWED, Reason.REDIRECT))

    async def close(self, reason: str) -> None:
        """Stop the tasks, give back leases that were not started, and send what is left to send."""
        await end_tasks(self._tasks)
        not_started = list(self.leases.ready)
        self.leases.ready.clear()
        for exchange in self._frontier.exchanges:
            shard = exchange.queue.keys.shard
            await exchange.hand_over([lease for lease in not_started if lease.shard == shard])
        with suppress(RedisError, OSError):
            for inbox in self._inboxes:
                await inbox.leave()
        await self._upkeep.close_what_it_can()
        if self._frontier.is_apart and self.leases.done:
            with suppress(RedisError, OSError):
                await self._frontier.shards.erase()
        logger.info("The worker gave %d URLs back (%s)", len(not_started), reason)


async def _admit(upkeep: Upkeep, source: Source) -> None:
    try:
        await upkeep.admit(source)
    except ReasonedError as error:
        raise StartupError(f"{source.url} cannot be crawled: {error.detail or error.reason}") from error
