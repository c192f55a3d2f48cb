"""The one place that settles leases: however a fetched URL ends, it ends here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from alonchat_crawl.fetch.pacer import Pacer
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.items import SpiderOutput
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Lease, Link
from alonchat_crawl.worker.endings import ending_of
from alonchat_crawl.worker.pacing import Pacing
from alonchat_crawl.worker.worker_frontier import WorkerFrontier


class Frontier(Protocol):
    """What `Acknowledge` reports to."""

    def found(self, lease: Lease, link: Link) -> None:
        """Take a link of a lease's page."""

    def ended(self, lease: Lease, ending: Ending) -> None:
        """Take the ending of a lease; called once per lease."""


@dataclass(slots=True)
class Progress:
    """How far the spider and the pipelines are with one response."""

    ending: Ending | None = None
    items: int = 0
    """Items still in the pipelines."""
    parsed: bool = False
    """Whether the spider has finished with the response."""


class Acknowledge:
    """Spider middleware, outermost: follows each lease from its download to its one ending."""

    def __init__(self, frontier: Frontier, pacer: Pacer) -> None:
        self._frontier = frontier
        self._pacer = pacer
        self._responses: dict[Request, Response] = {}
        """Responses of requests that are about to leave the downloader."""
        self._progress: dict[str, Progress] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to every signal about a request, a response or an item."""
        settler = cls(WorkerFrontier.of(crawler), Pacing.of(crawler))
        for handler, signal in (
            (settler.response_downloaded, signals.response_downloaded),
            (settler.request_left_downloader, signals.request_left_downloader),
            (settler.item_scraped, signals.item_scraped),
            (settler.item_dropped, signals.item_dropped),
            (settler.item_error, signals.item_error),
            (settler.spider_error, signals.spider_error),
        ):
            crawler.signals.connect(handler, signal)
        return settler

    # --- The download: the domain is free as soon as the site has answered ---

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Keep the response until `request_left_downloader` frees the domain."""
        self._responses[request] = response

    def request_left_downloader(self, request: Request) -> None:
        """Free the domain. Called after `response_downloaded`, or alone if there was no response."""
        response, hold = self._responses.pop(request, None), context_of(request).hold
        if hold is not None:
            self._pacer.released(hold, request, response)

    # --- The spider and the pipelines ---

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[SpiderOutput]
    ) -> AsyncIterator[SpiderOutput]:
        """Pass pages on to the pipelines and count them; links and endings stop here."""
        lease = context_of(response).lease
        async for output in result:
            if lease is not None:
                if isinstance(output, Ending):
                    self._of(lease).ending = output
                    continue
                if isinstance(output, Link):
                    # Bypass the engine, which buffers: a link must be known before its page ends.
                    self._frontier.found(lease, output)
                    continue
                self._of(lease).items += 1
            yield output
        if lease is not None:
            self._of(lease).parsed = True
            self._settle_if_done(lease)

    def item_scraped(self, response: Response | None) -> None:
        """The last stage committed it."""
        self._item_ended(response, Ending(Outcome.STORED))

    def item_dropped(self, response: Response | None, exception: BaseException) -> None:
        """A stage refused it, or found it unchanged."""
        self._item_ended(response, ending_of(exception))

    def item_error(self, response: Response | None, failure: Failure) -> None:
        """A stage failed on it."""
        self._item_ended(response, ending_of(_cause(failure)))

    def spider_error(self, response: Response | Failure | None, failure: Failure) -> None:
        """The spider failed; what it yielded before still goes through the pipelines."""
        lease = _lease_of(response)
        if lease is not None:
            progress = self._of(lease)
            progress.ending, progress.parsed = ending_of(_cause(failure)), True
            self._settle_if_done(lease)

    def failed(self, failure: Failure) -> tuple[()]:
        """The errback of every leased request: a policy refused it or the download failed."""
        lease = _lease_of(failure)
        if lease is not None:
            self.end(lease, ending_of(_cause(failure)))
        return ()

    # --- The end ---

    def _of(self, lease: Lease) -> Progress:
        return self._progress.setdefault(lease.id, Progress())

    def _item_ended(self, response: Response | None, ending: Ending) -> None:
        lease = _lease_of(response)
        if lease is None:
            return
        progress = self._of(lease)
        progress.items -= 1
        if progress.ending is None or ending.outcome in {Outcome.DEAD, Outcome.RETRY, Outcome.DEFERRED}:
            progress.ending = ending
        self._settle_if_done(lease)

    def _settle_if_done(self, lease: Lease) -> None:
        progress = self._of(lease)
        if progress.parsed and progress.items == 0:
            self.end(lease, progress.ending or Ending(Outcome.FOLLOWED))

    def end(self, lease: Lease, ending: Ending) -> None:
        """Settle a lease. The worker calls it, too, for redirects, whose responses no spider sees."""
        self._progress.pop(lease.id, None)
        self._frontier.ended(lease, ending)


def _cause(failure: Failure) -> BaseException:
    return failure.value if failure.value is not None else RuntimeError("a failure without a cause")


def _lease_of(response: Response | Failure | None) -> Lease | None:
    request = getattr(response, "request", None)
    return context_of(request).lease if request is not None else None
