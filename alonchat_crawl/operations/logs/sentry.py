"""Sends errors to Sentry, without secrets, pages or personal data."""

import asyncio
import logging
import os
from collections.abc import MutableMapping
from typing import Any, Final, Self, cast

import sentry_sdk
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from alonchat_crawl.errors import StartupError
from alonchat_crawl.operations.logs.context import context_of, of_files, worker_name
from alonchat_crawl.operations.logs.records import LEFT_OUT
from alonchat_crawl.operations.logs.redaction import Redactor

FLUSH_SECONDS: Final = 2.0
BREADCRUMBS: Final = 20


class Sentry:
    """A Scrapy extension: every line that is logged as an error becomes an event."""

    def __init__(self, dsn: str, redactor: Redactor) -> None:
        self.redactor = redactor
        try:
            sentry_sdk.init(
                dsn,
                include_local_variables=False,  # they hold pages, tokens and settings
                max_request_body_size="never",
                max_breadcrumbs=BREADCRUMBS,
                server_name=worker_name(),
                default_integrations=False,
                auto_enabling_integrations=False,
                integrations=[
                    LoggingIntegration(level=logging.WARNING, event_level=logging.ERROR),
                    DedupeIntegration(),
                    AtexitIntegration(
                        callback=lambda _pending, _timeout: None
                    ),  # the default prints to stderr
                ],
                before_send=self._before_send,
                before_breadcrumb=self._before_breadcrumb,
            )
        except (BadDsn, ValueError):
            raise StartupError(
                "SENTRY_DSN cannot be used: it is a URL such as https://key@sentry.example.com/1."
            ) from None  # the cause quotes the DSN

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Start Sentry. Raises NotConfigured without SENTRY_DSN, StartupError if it cannot be used."""
        dsn = crawler.settings["SENTRY_DSN"]
        if not dsn:
            raise NotConfigured
        max_chars = crawler.settings.getint("LOG_TEXT_MAX_CHARS")
        sentry = cls(dsn, Redactor.from_settings(crawler.settings, os.environ, max_chars, of_files))
        crawler.signals.connect(sentry._on_stopped, signals.engine_stopped)
        return sentry

    def _before_send(self, event: Event, hint: Hint) -> Event:
        payload = cast("MutableMapping[str, Any]", event)
        extra = payload.get("extra") or {}
        payload["extra"] = {name: value for name, value in extra.items() if name not in LEFT_OUT}
        if (record := hint.get("log_record")) is not None:
            facts = context_of(record)
            payload["extra"].update({"url": facts.pop("url")} if "url" in facts else {})
            payload["tags"] = {**(payload.get("tags") or {}), **facts}
        return cast("Event", self.redactor.value(payload))

    def _before_breadcrumb(self, crumb: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", self.redactor.value({**crumb, "data": {}}))

    async def _on_stopped(self) -> None:
        await asyncio.to_thread(sentry_sdk.flush, FLUSH_SECONDS)
