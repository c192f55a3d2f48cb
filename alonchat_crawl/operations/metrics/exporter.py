"""Turns signals into Prometheus metrics and serves them. Only this folder uses Prometheus."""

import logging
from time import monotonic
from typing import Any, Final, Self

from scrapy import Request
from scrapy import signals as scrapys
from scrapy.crawler import Crawler
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.python.failure import Failure

from alonchat_crawl import signals as ours
from alonchat_crawl.items import StoredPage
from alonchat_crawl.operations.metrics.download_errors import DownloadErrors
from alonchat_crawl.operations.metrics.health import Readiness
from alonchat_crawl.operations.metrics.instruments import Instruments
from alonchat_crawl.operations.metrics.model_watch import ModelWatch
from alonchat_crawl.operations.metrics.server import listen, site_of
from alonchat_crawl.servers.connections import Connections

SCRAPERS_LOGGER: Final = "scrapy.core.scraper"  # its errors are counted by their signals

logger = logging.getLogger(__name__)


class Metrics:
    """Extension. It listens as soon as it is created, so that a port in use stops the start-up."""

    def __init__(self, instruments: Instruments, port: Any) -> None:
        self.instruments = instruments
        self.port = port
        self._started: dict[Request, float] = {}
        self._errors = _ErrorCounter(instruments)
        instruments.in_flight.set_function(lambda: len(self._started))
        logging.root.addHandler(self._errors)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listen and subscribe. Raises StartupError if METRICS_HOST or METRICS_PORT cannot be used."""
        settings = crawler.settings
        instruments = Instruments(settings.getint("METRICS_MAX_PROJECTS"))
        instruments.registry.register(DownloadErrors(crawler.stats))
        readiness = Readiness(
            _checks(crawler),
            settings.getfloat("READY_TIMEOUT_SECONDS"),
            settings.getfloat("READY_CACHE_SECONDS"),
        )
        site = site_of(instruments.registry, readiness)
        metrics = cls(instruments, listen(site, settings["METRICS_HOST"], str(settings["METRICS_PORT"])))
        metrics._subscribe(crawler)
        logger.info("metrics on %s", metrics.url)
        return metrics

    @property
    def url(self) -> str:
        """Where the metrics are served."""
        address = self.port.getHost()
        host = f"[{address.host}]" if ":" in address.host else address.host
        return f"http://{host}:{address.port}/metrics"

    def _subscribe(self, crawler: Crawler) -> None:
        for receiver, signal in (
            (self._on_fetch_started, scrapys.request_reached_downloader),
            (self._on_fetch_ended, scrapys.request_left_downloader),
            (self._on_item, scrapys.item_scraped),
            (self._on_item_error, scrapys.item_error),
            (self._on_spider_error, scrapys.spider_error),
            (self._on_stopped, scrapys.engine_stopped),
            (self.instruments.stage_took, ours.stage_finished),
            (self.instruments.tokens_embedded, ours.tokens_embedded),
            (self._on_model, ours.model_loaded),
            (self.instruments.page_ended, ours.page_ended),
            (self._on_source, ours.source_completed),
            (self._on_frontier, ours.frontier_observed),
        ):
            crawler.signals.connect(receiver, signal)

    def _on_fetch_started(self, request: Request) -> None:
        self._started[request] = monotonic()

    def _on_fetch_ended(self, request: Request) -> None:
        if (started := self._started.pop(request, None)) is not None:
            self.instruments.stage_took("fetch", monotonic() - started)

    def _on_item(self, item: Any) -> None:
        if isinstance(item, StoredPage):
            self.instruments.chunks.inc(item.chunks)
            self.instruments.windows.inc(item.windows)

    def _on_item_error(self, failure: Failure) -> None:
        self.instruments.failed("pipeline", failure.value)

    def _on_spider_error(self, failure: Failure) -> None:
        self.instruments.failed("spider", failure.value)

    def _on_model(self, seconds: float) -> None:
        self.instruments.model_load.set(seconds)

    def _on_source(self) -> None:
        self.instruments.sources_completed.inc()

    def _on_frontier(
        self, pending: int, leased: int, sources: int, dead_letters: int, set_aside: int
    ) -> None:
        self.instruments.pending.set(pending)
        self.instruments.leased.set(leased)
        self.instruments.sources.set(sources)
        self.instruments.dead_letters.set(dead_letters)
        self.instruments.set_aside.set(set_aside)

    async def _on_stopped(self) -> None:
        logging.root.removeHandler(self._errors)
        await maybe_deferred_to_future(self.port.stopListening())


def _checks(crawler: Crawler) -> dict[str, Any]:
    connections = Connections.of(crawler)

    async def redis() -> str:
        await connections.redis.ping()
        return ""

    async def postgres() -> str:
        pool = await connections.postgres()
        async with pool.connection() as connection:
            await connection.execute("select 1")
        return ""

    return {"redis": redis, "postgres": postgres, "model": ModelWatch.from_crawler(crawler).check}


class _ErrorCounter(logging.Handler):
    """Counts every exception that is logged as a warning or worse, wherever it was caught."""

    def __init__(self, instruments: Instruments) -> None:
        super().__init__(logging.WARNING)
        self.instruments = instruments

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != SCRAPERS_LOGGER and record.exc_info and record.exc_info[1]:
            self.instruments.failed("other", record.exc_info[1])
