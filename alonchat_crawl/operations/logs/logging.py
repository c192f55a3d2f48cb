"""Installs our logging in Scrapy, and words Scrapy's messages about a page, which never include the page."""

import logging
from typing import Any

from scrapy import Request, Spider, logformatter
from scrapy.http import Response
from scrapy.logformatter import LogFormatterResult
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from alonchat_crawl.errors import Outage, ReasonedError, StartupError
from alonchat_crawl.items import StoredPage
from alonchat_crawl.operations.logs.context import facts_of
from alonchat_crawl.operations.logs.destinations import install


class Logs:
    """A Scrapy add-on: the only hook that runs before Scrapy logs anything."""

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Install the handler; end the process with a sentence if the log cannot be written."""
        try:
            install(settings)
        except StartupError as error:
            raise SystemExit(str(error)) from None


class LogFormatter(logformatter.LogFormatter):
    """Scrapy's messages about a page: its URL and what happened, at DEBUG unless something went wrong."""

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult:  # noqa: ARG002
        return _message(logging.DEBUG, "fetched", request, f"status {response.status}")

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:  # noqa: ARG002
        said = f"{item.chunks} chunks" if isinstance(item, StoredPage) else type(item).__name__
        return _message(logging.DEBUG, "processed", item, said)

    def dropped(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        return _message(logging.DEBUG, "not stored", item, _cause(exception))

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        return _message(_level(exception), "a pipeline failed on", item, _cause(exception))

    def spider_error(
        self,
        failure: Failure,
        request: Request,
        response: Response | Failure,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        return _message(_level(failure.value), "the spider failed on", request, _cause(failure.value))

    def download_error(
        self,
        failure: Failure,
        request: Request,
        spider: Spider,  # noqa: ARG002
        errmsg: str | None = None,
    ) -> LogFormatterResult:
        """Word a failed download that no errback handled."""
        cause = errmsg or _cause(failure.value)
        return _message(min(_level(failure.value), logging.WARNING), "could not fetch", request, cause)


def _message(level: int, event: str, work: object, said: str) -> LogFormatterResult:
    facts = {"url": "", **facts_of(work)}
    return {
        "level": level,
        "msg": "%(event)s %(url)s: %(said)s",
        "args": {"event": event, "said": said, **facts},
    }


def _cause(error: BaseException | None) -> str:
    return f"{error}" if isinstance(error, ReasonedError) else f"{type(error).__name__}: {error}"


def _level(error: BaseException | None) -> int:
    """A ReasonedError is only a warning, since the page's outcome reports it; other errors are our bugs."""
    if isinstance(error, Outage):  # every current page gets it
        return logging.DEBUG
    return logging.WARNING if isinstance(error, ReasonedError) else logging.ERROR
