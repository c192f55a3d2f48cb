"""Messages that are too long: refused by their length in Redis, and bounded in all that is kept of them."""
# ruff: noqa: ASYNC110 - what is waited for knows no event

import asyncio
import json
import tracemalloc
from hashlib import sha1
from typing import Any

import pytest
from redis.asyncio import Redis

from alonchat_crawl.control.orders import OrderReader
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter, bury_message
from alonchat_crawl.frontier.messages import Message, Messages
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.transitions import Replayed, awaited
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.worker.tasks import end_tasks
from tests.integration.conftest import Desk
from tests.integration.test_seed_reader import KEY, dead, left, reading, until_admitted

MAX_BYTES, HEAD_BYTES = 5_000_000, 2048  # as `reading` sets them
LONG = 30_000_000
PUSH = "return redis.call('LPUSH', KEYS[1], ARGV[1] .. string.rep('x', ARGV[2] - #ARGV[1]))"


async def push_long(redis: Redis, key: str, head: str, length: int = LONG) -> None:
    """Let Redis make the message: no byte of it passes through this process."""
    await awaited(redis.eval(PUSH, 1, key, head, length))


async def memory(redis: Redis) -> int:
    """What Redis and its scripts use, in bytes."""
    info: dict[str, Any] = await redis.info("memory")
    return int(info["used_memory"]) + int(info["used_memory_vm_total"])


async def test_long_seeds_cost_a_good_one_nothing(desk: Desk, database_url: str) -> None:
    """Four of 30 MB, three before the worker looks and one while it waits: none reaches it or stays in Redis.

    Each leaves a letter that says how long it was; the good one behind them is admitted.
    """
    queue, redis = desk.queue, desk.queue.redis
    for number in range(3):
        await push_long(redis, KEY, f'{{"url": "{number}')
    before = await memory(redis) - 3 * LONG
    tracemalloc.start()
    try:
        async with reading(queue, database_url) as admitted:
            async with asyncio.timeout(20):
                while await awaited(redis.llen(KEY)):
                    await asyncio.sleep(0.01)
            await push_long(redis, KEY, "while it waits ")
            await redis.lpush(KEY, "https://good.example/")
            await until_admitted(admitted, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LONG / 2
    assert await left(queue) == []
    assert await memory(redis) - before < 2_000_000
    letters = await dead(queue)
    assert [letter.reason for letter in letters] == ["too long"] * 4
    for letter, head in zip(
        letters, ('{"url": "0', '{"url": "1', '{"url": "2', "while it waits "), strict=True
    ):
        assert letter.failures[-1].detail == "it has 30000000 bytes, more than 5000000 (MESSAGE_MAX_BYTES)"
        assert letter.seed == head + "x" * (HEAD_BYTES - len(head))
        assert letter.details["bytes"] == LONG
        whole = head.encode() + b"x" * (MAX_BYTES - len(head))
        assert letter.details["sha1"] == sha1(whole).hexdigest()  # noqa: S324 - as Redis makes it


async def test_a_long_seed_is_not_replayed(desk: Desk) -> None:
    """Only its head is kept: replaying says so, and leaves the letter; a whole one goes back to its list."""
    messages = Messages(desk.queue.redis, KEY, 100, 10)
    await desk.queue.redis.lpush(KEY, "x" * 101)
    message = await messages.oldest()
    assert message == Message(b"x" * 10, 101, sha1(b"x" * 100).hexdigest())  # noqa: S324
    await bury_message(desk.queue, "seed", KEY, message, Reason.TOO_LONG, "it has 101 bytes")
    assert await messages.discard(message)
    await bury_message(desk.queue, "seed", KEY, Message.of(b"y" * 100, 10), Reason.BAD_SEED, "no scheme")
    done = await desk.scrapy("dead_letters", "replay", "--all")
    assert (done.code, done.out) == (1, "1 queued.\n")
    assert done.err == "1 not queued: their messages were too long to be kept whole; push shorter ones.\n"
    assert await awaited(desk.queue.redis.lrange(KEY, 0, -1)) == [b"y" * 100]
    [letter] = [one async for one in DeadLetters(desk.shards).find(LetterFilter())]
    shown = await desk.scrapy("dead_letters", "show", letter.id)
    assert all(fact in shown.out for fact in ("x" * 10, "bytes", "101", "sha1"))


async def test_long_orders_and_uploads_are_refused_too(desk: Desk) -> None:
    """Every list is read by the same rule; the order behind a long one is carried out."""
    source = await desk.source("https://a.example/")
    settings = desk.settings(MESSAGE_MAX_BYTES=1000, MESSAGE_HEAD_BYTES=10)
    reader = OrderReader(desk.shards, desk.pool, settings, "upload:orders")
    order = {"action": "pause", "source_id": str(source.source_id), "project_id": "alpha"}
    await push_long(desk.queue.redis, "upload:orders", "{", 1001)
    await desk.queue.redis.lpush("upload:orders", json.dumps(order))
    task = asyncio.create_task(reader.run())
    try:
        async with asyncio.timeout(20):
            while await desk.status(source) != "paused":
                await asyncio.sleep(0.01)
    finally:
        await end_tasks([task])
        await reader.leave()
    [letter] = [one async for one in DeadLetters(desk.shards).find(LetterFilter())]
    assert (letter.reason, letter.details["message"], letter.details["bytes"]) == ("too long", "order", 1001)


@pytest.fixture
def small(desk: Desk) -> FrontierQueue:
    """A frontier whose dead letters may take 20 KB."""
    return FrontierQueue(
        desk.queue.redis,
        lease_seconds=60,
        max_attempts=2,
        dead_letters_max=1000,
        dead_letters_max_bytes=20_000,
    )


async def letters_of(desk: Desk) -> list[DeadLetter]:
    """All dead letters, oldest first."""
    return [one async for one in DeadLetters(desk.shards).find(LetterFilter())]


async def test_dead_letters_are_bounded_by_bytes(desk: Desk, small: FrontierQueue) -> None:
    """The oldest fall out, counted; dropping and replaying give their room back."""
    for number in range(100):
        message = Message.of(f"{number:04}".encode() + b"x" * 196, 2048)
        await bury_message(small, "seed", KEY, message, Reason.BAD_SEED, "no scheme")
    kept = await letters_of(desk)
    assert 20 < len(kept) < 100
    assert kept[-1].seed.startswith("0099")
    assert await DeadLetters(desk.shards).evicted() == 100 - len(kept)
    taken: Any = await small.redis.get(f"{small.keys.prefix}:dead_bytes")
    assert int(taken) <= 20_000
    await DeadLetters(desk.shards).drop(kept[:10])
    await DeadLetters(desk.shards).replay(kept[10:])
    assert await small.redis.get(f"{small.keys.prefix}:dead_bytes") is None
    assert await awaited(small.redis.llen(KEY)) == len(kept) - 10


async def test_a_flood_of_messages_pushes_no_letters_out(desk: Desk, small: FrontierQueue) -> None:
    """Long ones leave half of the room: of what comes then only heads are kept, and others' letters stay."""
    await desk.source("https://a.example/")
    await desk.end(await desk.lease(), Outcome.DEAD, "http 404", "it is not there")
    for _ in range(20):
        await bury_message(small, "seed", KEY, Message.of(b"x" * 4000, 100), Reason.BAD_SEED, "no scheme")
    kept = await letters_of(desk)
    assert kept[0].url == "https://a.example/"
    assert [len(letter.seed) for letter in kept[1:]] == [4000] * 2 + [100] * 18
    assert {letter.can_be_replayed for letter in kept[3:]} == {Replayed.TOO_LONG}


async def test_what_is_said_of_a_message_is_bounded(desk: Desk) -> None:
    """A sentence that quotes all of a message is cut in its letter."""
    await bury_message(desk.queue, "seed", KEY, Message.of(b"x", 9), Reason.BAD_SEED, "d" * 1_000_000)
    [letter] = await letters_of(desk)
    assert (letter.reason, len(letter.failures[0].detail)) == ("bad seed", 500)


async def test_a_lost_guard_loses_no_message(desk: Desk) -> None:
    """Should the guard vanish while a worker waits, the message moves to its name, and comes back."""
    redis = desk.queue.redis
    messages = Messages(redis, KEY, 1000, 10)
    assert await messages.oldest() is None
    waiting = asyncio.create_task(messages.listen(20))
    async with asyncio.timeout(20):
        while not await redis.exists(f"{{{KEY}}}:guard"):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    await redis.delete(f"{{{KEY}}}:guard")
    await redis.lpush(KEY, "first", "second")
    await waiting
    message = await messages.oldest()
    assert message is not None
    assert message.whole == b"first"
    assert await awaited(redis.lrange(KEY, 0, -1)) == [b"second", b"first"]
