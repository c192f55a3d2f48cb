"""`scrapy crawl`: Scrapy's own command, with the servers checked first and an exit code that tells."""

import asyncio
import logging
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
"""Files of which it is said why they were not taken in."""


class Command(crawl.Command):
    """Crawl one source to its end with `-a url=`, or serve the shared frontier without."""

    def run(self, args: list[str], opts: Namespace) -> None:
        """Run the spider; whatever prevents it is one sentence and exit code 1."""
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
            self._fail(result.failure)
        elif result.wanted and result.progress is None:
            self._fail(f"The crawl of {result.wanted} was stopped before its end; run it again to go on.")

    def _say(self, sentence: str, style: str = "") -> None:
        console = Console(stderr=True, highlight=False)
        console.print(terminal_text(sentence), style=style, markup=False, soft_wrap=True)

    def _fail(self, sentence: str) -> None:
        self._say(sentence, "red")
        if self.settings is not None and self.settings.get("LOG_FILE"):
            logger.error("%s", sentence)  # of a job under scrapyd, people see nothing but its log
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
        """End the process: what it holds goes back to the frontier, for workers that can."""
        self._unable = sentence
        self._stopping = asyncio.ensure_future(self._crawler.stop_async())

    def _ended(self, lease: Lease, ending: Ending) -> None:
        """Keep what to say of a file that came to nothing."""
        if lease.kind is Kind.FILE and self.wanted and ending.outcome in {Outcome.DEAD, Outcome.REFUSED}:
            self._failed_count += 1
            if self._failed_count <= FAILED_SHOWN:
                name = terminal_text(stored_url(lease.url), files=True)
                self._failed.append(
                    f"{name}: {ending.reason}: {terminal_text(ending.detail, files=True)}".removesuffix(": ")
                )

    @cached_property
    def _source(self) -> Source | None:
        """Asked for once the spider is there: a list of files takes a while to be checked."""
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
    def failure(self) -> str:
        """Why nothing is stored, in one sentence; empty where something is."""
        if self._unable:
            return self._unable
        if self.progress is None or self.progress.pages:
            return ""
        source = self.progress.source
        if source.kind == UPLOAD:
            return f"Nothing of {file_name(source.url)} was stored."
        return self.progress.first_failure or f"{source.url} has no page with text to store."
