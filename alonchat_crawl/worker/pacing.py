"""Keeps each domain's pace over all workers: whether a site may be asked now, and when it may be again."""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Self

from redis.exceptions import RedisError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import Deferred
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.pressure import pressure_of
from alonchat_crawl.policies.retry_after import response_wait_seconds
from alonchat_crawl.reasons import Reason
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Hold, Lease
from alonchat_crawl.worker.endings import OUTAGE_SECONDS
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.worker_frontier import WorkerFrontier


class Pacing(PerCrawler):
    """The implementation of `fetch.pacer.Pacer` that the setting PACER names."""

    def __init__(self, shards: Shards, exchanges: Sequence[Exchange], settings: BaseSettings) -> None:
        self._shards = shards
        self._exchanges = exchanges
        self._delay_seconds = settings.getfloat("CRAWL_DELAY_SECONDS")
        self._margin = 1 + settings.getfloat("FRONTIER_PACE_MARGIN")
        self._hold_seconds = (
            settings.getfloat("DOWNLOAD_TIMEOUT") + settings.getfloat("BODIES_WAIT_SECONDS") + 10
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Send releases through the worker's exchanges."""
        frontier = WorkerFrontier.of(crawler)
        pacing = cls(frontier.shards, frontier.exchanges, crawler.settings)
        crawler.signals.connect(pacing.page_ended, page_ended)
        return pacing

    async def admit(self, lease: Lease) -> Lease | Ending:
        """Return the lease with its site's delay if it may be fetched now, else the ending that delays it."""
        keeper = self._shards.of_domain(lease.domain)
        if keeper.keys.shard != lease.shard and (wait := await self._reserve(keeper, lease.domain, lease.id)):
            self._put_off(lease, wait)
            return Ending(Outcome.DEFERRED, Reason.PACE)
        site = self._exchanges[lease.shard].queue.domains.site_of(lease.url, lease.domain, lease.source)
        if not site:
            return lease
        wait, delay = await self._visit(keeper, site)
        if wait == 0:
            return replace(lease, delay_seconds=delay)
        self._put_off(lease, 0.0)  # no request was made: other sites at the address may be asked at once
        return Ending(Outcome.DEFERRED, Reason.PACE, wait_seconds=wait, rests=True)

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Let the holder of a lease fetch `url` now, in the lease's domain or in another.

        Raises errors.Deferred while that site must not be asked.
        """
        domains = self._exchanges[lease.shard].queue.domains
        domain = await domains.of(url)
        site, keeper = domains.site_of(url, domain, lease.source), self._shards.of_domain(domain)
        is_own = domain == lease.domain
        hold = Hold(lease.id if is_own else f"{lease.id}/{domain}", domain, site)
        wait = 0.0 if is_own else await self._reserve(keeper, domain, hold.id)
        if wait == 0 and site != domains.site_of(lease.url, lease.domain, lease.source):
            wait, _ = await self._visit(keeper, site)
            if wait and not is_own:
                self._release(Release(hold.id, domain, 0.0, 0.0), monotonic())
        if wait:
            raise Deferred(Reason.PACE, wait_seconds=wait)
        return hold

    async def _reserve(self, keeper: FrontierQueue, domain: str, hold_id: str) -> float:
        try:
            return await keeper.reserve(domain, hold_id, self._hold_seconds)
        except (RedisError, OSError):
            return OUTAGE_SECONDS

    async def _visit(self, keeper: FrontierQueue, site: str) -> tuple[float, float]:
        try:
            return await keeper.visit(site)
        except (RedisError, OSError):
            return OUTAGE_SECONDS, 0.0

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """Start a domain's pause after a request; if the site asks for a longer one, it gets it."""
        context = context_of(request)
        lease, throttle = context.lease, context.throttle_delay_seconds or 0.0
        pace = max(self._delay_seconds, context.crawl_delay_seconds, throttle)
        if lease is not None and hold.domain == str(lease.source.source_id):  # an upload's file: no site
            pace = throttle = 0.0
        release = Release(
            hold.id,
            hold.domain,
            elapsed_seconds=0.0,  # `Exchange` fills it in when it sends the release
            pace_seconds=pace * self._margin,
            asked_seconds=response_wait_seconds(response) or 0.0 if response is not None else 0.0,
            sign=pressure_of(response, robots=context.is_site_file),
            delay_seconds=throttle if throttle > self._delay_seconds else 0.0,
            site=hold.site,
            address_pace_seconds=self._delay_seconds * self._margin,
            address_sign=pressure_of(response, robots=False),
        )
        self._release(release, monotonic() if context.sent_at is None else context.sent_at)

    def page_ended(self, lease: Lease) -> None:
        """Free a lease's domain if no request was made, for instance because robots.txt forbids it.

        `settle` frees only domains of the lease's own shard. If there was a request, `released` came first,
        and this changes nothing.
        """
        if self._shards.of_domain(lease.domain).keys.shard != lease.shard:
            self._put_off(lease, 0.0)

    def _put_off(self, lease: Lease, seconds: float) -> None:
        """Free a lease's domain after `seconds`, although no request was made."""
        release = Release(lease.id, lease.domain, 0.0, seconds, delay_seconds=lease.delay_seconds)
        self._release(release, monotonic())

    def _release(self, release: Release, sent_at: float) -> None:
        keeper = self._exchanges[self._shards.of_domain(release.domain).keys.shard]
        for exchange in self._exchanges:
            if exchange is keeper or release.hold_id in exchange.held:
                exchange.outbox.releases.append((release, sent_at))
                exchange.wake()
