"""`scrapy crawl`: Scrapy's own command; it checks the servers first, and exits with 1 if the crawl failed."""

import asyncio
import logging
import sys
from argparse import Namespace
from functools import cached_property
from typing import Any

from rich.console import Console
from scrapy.commands import crawl
from scrapy.crawler import Crawler

from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.errors import StartupError
from alonchat_crawl.fetch.files.upload_urls import UPLOAD, file_name, stored_url
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sandbox.memory import return_freed_memory
from alonchat_crawl.servers import connections
from alonchat_crawl.signals import page_ended, source_completed, unable_to_work
from alonchat_crawl.sources import Ending, Kind, Lease, Source, SourceProgress

logger = logging.getLogger(__name__)

FAILED_SHOWN = 50
"""Files that were not taken in and are named, each with the reason; the rest are counted."""


class Command(crawl.Command):
    """With `-a url=`, crawl one source to its end; without it, serve the shared frontier."""

    def run(self, args: list[str], opts: Namespace) -> None:
        """Run the spider. What prevents it is told in one sentence, and the exit code is 1."""
        if len(args) != 1:
            super().run(args, opts)
            return
        assert self.settings is not None  # noqa: S101 - Scrapy has set both
        assert self.crawler_process is not None  # noqa: S101
        return_freed_memory()
        try:
            connections.check(self.settings)
        except StartupError as error:
            self._fail(str(error))
            return
        crawler = self._create_crawler(args[0])
        result = CrawlResult(crawler)
        crawling: Any = self.crawler_process.crawl(crawler, **opts.spargs)  # an asyncio task
        self.crawler_process.start()
        fault = crawling.exception() if crawling.done() and not crawling.cancelled() else None
        for sentence in result.failed_files:
            self._say(sentence)
        if isinstance(fault, StartupError):
            self._fail(str(fault))
        elif fault is not None:
            raise fault
        elif result.failure:
            self._fail(result.failure, is_shown=result.is_summarised and sys.stdout.isatty())
        elif result.wanted and result.progress is None:
            self._fail(f"The crawl of {result.wanted} was stopped before its end; run it again to go on.")

    def _say(self, sentence: str, style: str = "") -> None:
        console = Console(stderr=True, highlight=False)
        console.print(terminal_text(sentence), style=style, markup=False, soft_wrap=True)

    def _fail(self, sentence: str, *, is_shown: bool = False) -> None:
        """End with exit code 1. On a terminal the summary's headline may have shown the reason already."""
        if not (is_shown and sys.stderr.isatty()):
            self._say(sentence, "red")
        if self.settings is not None and self.settings.get("LOG_FILE"):
            logger.error("%s", sentence)  # the log is all that people see of a job under scrapyd
        self.exitcode = 1


class CrawlResult:
    """What became of the one source that a process crawls."""

    def __init__(self, crawler: Crawler) -> None:
        self.progress: SourceProgress | None = None
        self._crawler = crawler
        self._unable = ""
        self._stopping: asyncio.Task[None] | None = None
        self._failed: list[str] = []
        self._failed_count = 0
        crawler.signals.connect(self._ended, page_ended)
        crawler.signals.connect(self._completed, source_completed)
        crawler.signals.connect(self._stop, unable_to_work)

    def _completed(self, progress: SourceProgress) -> None:
        if self._source is not None and self._source.source_id == progress.source.source_id:
            self.progress = progress

    def _stop(self, sentence: str) -> None:
        """End the process. Its URLs go back to the frontier, for workers that can store pages."""
        self._unable = sentence
        self._stopping = asyncio.ensure_future(self._crawler.stop_async())

    def _ended(self, lease: Lease, ending: Ending) -> None:
        """Note the reason if a file was not taken in."""
        if lease.kind is Kind.FILE and self.wanted and ending.outcome in {Outcome.DEAD, Outcome.REFUSED}:
            self._failed_count += 1
            if self._failed_count <= FAILED_SHOWN:
                name = terminal_text(stored_url(lease.url), files=True)
                self._failed.append(
                    f"{name}: {ending.reason}: {terminal_text(ending.detail, files=True)}".removesuffix(": ")
                )

    @cached_property
    def _source(self) -> Source | None:
        """The source of the spider's seed. Made once: checking a list of files takes a while."""
        seed: SourceSeed | None = getattr(self._crawler.spider, "seed", None)
        return seed.source(self._crawler.settings) if seed else None

    @property
    def wanted(self) -> str:
        """What this process was told to crawl; empty for a worker."""
        return self._source.url if self._source else ""

    @property
    def failed_files(self) -> list[str]:
        """One sentence for each file that was not taken in, and one for those that are too many to name."""
        more = self._failed_count - len(self._failed)
        return [*self._failed, f"{more} more files were not taken in."] if more else self._failed

    @property
    def is_summarised(self) -> bool:
        """Whether a summary was printed whose headline tells the `failure`."""
        return self.progress is not None and not self._unable

    @property
    def failure(self) -> str:
        """Why nothing is stored, in one sentence; empty if something is."""
        if self._unable:
            return self._unable
        if self.progress is None or self.progress.pages:
            return ""
        source = self.progress.source
        if source.kind == UPLOAD:
            return f"Nothing of {file_name(source.url)} was stored."
        return self.progress.first_failure or f"{source.url} has no page with text to store."
