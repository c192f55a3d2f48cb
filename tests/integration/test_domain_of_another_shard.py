"""A domain whose pace another shard keeps than the one that a URL is leased from."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from scrapy import Request

from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Hold
from tests.integration.test_shared_address import ADDRESS, SITES, Machine, site_of


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """All sites share the address, whatever shards their sources live in."""
    async with Redis.from_url(redis_url) as client:
        await client.mset({f"address:{site}": ADDRESS for site in SITES})
        yield client


async def test_a_url_that_is_refused_unasked_frees_the_domain_that_another_shard_keeps(redis: Redis) -> None:
    """Else all URLs there would wait until the reservation ends, for a minute and a half."""
    machine = Machine(redis, shards=3)
    for site in SITES:
        await machine.open(site)
    while (lease := await machine.lease()).shard == machine.keeper.keys.shard:
        await machine.answered(lease)
    assert await machine.keeper.reserve(ADDRESS, "another", 1.0) > 0
    machine.pacing.page_ended(lease)
    await machine.end(lease, Ending(Outcome.REFUSED, Reason.ROBOTS))
    assert await machine.keeper.reserve(ADDRESS, "another", 1.0) == 0


async def test_an_end_after_a_request_shortens_no_pace(redis: Redis) -> None:
    """What frees the domain of a URL that was not asked comes too late for one that was."""
    machine = Machine(redis, shards=3, delay_seconds=5.0)
    for site in SITES:
        await machine.open(site)
    while (lease := await machine.lease()).shard == machine.keeper.keys.shard:
        await machine.end(lease, Ending(Outcome.REFUSED, Reason.ROBOTS))
    hold = Hold(lease.id, lease.domain, site_of(lease))
    machine.pacing.released(hold, Request(lease.url, meta=RequestContext(lease).as_meta()), None)
    machine.pacing.page_ended(lease)
    await machine.end(lease)
    assert await machine.keeper.reserve(ADDRESS, "another", 1.0) > 4
