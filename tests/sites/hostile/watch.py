"""Runs in the worker: writes down how each URL ended and how long its event loop stood still."""

import asyncio
import json
import os
from pathlib import Path
from time import monotonic
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Lease

EVERY_SECONDS = 0.02


class Watch:
    """Scrapy extension; writes lines of JSON to the file that HOSTILE_WATCH names."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)
        self._lag = 0.0
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listen to what ends, and begin to measure when the spider opens."""
        watch = cls(Path(os.environ["HOSTILE_WATCH"]))
        crawler.signals.connect(watch.ended, page_ended)
        crawler.signals.connect(watch.opened, signals.spider_opened)
        crawler.signals.connect(watch.stopped, signals.engine_stopped)
        return watch

    def ended(self, lease: Lease, ending: Ending) -> None:
        """Write a lease's end."""
        self._write(
            at=monotonic(),
            url=lease.url,
            outcome=ending.outcome.value,
            reason=ending.reason,
            detail=ending.detail,
        )

    def opened(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._measure())

    def stopped(self) -> None:
        """Write the longest that the loop made others wait."""
        if self._task is not None:
            self._task.cancel()
        self._write(lag=self._lag)

    async def _measure(self) -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(EVERY_SECONDS)
            late = monotonic() - began - EVERY_SECONDS
            self._lag = max(self._lag, late)

    def _write(self, **values: Any) -> None:
        self._file.write(json.dumps(values) + "\n")
