"""A worker's tasks end when they are told to, whatever the Redis client makes of it."""

import asyncio

from redis.asyncio import Redis

from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.sources import Lease
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.tasks import end_tasks


async def no_delivery(_: list[Lease]) -> None:
    """Nothing waits in this frontier."""


async def test_a_busy_exchange_can_always_be_cancelled(redis_url: str) -> None:
    """Cancelled at any moment of its talk with Redis, it ends; redis-py alone swallows some of it."""
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=60, max_attempts=3, dead_letters_max=10)
        for number in range(60):
            exchange = Exchange(
                queue,
                completed=lambda: None,
                only=None,
                poll_seconds=0.0005,
            )
            task = asyncio.create_task(exchange.run(lambda: 1, no_delivery))
            await asyncio.sleep(0.002 + number / 20_000)
            async with asyncio.timeout(30):
                await end_tasks([task])
            assert task.done()
