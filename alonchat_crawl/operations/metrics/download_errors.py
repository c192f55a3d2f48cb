"""Counts failed downloads by the class of their error, from Scrapy's statistics at each scrape."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from scrapy.exceptions import IgnoreRequest
from scrapy.statscollectors import StatsCollector

from alonchat_crawl.errors import Refused
from alonchat_crawl.operations.metrics.instruments import Word

PREFIX: Final = "downloader/exception_type_count/"
REFUSALS: Final = {kind.__name__ for kind in (Refused, IgnoreRequest)}  # outcomes, not errors


class DownloadErrors(Collector):
    """Shows `downloader/exception_type_count/*` as alonchat_download_errors_total."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self._class = Word()

    def collect(self) -> Iterator[CounterMetricFamily]:
        counts: dict[str, int] = {}
        for key, count in self.stats.get_stats().items():
            name = key.rpartition(".")[2] if key.startswith(PREFIX) else ""
            if name and name not in REFUSALS:
                label = self._class.of(name)
                counts[label] = counts.get(label, 0) + count
        family = CounterMetricFamily("alonchat_download_errors", "Downloads that raised.", labels=["class"])
        for label, count in counts.items():
            family.add_metric([label], count)
        yield family
