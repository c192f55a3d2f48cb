"""Shows progress: one live line on a terminal, or a log line each minute; a summary at the end."""

import logging
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Self
from uuid import UUID

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import Spider
from scrapy import signals as scrapys
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import create_looping_call

from alonchat_crawl import signals as ours
from alonchat_crawl.items import StoredPage
from alonchat_crawl.operations.metrics.model_watch import ModelWatch
from alonchat_crawl.operations.terminal.console import STDERR, stdout
from alonchat_crawl.operations.terminal.summary import outcome_word, render_summary
from alonchat_crawl.operations.terminal.tally import Tally
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.sources import SourceProgress

logger = logging.getLogger(__name__)


class ProgressLine:
    """A Scrapy extension that counts what this worker does, and shows it."""

    def __init__(
        self, model: ModelWatch, console: Console, refresh_seconds: float, log_seconds: float
    ) -> None:
        self.model = model
        self.console = console
        self.seconds_between = refresh_seconds if console.is_terminal else log_seconds
        self.tally = Tally()
        self.live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self.started = monotonic()
        self._own: UUID | None = None
        self._summarised = False
        self._loop: Any = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Subscribe."""
        settings = crawler.settings
        progress = cls(
            ModelWatch.from_crawler(crawler),
            STDERR,
            settings.getfloat("PROGRESS_REFRESH_SECONDS"),
            settings.getfloat("PROGRESS_LOG_SECONDS"),
        )
        for receiver, signal in (
            (progress._on_opened, scrapys.spider_opened),
            (progress._on_item, scrapys.item_scraped),
            (progress._on_closed, scrapys.spider_closed),
            (progress.tally.ended, ours.page_ended),
            (progress._on_frontier, ours.frontier_observed),
            (progress._on_source, ours.source_completed),
        ):
            crawler.signals.connect(receiver, signal)
        return progress

    def line(self) -> Text:
        """Return the progress line. On a narrow terminal it is cut, not wrapped."""
        tally = self.tally
        said = (
            f"{tally.done} pages done, {tally.in_work} in work, {tally.waiting} waiting, "
            f"{tally.chunks} chunks, {tally.pages_per_second():.1f} pages/s"
        )
        if self.model.loading:
            said += ", loading the model"
        elif not tally.outcomes:
            said += ", starting"
        return Text(said, no_wrap=True, overflow="crop", style="cyan")

    def _on_opened(self, spider: Spider) -> None:
        self.started = monotonic()
        # The spider has a seed if this process crawls one source; a worker's has none.
        seed = getattr(spider, "seed", None)
        self._own = seed.source(spider.settings).source_id if seed else None
        if self.console.is_terminal:
            self.live.start()
        self._loop = create_looping_call(self._show)
        self._loop.start(self.seconds_between, now=self.console.is_terminal)

    def _show(self) -> None:
        if self.console.is_terminal:
            self.live.update(self.line(), refresh=True)
        else:
            logger.info("progress", extra=self.tally.numbers())

    def _on_item(self, item: Any) -> None:
        if isinstance(item, StoredPage):
            self.tally.stored(item.provenance.source_id, item.chunks)

    def _on_frontier(self, pending: int, leased: int) -> None:
        self.tally.in_work, self.tally.waiting = leased, pending - leased

    def _on_source(self, progress: SourceProgress) -> None:
        chunks = self.tally.completed(progress.source.source_id)
        seconds = (datetime.now(UTC) - progress.started_at).total_seconds() if progress.started_at else 0.0
        word = outcome_word(progress)
        level = logging.WARNING if word == "failed" else logging.INFO
        logger.log(level, "source %s", word, extra=_said_of(progress, chunks, seconds))
        if progress.source.source_id == self._own:
            self._finish(progress, chunks)
        elif self.console.is_terminal:
            counts = ", ".join(f"{count} {outcome}" for outcome, count in progress.counts.items() if count)
            said = f"{progress.source.url} {word}: {counts}"
            self.console.print(Text(terminal_text(said, encoding=self.console.encoding)))

    def _on_closed(self, reason: str) -> None:
        if self._loop is not None and self._loop.running:
            self._loop.stop()
        if self._own is not None and (part := self.tally.parts.get(self._own)) and not self._summarised:
            self._finish(part.progress(), self.tally.completed(self._own))
        self.live.stop()
        logger.info("closed", extra={"reason": reason, **self.tally.numbers()})

    def _finish(self, progress: SourceProgress, chunks: int) -> None:
        self._summarised = True
        self.live.stop()  # stdout and stderr are often one terminal
        render_summary(progress, chunks, monotonic() - self.started, stdout())


def _said_of(progress: SourceProgress, chunks: int, seconds: float) -> dict[str, Any]:
    return {
        "project": str(progress.source.project_id),
        "source": str(progress.source.source_id),
        "url": progress.source.url,
        "counts": dict(progress.counts),
        "reasons": dict(progress.reasons),
        "chunks": chunks,
        "seconds": round(seconds, 1),
        "first_failure": progress.first_failure,
    }
