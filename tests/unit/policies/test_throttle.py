"""How slowly a slow site is asked."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from alonchat_crawl.fetch.request_context import RequestContext, context_of
from alonchat_crawl.policies.throttle import SharedAutoThrottle
from alonchat_crawl.sources import Kind, Lease, Source

SETTINGS = {
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_MAX_DELAY": 60.0,
    "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
    "AUTOTHROTTLE_DEBUG": True,
    "CRAWL_DELAY_SECONDS": 1.0,
}


def answered(meta: dict[str, Any], status: int = 200, **settings: Any) -> Request:
    """A request after its answer; the crawler has no downloader that could be touched."""
    crawler = Crawler(Spider, {**SETTINGS, **settings})
    throttle = SharedAutoThrottle.from_crawler(crawler)
    spider = Spider("s")
    request = Request("http://e.org/", meta=meta)
    response = Response(request.url, status=status)
    for signal, told in (
        (signals.spider_opened, {}),
        (signals.response_downloaded, {"response": response, "request": request}),
    ):
        for _, result in crawler.signals.send_catch_log(signal, spider=spider, **told):
            assert result is None  # a receiver that fails returns its failure
    assert throttle.crawler is crawler  # and was alive: signals hold it weakly
    return request


def delay_after(meta: dict[str, Any], status: int = 200, **settings: Any) -> float | None:
    """The domain's delay after an answer; None if the throttle has no say."""
    return context_of(answered(meta, status, **settings)).throttle_delay_seconds


def of_lease(delay_seconds: float | None, **scrapys: float) -> dict[str, Any]:
    """The meta of a request for a leased page, which comes with its domain's delay; with keys of Scrapy's."""
    source = Source(UUID(int=1), UUID(int=2), UUID(int=3), "http://e.org/", "p", 10, 3)
    lease = Lease("1", source, ("http://e.org",), "e.org", "http://e.org/", Kind.PAGE, 0, 1)
    lease = replace(lease, delay_seconds=delay_seconds or 0.0)
    return {**RequestContext(lease, throttle_delay_seconds=delay_seconds).as_meta(), **scrapys}


@pytest.mark.parametrize(
    ("delay", "latency", "status", "expected"),
    [
        (1.0, 0.2, 200, 1.0),  # a fast site: never below the pace
        (1.0, 4.0, 200, 4.0),  # a slow one: at once
        (8.0, 2.0, 200, 5.0),  # a recovered one: half-way
        (8.0, 0.0, 200, 4.0),
        (8.0, 0.1, 503, 8.0),  # an error is quick to make and proves no recovery
        (8.0, 0.1, 301, 8.0),
        (1.0, 9.0, 503, 9.0),
        (1.0, 500.0, 200, 60.0),
        (500.0, 0.1, 200, 60.0),
    ],
)
def test_the_rule(delay: float, latency: float, status: int, expected: float) -> None:
    """Scrapy's rule is applied to the domain's shared delay, within the pace and the most."""
    meta = of_lease(delay, download_latency=latency)
    assert delay_after(meta, status) == expected


def test_it_starts_from_the_shared_delay() -> None:
    """What one answer made of the delay is no start for the next one: the lease's is."""
    first = context_of(answered(of_lease(8.0, download_latency=60.0)))
    assert first.throttle_delay_seconds == 60.0
    assert delay_after({**first.redirected().as_meta(), "download_latency": 2.0}) == 5.0


def test_the_target_concurrency() -> None:
    """Of a site that may be asked two at a time, half the latency is the target."""
    meta = of_lease(1.0, download_latency=8.0)
    assert delay_after(meta, AUTOTHROTTLE_TARGET_CONCURRENCY=2.0) == 4.0


def test_a_pace_above_the_most_is_kept() -> None:
    """CRAWL_DELAY_SECONDS holds even where AUTOTHROTTLE_MAX_DELAY is smaller."""
    meta = of_lease(90.0, download_latency=0.1)
    assert delay_after(meta, CRAWL_DELAY_SECONDS=90.0) == 90.0


@pytest.mark.parametrize(
    "meta",
    [
        {"download_latency": 4.0, "download_slot": "e.org"},
        of_lease(1.0),
        of_lease(None, download_latency=4.0),
    ],
)
def test_others_are_left_alone(meta: dict[str, Any]) -> None:
    """A request without a lease or a latency, or to another domain than its lease's, gets no delay."""
    assert answered(dict(meta)).meta == meta


def test_switched_off() -> None:
    """It may be switched off: it is no guard."""
    with pytest.raises(NotConfigured):
        answered({}, AUTOTHROTTLE_ENABLED=False)
