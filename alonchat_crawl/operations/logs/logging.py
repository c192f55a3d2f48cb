"""Plugs the log into Scrapy, and chooses what Scrapy says about a page: never the page itself."""

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
    """A Scrapy add-on: the one hook that runs before any message of Scrapy's own."""

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Install the handler; end the process with a sentence where the log cannot be written."""
        try:
            install(settings)
        except StartupError as error:
            raise SystemExit(str(error)) from None


class LogFormatter(logformatter.LogFormatter):
    """Scrapy's messages about a page: its URL and what happened, at DEBUG unless something is wrong."""

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult:  # noqa: ARG002
        """Tell of a response."""
        return _message(logging.DEBUG, "fetched", request, f"status {response.status}")

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:  # noqa: ARG002
        """Tell of an item that went through all pipelines."""
        said = f"{item.chunks} chunks" if isinstance(item, StoredPage) else type(item).__name__
        return _message(logging.DEBUG, "processed", item, said)

    def dropped(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        """Tell of an item that a stage refused, or found unchanged."""
        return _message(logging.DEBUG, "not stored", item, _cause(exception))

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        """Tell of a stage's failure; Scrapy adds the traceback."""
        return _message(_level(exception), "a pipeline failed on", item, _cause(exception))

    def spider_error(
        self,
        failure: Failure,
        request: Request,
        response: Response | Failure,  # noqa: ARG002
        spider: Spider,  # noqa: ARG002
    ) -> LogFormatterResult:
        """Tell of the spider's failure; Scrapy adds the traceback."""
        return _message(_level(failure.value), "the spider failed on", request, _cause(failure.value))

    def download_error(
        self,
        failure: Failure,
        request: Request,
        spider: Spider,  # noqa: ARG002
        errmsg: str | None = None,
    ) -> LogFormatterResult:
        """Tell of a download that failed and that no errback took."""
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
    """A reasoned end of a page is told by its outcome; anything else is a fault of ours."""
    if isinstance(error, Outage):  # it meets every page in work
        return logging.DEBUG
    return logging.WARNING if isinstance(error, ReasonedError) else logging.ERROR
