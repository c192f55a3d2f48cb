"""Slow sites are asked less often: Scrapy's AutoThrottle, on the delay that all workers share."""

from dataclasses import dataclass, replace
from typing import Any

from scrapy import Request, Spider
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from alonchat_crawl.fetch.request_context import context_of, set_context


@dataclass(slots=True)
class _Domain:
    """Stands where AutoThrottle expects a downloader's slot."""

    request: Request
    """The one that was answered."""
    delay: float
    """Seconds."""
    transferring: tuple[Request, ...] = ()
    """AUTOTHROTTLE_DEBUG logs its length."""


class SharedAutoThrottle(AutoThrottle):
    """Extension: turns a context's `throttle_delay_seconds` into the domain's next one, by Scrapy's rule.

    The rule's latency is meta["download_latency"], which `GuardedHandler` counts from the sending: it
    says how busy the site is, and a handshake, once a connection, says how far away. It is a comfort: the
    frontier's own pace is the guard. Raises NotConfigured unless AUTOTHROTTLE_ENABLED.
    """

    def _spider_opened(self, spider: Spider) -> None:  # noqa: ARG002 - the signal's name for it
        """Leave the downloader's own delay alone, which the base class sets here."""
        self.mindelay = self._min_delay()
        self.maxdelay = max(self.mindelay, self._max_delay())

    def _min_delay(self) -> float:
        return self.crawler.settings.getfloat("CRAWL_DELAY_SECONDS")

    def _get_slot(self, request: Request, spider: Spider) -> tuple[str | None, Any]:  # noqa: ARG002
        context = context_of(request)
        if context.lease is None or context.throttle_delay_seconds is None:
            return None, None
        return context.lease.domain, _Domain(request, context.throttle_delay_seconds)

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        context = replace(context_of(slot.request), throttle_delay_seconds=slot.delay)
        set_context(slot.request, context)
