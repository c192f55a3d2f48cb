"""What becomes of leases that are told late, outlived or not begun, and of their domain's pace."""

import asyncio
from collections.abc import Iterable
from time import monotonic

import pytest
from redis.asyncio import Redis
from scrapy.crawler import Crawler

from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Lease
from alonchat_crawl.spiders.website import WebsiteSpider
from alonchat_crawl.worker.acknowledge import Acknowledge
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.pacing import Pacing
from alonchat_crawl.worker.taken_leases import TakenLeases
from alonchat_crawl.worker.worker_frontier import WorkerFrontier
from tests.integration.test_frontier import STORED, a_source, opened, queue, settle, take_one

__all__ = ["queue"]
DEAD = Ending(Outcome.DEAD, Reason.http(404))
DEFERRED = Ending(Outcome.DEFERRED, Reason.PACE, wait_seconds=0.001)


async def test_a_dead_workers_domain_keeps_a_long_pace(redis_url: str) -> None:
    """A Crawl-delay that outlasts a lease counts from when the lease expired, not from when it was taken."""
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=0.01, max_attempts=9, dead_letters_max=9)
        source = await opened(queue, a_source(), "https://a.example/1", "https://a.example/2")
        first = await take_one(queue)
        await queue.release([Release(first.id, first.domain, 0.0, 50.0, sign=1)])
        await settle(queue, first, STORED)
        await redis.zadd(queue.keys.ready(str(source.project_id)), {"a.example": 1})  # 50 s later
        await redis.delete(f"{queue.keys.prefix}:waiting")
        await redis.zadd(f"{queue.keys.prefix}:waiting", {str(source.project_id): 1})
        await take_one(queue)
        await asyncio.sleep(0.02)
        assert (await queue.reap())[0] == 1
        taken = await queue.take(10)
        assert taken.leases == []
        assert taken.due_seconds > 40


async def test_an_ending_never_overtakes_its_release(
    queue: FrontierQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What leaves its site while other releases are being told keeps its pace: settled after its own."""
    await opened(queue, a_source(), "https://a.example/1", "https://b.example/1", "https://b.example/2")
    leases = {lease.domain: lease for lease in (await queue.take(10)).leases}
    exchange = Exchange(queue, completed=print, only=None, poll_seconds=9)

    def leaves(lease: Lease) -> None:
        exchange.outbox.releases.append((Release(lease.id, lease.domain, 0.0, 60.0), monotonic()))
        exchange.outbox.endings[lease] = STORED

    told = queue.release

    async def meanwhile(releases: Iterable[Release]) -> int:
        monkeypatch.setattr(queue, "release", told)
        leaves(leases["b.example"])
        return await told(releases)

    monkeypatch.setattr(queue, "release", meanwhile)
    leaves(leases["a.example"])
    await exchange.flush()
    await exchange.flush()
    assert (await queue.take(10)).leases == []
    assert (await queue.take(10)).due_seconds > 50
    assert exchange.outbox.endings == {}


async def test_who_stood_still_does_not_fetch(queue: FrontierQueue) -> None:
    """A lease that was neither taken nor extended lately is not begun: another worker may have it."""
    await opened(queue, a_source())
    exchange = Exchange(queue, completed=print, only=None, poll_seconds=9)
    lease = await take_one(queue)
    assert exchange.valid_until(lease) < monotonic()
    exchange.held[lease.id] = (lease, monotonic())
    assert exchange.valid_until(lease) > monotonic()
    exchange.held[lease.id] = (lease, monotonic() - 2 * queue.lease_ms / 1000)
    assert exchange.valid_until(lease) < monotonic()
    exchange.extended_at = monotonic()
    assert exchange.valid_until(lease) > monotonic()


async def test_what_is_not_fetched_goes_back(queue: FrontierQueue) -> None:
    """A lease that is too old to be begun is given back, not kept for ever by being extended."""
    await opened(queue, a_source())
    crawler, shards = Crawler(WebsiteSpider, {"SPIDER_MODULES": []}), Shards([queue])
    frontier = WorkerFrontier(shards, crawler.settings, crawler.signals)
    pacing = Pacing(shards, frontier.exchanges, crawler.settings)
    taken = TakenLeases(crawler, frontier, pacing, Acknowledge(frontier, pacing))
    [exchange] = frontier.exchanges
    old = await take_one(queue)
    exchange.held[old.id] = (old, monotonic() - 2 * queue.lease_ms / 1000)
    taken.ready.append(old)
    assert taken.next_request() is None
    await exchange.flush()
    assert exchange.held == {}
    again = await take_one(queue)
    assert (again.url, again.attempt) == (old.url, 1)
    exchange.held[again.id] = (again, monotonic())
    taken.ready.append(again)
    request = taken.next_request()
    assert request is not None
    assert request.url == old.url
