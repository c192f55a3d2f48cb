"""Adds the project, source and URL of the current work to every log line."""

import os
import socket
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from logging import Filter, LogRecord
from typing import Any, Final, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.fetch import request_context
from alonchat_crawl.fetch.files.upload_urls import UPLOAD, stored_url
from alonchat_crawl.items import Provenance
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Lease

NAMES: Final = ("project", "source", "url")


@dataclass(slots=True)
class _Work:
    facts: dict[str, str]
    of_files: bool = False
    over: bool = False


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


def worker_name() -> str:
    """The name of this process among those that share a frontier: host-pid."""
    return f"{socket.gethostname()}-{os.getpid()}"


def of_files() -> bool:
    """Whether the current work is for an upload."""
    return (work := _work.get()) is not None and not work.over and work.of_files


def facts_of(work: object) -> dict[str, str]:
    """Return project, source and URL of a lease, a provenance, a request, a response or an item."""
    if isinstance(work, Lease):
        return _facts(work.source.project_id, work.source.source_id, _known_by(work, work.url))
    if isinstance(work, Provenance):
        return _facts(work.project_id, work.source_id, work.fetched_url)
    if isinstance(work, Request):
        lease = request_context.context_of(work).lease
        return facts_of(lease) | {"url": _known_by(lease, work.url)}
    if isinstance(work, Response):
        return facts_of(work.request)
    inner = getattr(work, "provenance", None) or getattr(work, "page", None)
    return facts_of(inner) if inner is not None else {}


def _known_by(lease: object, url: str) -> str:
    """The URL to log: an upload's has no query, which is a secret."""
    return stored_url(url) if isinstance(lease, Lease) and lease.source.kind == UPLOAD else url


def _facts(project: object, source: object, url: str) -> dict[str, str]:
    return {"project": str(project), "source": str(source), "url": url}


def context_of(record: LogRecord) -> dict[str, Any]:
    """Return worker, project, source and URL of a log record, as far as they are known."""
    # `args` is () for a record without arguments, and the dict itself for one with a dict
    # (logging.LogRecord).
    given = record.args if isinstance(record.args, Mapping) else {}
    return {
        "worker": worker_name(),
        **(work.facts if (work := _work.get()) and not work.over else {}),
        **facts_of(getattr(record, "item", None)),
        **{name: str(given[name]) for name in NAMES if given.get(name)},
    }


class ContextFilter(Filter):
    """Adds the context to each record, while the work that logs is still current."""

    def filter(self, record: LogRecord) -> bool:
        """Set missing fields; let every record pass."""
        for name, value in context_of(record).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class LogContext:
    """A downloader and spider middleware that sets the context of a request's asyncio tasks.

    Scrapy downloads and scrapes each request in its own tasks, and a task's context is copied to the tasks
    that it starts, so that policies, the spider and pipelines log with it. Tasks that outlive the page
    inherit it, too, so a context is valid only until its lease has ended.
    """

    def __init__(self) -> None:
        self._works: dict[str, _Work] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to the end of leases."""
        context = cls()
        crawler.signals.connect(context._end, page_ended)
        return context

    def process_request(self, request: Request) -> None:
        """Set the context for the download. A request without a lease keeps the current context."""
        self._bind(request)

    def process_spider_input(self, response: Response) -> None:
        """Set the context for the spider and the pipelines."""
        self._bind(response.request)

    def _bind(self, request: Request | None) -> None:
        lease = request_context.context_of(request).lease if request is not None else None
        if lease is not None:
            work = self._works.setdefault(lease.id, _Work(facts_of(lease), lease.source.kind == UPLOAD))
            # A redirect changes the URL but not the lease.
            work.facts |= facts_of(request)
            _work.set(work)

    def _end(self, lease: Lease) -> None:
        if work := self._works.pop(lease.id, None):
            work.over = True
