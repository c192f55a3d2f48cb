"""Leases on their way from the frontier to Scrapy's engine."""

from collections import deque
from time import monotonic

from scrapy import Request
from scrapy.crawler import Crawler

from alonchat_crawl.errors import ReasonedError
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.files.lease_requests import LeaseRequests
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Hold, Lease
from alonchat_crawl.worker.acknowledge import Acknowledge
from alonchat_crawl.worker.endings import OUTAGE_SECONDS, ending_of
from alonchat_crawl.worker.pacing import Pacing
from alonchat_crawl.worker.worker_frontier import WorkerFrontier


class TakenLeases:
    """Says how many more leases this worker has room for, and makes requests of those that it gets."""

    def __init__(
        self, crawler: Crawler, frontier: WorkerFrontier, pacing: Pacing, settler: Acknowledge
    ) -> None:
        self.ready: deque[Lease] = deque()
        """Leases not started yet."""
        self.done = False
        """Whether the only source of this process has been written to Postgres, so that nothing is left."""
        self._crawler = crawler
        self._frontier = frontier
        self._pacing = pacing
        self._settler = settler
        self._requests = LeaseRequests.from_settings(crawler.settings)
        self._concurrent_requests = crawler.settings.getint("CONCURRENT_REQUESTS")
        self._pipelines_bytes = crawler.settings.getint("PIPELINES_MAX_BYTES")
        self._pause_until = 0.0
        """Monotonic time until which no URLs are taken, because one of our own services is away."""
        crawler.signals.connect(self._page_ended, page_ended)

    def room(self) -> int:
        """How many more leases this worker can hold.

        CONCURRENT_REQUESTS may be in flight, and as many more in the pipelines.
        """
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101 - it has opened the scheduler
        slot = engine._slot  # noqa: SLF001 - nothing public says whether it is closing
        if self.done or engine.paused or slot is None or slot.closing or monotonic() < self._pause_until:
            return 0
        if BodyBudget.of(self._crawler).backlog_bytes > self._pipelines_bytes:
            return 0
        most, held = self._concurrent_requests, sum(len(one.held) for one in self._frontier.exchanges)
        return min(most - len(engine.downloader.active) - len(self.ready), 2 * most - held)

    async def deliver(self, leases: list[Lease]) -> None:
        """Receive leases; put off those whose site must not be asked yet."""
        for lease in leases:
            admitted = await self._pacing.admit(lease)
            if isinstance(admitted, Ending):
                self._frontier.ended(lease, admitted)
            else:
                self.ready.append(admitted)
        self._wake_engine()

    def next_request(self) -> Request | None:
        """The request for the next leased URL; None if this process holds none."""
        while self.ready:
            lease = self.ready.popleft()
            exchange = self._frontier.exchanges[lease.shard]
            valid_until = exchange.valid_until(lease)
            if monotonic() >= valid_until:
                # This process or Redis stood still for so long that another worker may have taken the URL.
                self._settler.end(lease, Ending(Outcome.DEFERRED, Reason.LEASE_TOO_OLD))
                continue
            site = exchange.queue.domains.site_of(lease.url, lease.domain, lease.source)
            try:
                request = self._requests.request_for(lease, Hold(lease.id, lease.domain, site), valid_until)
            except ReasonedError as error:  # an object in storage that this project must not read
                self._settler.end(lease, ending_of(error))
                continue
            return request.replace(errback=self._settler.failed)
        return None

    def finish(self) -> None:
        """Let the engine find nothing left to do."""
        self.done = True
        self._wake_engine()

    def _page_ended(self, ending: Ending) -> None:
        if ending.outage:
            self._pause_until = monotonic() + OUTAGE_SECONDS

    def _wake_engine(self) -> None:
        """Make the engine ask for requests now, not in up to 5 s. Scrapy has no public call for it."""
        engine = self._crawler.engine
        if engine is not None and engine._slot is not None:  # noqa: SLF001
            engine._slot.nextcall.schedule()  # noqa: SLF001
