"""Slow sites are asked less often: Scrapy's AutoThrottle, on the delay that all workers share."""

from dataclasses import dataclass
from typing import Any

from scrapy import Request, Spider
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response


@dataclass(slots=True)
class _Domain:
    """Stands where AutoThrottle expects a downloader's slot."""

    meta: dict[str, Any]
    """Of the request that was answered."""
    delay: float
    """Seconds."""
    transferring: tuple[Request, ...] = ()
    """AUTOTHROTTLE_DEBUG logs its length."""


class SharedAutoThrottle(AutoThrottle):
    """Extension: from meta["lease"].delay_seconds to meta["throttle_delay_seconds"], by Scrapy's rule.

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
        lease = request.meta.get("lease")
        return (None, None) if lease is None else (lease.domain, _Domain(request.meta, lease.delay_seconds))

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        slot.meta["throttle_delay_seconds"] = slot.delay
