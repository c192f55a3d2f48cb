"""A Redis that lost what it had: Postgres knows what is not done."""

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.recovery import recover
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Settled, awaited
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Kind, Link, Source

SOURCE = Source(uuid4(), uuid4(), uuid4(), "https://a.example/", "p", 100, 10, ("*x*",), (), "/", 7)
STORED = Ending(Outcome.STORED)


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[FrontierQueue]:
    """An empty frontier."""
    async with Redis.from_url(redis_url) as redis:
        yield FrontierQueue(redis, lease_seconds=60, max_attempts=3, dead_letters_max=10)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    """Connections to a fresh database."""
    async with AsyncConnectionPool(database_url, min_size=1, kwargs={"autocommit": True}) as pool:
        yield pool


async def test_a_lost_source_begins_again(queue: FrontierQueue, pool: AsyncConnectionPool) -> None:
    """A source that Postgres has as running and Redis has lost is opened again, as the same run; once."""
    shards = Shards([queue])
    await admit(shards, pool, SOURCE)
    await queue.redis.flushdb()
    assert await recover(shards, pool) == [SOURCE]
    assert await recover(shards, pool) == []
    [lease] = (await queue.take(10)).leases
    assert (lease.source, lease.kind) == (SOURCE, Kind.START)


async def test_what_is_known_or_done_is_left_alone(
    queue: FrontierQueue, pool: AsyncConnectionPool, database_url: str
) -> None:
    """A source that Redis knows, one that has ended, and one that no worker has begun do not begin again."""
    shards = Shards([queue])
    await admit(shards, pool, SOURCE)
    assert await recover(shards, pool) == []
    [lease] = (await queue.take(10)).leases
    assert await queue.settle([(lease, STORED)]) == [Settled.COMPLETED]
    await close_source(shards, queue, pool, SOURCE.source_id)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into sources (project_id, url, status) "
            "select id, 'https://b.example/', 'running' from projects"
        )
    await queue.redis.flushdb()
    assert await recover(shards, pool) == []


async def test_links_that_a_restart_lost_are_asked_for_again(queue: FrontierQueue) -> None:
    """A page is not settled while Redis does not have its links, though it was told them once."""
    await queue.open(SOURCE)
    await queue.start(SOURCE)
    [lease] = (await queue.take(10)).leases
    dump = await queue.redis.dump(queue.keys.source(SOURCE.source_id))
    links = [Link(f"https://a.example/{number}", Kind.PAGE, 1) for number in range(3)]

    async def tell() -> int:
        return await queue.add(SOURCE, links, lease.origins, lease.id)

    assert await tell() == 3
    # What a restart does that lost the last second: all that `add` wrote is gone, the lease is not.
    kept = {"f2:{0}:inflight", "f2:{0}:lease", "f2:{0}:running"}
    for key in await awaited(queue.redis.keys("f2:{0}:*")):
        if key.decode() not in kept:
            await queue.redis.delete(key)
    assert dump is not None
    await queue.redis.restore(queue.keys.source(SOURCE.source_id), 0, dump)
    assert await queue.settle([(lease, STORED)], {lease.id: 3}) == [Settled.LINKS_LOST]
    assert await tell() == 3
    assert await queue.settle([(lease, STORED)], {lease.id: 3}) == [Settled.DONE]
    taken = await queue.take(10)
    assert taken.totals.leased == 1
    assert await queue.settle([(lease, STORED)], {lease.id: 3}) == [Settled.UNKNOWN]
