"""Asks slow sites less often: Scrapy's AutoThrottle, applied to the delay that all workers share."""

from dataclasses import dataclass, replace
from typing import Any

from scrapy import Request, Spider
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from alonchat_crawl.fetch.request_context import context_of, set_context


@dataclass(slots=True)
class _Domain:
    """Takes the place of the downloader's slot that AutoThrottle expects."""

    request: Request
    """The request of the response."""
    delay: float
    """Seconds."""
    transferring: tuple[Request, ...] = ()
    """Empty; AUTOTHROTTLE_DEBUG logs its length."""


class SharedAutoThrottle(AutoThrottle):
    """Extension: computes a domain's next `throttle_delay_seconds` by Scrapy's rule.

    The rule's latency is meta["download_latency"], which `GuardedHandler` counts from sending the request, so
    that it shows how busy the site is, without the handshake, which shows how far away it is. This only slows
    down a crawl further: politeness rests on the frontier's pace. Raises NotConfigured unless
    AUTOTHROTTLE_ENABLED.
    """

    def _spider_opened(self, spider: Spider) -> None:  # noqa: ARG002 - the signal's name for it
        """Do not set the downloader's own delay, as the base class does here."""
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
