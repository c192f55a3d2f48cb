"""The frontier as one worker uses it: an exchange for each shard, which takes links and endings."""

import asyncio
import logging
from typing import Self

from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.control.website_seed import SeedError, SourceSeed
from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.redis_keys import local_space
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Lease, Link, Source
from alonchat_crawl.worker.endings import final_if_last, final_if_waited_for, with_backoff
from alonchat_crawl.worker.exchange import Exchange

logger = logging.getLogger(__name__)


class WorkerFrontier(PerCrawler):
    """The exchanges with all shards, or with the private shard of local files. It never waits for Redis."""

    def __init__(
        self,
        shards: Shards,
        settings: BaseSettings,
        signals: SignalManager,
        *,
        own: Source | None = None,
        is_apart: bool = False,
    ) -> None:
        self.shards = shards
        self.own = own
        """The run of the only source that this process crawls; None for a worker, which serves all."""
        self.is_apart = is_apart
        """Whether this frontier is private to this process, since its files are on this machine only."""
        self.upkeep_due = asyncio.Event()
        """Set when a source has completed, or something else must be written to Postgres."""
        self._signals = signals
        self._max_attempts = settings.getint("FRONTIER_MAX_ATTEMPTS")
        self._backoff_seconds = settings.getfloat("FRONTIER_BACKOFF_SECONDS")
        self._max_backoff_seconds = settings.getfloat("FRONTIER_MAX_BACKOFF_SECONDS")
        poll = "FRONTIER_IDLE_POLL_SECONDS" if own is None else "FRONTIER_TERMINAL_POLL_SECONDS"
        self.exchanges = [
            Exchange(
                queue,
                completed=self.upkeep_due.set,
                only=own.source_id if own is not None else None,
                poll_seconds=settings.getfloat(poll),
            )
            for queue in shards.queues
        ]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the shards that the settings name; for a seed of local files, one private shard.

        Raises StartupError if the seed is not valid. Redis is not asked yet.
        """
        settings, connections = crawler.settings, Connections.of(crawler)
        seed: SourceSeed | None = getattr(crawler.spider, "seed", None)
        own = _source_of(seed, settings) if seed is not None else None
        is_apart = seed is not None and seed.is_local
        space = local_space(own.source_id) if own is not None and is_apart else ""
        shards = Shards.from_settings(
            settings,
            connections.redis,
            space,
            resolver=Resolver.of(crawler),
            on_damaged_key=connections.report_damaged_key,
        )
        return cls(shards, settings, crawler.signals, own=own, is_apart=is_apart)

    def wake(self) -> None:
        """Let every exchange look for work now."""
        for exchange in self.exchanges:
            exchange.wake()

    def found(self, lease: Lease, link: Link, moved_to: str = "") -> None:
        """Take a leased page's link; `moved_to` is the origin that the source's start URL redirected to."""
        exchange = self.exchanges[lease.shard]
        exchange.outbox.add(lease, link, moved_to=moved_to)
        exchange.wake()

    def ended(self, lease: Lease, ending: Ending) -> None:
        """Queue a lease's ending for `settle`; a retry gets its backoff."""
        if self.own is not None:
            ending = final_if_waited_for(lease, ending)
        ending = final_if_last(lease, ending, self._max_attempts)
        if ending.outcome is Outcome.RETRY:
            ending = with_backoff(lease, ending, self._backoff_seconds, self._max_backoff_seconds)
        if ending.outcome in {Outcome.RETRY, Outcome.DEAD}:
            again = f"is tried again in {ending.wait_seconds:.0f} s" if ending.wait_seconds else "is given up"
            logger.info("%s %s after attempt %d: %s", lease.url, again, lease.attempt, ending.reason)
        exchange = self.exchanges[lease.shard]
        exchange.outbox.endings[lease] = ending
        exchange.wake()
        self._signals.send_catch_log(page_ended, lease=lease, ending=ending)


def _source_of(seed: SourceSeed, settings: BaseSettings) -> Source:
    try:
        return seed.source(settings)
    except (SeedError, ReasonedError) as error:
        raise StartupError(f"The seed cannot be used: {error}.") from None
