"""Reading the web app's list against real servers that come and go."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis
from scrapy.settings import Settings

from alonchat_crawl.control.seed_reader import SeedReader
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.sources import Source
from alonchat_crawl.worker.tasks import end_tasks
from tests.support.lists import unread_by

KEY = "website:start_urls"


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[FrontierQueue]:
    """An empty frontier."""
    async with Redis.from_url(redis_url) as redis:
        yield FrontierQueue(redis, lease_seconds=60, max_attempts=3, dead_letters_max=10)


@asynccontextmanager
async def reading(queue: FrontierQueue, database_url: str, **settings: object) -> AsyncIterator[list[Source]]:
    """A reader that runs; yields what it admitted."""
    values = {
        "DEFAULT_PROJECT": "default",
        "MAX_PAGES": 10,
        "MAX_DEPTH": 5,
        "MAX_QUEUE_SIZE": 100,
        "FRONTIER_IDLE_POLL_SECONDS": 5,
        "MESSAGE_MAX_BYTES": 5_000_000,
        "MESSAGE_HEAD_BYTES": 2048,
        **settings,
    }
    admitted: list[Source] = []
    pool = AsyncConnectionPool(
        database_url, open=False, min_size=0, max_size=2, timeout=1, kwargs={"autocommit": True}
    )
    await pool.open()
    reader = SeedReader(Shards([queue]), pool, Settings(values), key=KEY, admitted=admitted.append)
    task = asyncio.create_task(reader.run())
    try:
        yield admitted
    finally:
        await end_tasks([task])
        await reader.leave()
        await pool.close()


async def left(queue: FrontierQueue) -> list[str]:
    """The seeds that nobody has acted on, oldest first."""
    return await unread_by(queue.redis, KEY)


async def dead(queue: FrontierQueue) -> list[DeadLetter]:
    """The dead letters."""
    return [letter async for letter in DeadLetters(Shards([queue])).find(LetterFilter())]


async def until_admitted(admitted: list[Source], count: int) -> None:
    """Wait, within bounds."""
    async with asyncio.timeout(20):
        while len(admitted) < count:  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.01)


async def until_empty(queue: FrontierQueue) -> None:
    """Wait until no seed is left, within bounds."""
    async with asyncio.timeout(20):
        while await left(queue):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_seed_stays_in_the_list_until_its_source_is_open(
    queue: FrontierQueue, database_url: str
) -> None:
    """A reader that dies before the source is written down leaves the seed to the next one."""
    await queue.redis.lpush(KEY, "https://a.example/", "https://b.example/")
    async with reading(queue, "postgresql://u@127.0.0.1:9/x") as admitted:
        await asyncio.sleep(1.5)  # the source is opened in Redis, its row cannot be written
    assert admitted == []
    assert await left(queue) == ["https://a.example/", "https://b.example/"]
    async with reading(queue, database_url) as admitted:
        await until_admitted(admitted, 2)
    assert [source.url for source in admitted] == ["https://a.example/", "https://b.example/"]
    assert await left(queue) == []
    assert len((await queue.take(10)).leases) == 2


async def test_two_readers_open_a_source_once(queue: FrontierQueue, database_url: str) -> None:
    """Readers that see the same seed at once agree on one run."""
    async with (
        reading(queue, database_url) as first,
        reading(queue, database_url) as second,
    ):
        for number in range(20):
            await queue.redis.lpush(KEY, f"https://d{number}.example/")
        await until_empty(queue)
    leases = (await queue.take(100)).leases
    assert len(leases) == 20
    assert {lease.source.crawl_id for lease in leases} >= {source.crawl_id for source in first + second}


async def test_a_full_frontier_lets_seeds_wait(queue: FrontierQueue, database_url: str) -> None:
    """Above MAX_QUEUE_SIZE a project's seeds wait, in their order."""
    seeds = [f"https://d{number}.example/" for number in range(4)]
    await queue.redis.lpush(KEY, *seeds)
    async with reading(queue, database_url, MAX_QUEUE_SIZE=2) as admitted:
        await until_admitted(admitted, 2)
        await asyncio.sleep(0.3)
    assert await left(queue) == seeds[2:]


@pytest.mark.parametrize("name", ["\\ud800", "a\\u0000b", "\\u202e"])
async def test_a_strange_seed_holds_up_no_other(queue: FrontierQueue, database_url: str, name: str) -> None:
    """Text that a server refuses makes a dead letter, or a project; the seeds behind it are read."""
    strange = f'{{"url": "https://a.example/", "project_id": "{name}"}}'
    await queue.redis.lpush(KEY, strange, "https://b.example/")
    async with reading(queue, database_url) as admitted, asyncio.timeout(20):
        await until_empty(queue)
        while not admitted or admitted[-1].url != "https://b.example/":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    letters = [letter.seed for letter in await dead(queue)]
    urls = [source.url for source in admitted]
    assert urls[-1] == "https://b.example/"
    assert len(urls) + len(letters) == 2
    assert not letters or letters == [strange]


async def test_another_projects_source_is_refused(queue: FrontierQueue, database_url: str) -> None:
    """A seed that names a source of another project becomes a dead letter, and changes nothing."""
    own = json.dumps({"url": "https://a.example/", "project_id": "a", "source_id": "0" * 31 + "1"})
    theft = json.dumps({"url": "https://b.example/", "project_id": "b", "source_id": "0" * 31 + "1"})
    await queue.redis.lpush(KEY, own)
    async with reading(queue, database_url) as admitted:
        await until_admitted(admitted, 1)
        [lease] = (await queue.take(10)).leases
        await queue.redis.lpush(KEY, theft)
        await until_empty(queue)
    assert lease.source.project_name == "a"
    [letter] = await dead(queue)
    assert (letter.seed, letter.reason) == (theft, "wrong project")
    progress = await queue.progress(lease.source.source_id)
    assert progress is not None
    assert progress.source.project_name == "a"
