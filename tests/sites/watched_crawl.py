"""A small real crawl in a process of its own, for the tests of how crawls are watched.

Usage: python -m tests.sites.watched_crawl '{"settings": {…}, "seed": {…}, "paths": […], "hold": false}'
It serves its own pages; with `hold` it goes on until its standard input is closed.
"""

import asyncio
import json
import logging
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.utils.project import get_project_settings
from twisted.python.failure import Failure

from alonchat_crawl import signals
from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.errors import StartupError
from alonchat_crawl.fetch.request_context import RequestContext, lease_of
from alonchat_crawl.items import Provenance, StoredPage
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.settings import EXTENSIONS
from alonchat_crawl.sources import Ending, Kind, Lease, Source, SourceProgress

IDS = (UUID(int=1), UUID(int=2), UUID(int=3))  # project, source, crawl
OWN = {
    "SCHEDULER": "scrapy.core.scheduler.Scheduler",
    "DOWNLOADER_MIDDLEWARES": {
        "alonchat_crawl.operations.logs.context.LogContext": 0,
        "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    },
    # What a completed source starts in Postgres is not watched here.
    "EXTENSIONS": {**EXTENSIONS, "alonchat_crawl.control.project_upkeep.ProjectUpkeep": None},
    "SPIDER_MIDDLEWARES": {"alonchat_crawl.operations.logs.context.LogContext": 0},
    "ITEM_PIPELINES": {},
    "SSRF_ALLOWED_NETWORKS": (ip_network("127.0.0.0/8"),),
    "ROBOTSTXT_OBEY": False,
}
logger = logging.getLogger("watched")


class Pages(BaseHTTPRequestHandler):
    """Every path is a page."""

    protocol_version = "HTTP/1.1"  # what closes each connection may close one that is just used again

    def do_GET(self) -> None:
        """Answer with a marked body."""
        body = b"<html>THE-BODY</html>"
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Watched(Spider):
    """Does to each path what its name says, and signals as the project's own parts do."""

    name = "watched"
    paths: tuple[str, ...] = ()
    origin = ""
    hold = False
    seed: Seed | None = None
    complete = True

    def lease(self, url: str) -> Lease:
        """Return a lease as the frontier would give."""
        source = Source(IDS[1], IDS[0], IDS[2], self.seed.url if self.seed else url, "shop", 10, 3)
        return Lease(url, source, ("http://h",), "d", url, Kind.PAGE, 0, 1)

    async def start(self) -> AsyncIterator[Any]:
        """Ask for all paths, then wait where told so."""
        for path in self.paths:
            url = path if "://" in path else self.origin + path
            yield Request(url, meta=RequestContext(self.lease(url)).as_meta(), errback=self.failed)
        if self.hold:
            await asyncio.to_thread(sys.stdin.read)

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """Store the page, or break as the path says."""
        send = self.crawler.signals.send_catch_log
        send(signals.frontier_observed, pending=7, leased=2, sources=1, dead_letters=3, set_aside=0)
        if "boom" in response.url:
            raise ValueError("the spider broke")
        logger.warning("a warning on the page")
        if "warn" in response.url:
            warnings.warn("a python warning", stacklevel=1)
            threading.Thread(target=lambda: 1 / 0).start()
            logger.info("bad arguments %d", "x")
        if "secret" in response.url:
            logger.error(
                "cannot log in with %s", self.settings["DATABASE_URL"], extra={"api_key": "k-123456"}
            )
        lease = lease_of(response)
        send(signals.stage_finished, stage="chunk", seconds=0.01)
        send(signals.model_loaded, model="m", seconds=1.5)
        send(signals.tokens_embedded, project_id=IDS[0], tokens=100, windows=2)
        send(signals.page_ended, lease=lease, ending=Ending(Outcome.STORED))
        yield StoredPage(Provenance(response.url, response.url, *IDS, datetime.now(UTC)), 3, 5)

    def failed(self, failure: Failure) -> None:
        """End the page as dead."""
        response = getattr(failure.value, "response", None)
        ending = Ending(Outcome.DEAD, Reason.http(response.status) if response else Reason.CONNECTION)
        lease = lease_of(failure.request)  # type: ignore[attr-defined] # set by Scrapy
        self.crawler.signals.send_catch_log(signals.page_ended, lease=lease, ending=ending)

    @staticmethod
    def close(spider: Spider, reason: str) -> None:
        """Complete the source, as the frontier does before the spider closes."""
        if isinstance(spider, Watched) and spider.complete and reason == "finished":
            source = spider.lease(spider.origin).source
            progress = SourceProgress(
                source,
                "completed",
                0,
                0,
                {"stored": 2, "dead": 1},
                {"dead:http 404": 1},
                "[red]It said\x1b[2J no.",
            )
            spider.crawler.signals.send_catch_log(signals.source_completed, progress=progress)


def main() -> int:
    """Crawl; return 1, with its sentence on standard error, where the start-up failed."""
    plan = json.loads(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = get_project_settings()
    settings.setdict({**OWN, **plan.get("settings", {})}, priority="spider")
    process = AsyncCrawlerProcess(settings)
    Watched.paths, Watched.hold = tuple(plan.get("paths", ())), plan.get("hold", False)
    Watched.complete = plan.get("complete", True)
    Watched.origin = f"http://127.0.0.1:{server.server_port}"
    task = process.crawl(Watched, seed=Seed.of(plan["seed"]) if "seed" in plan else None)
    process.start()
    error = task.exception()
    if isinstance(error, StartupError):
        sys.stderr.write(f"{error}\n")
    if "uncaught" in plan:
        raise RuntimeError("nobody caught it")
    return int(error is not None)


if __name__ == "__main__":
    sys.exit(main())
