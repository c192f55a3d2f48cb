"""Whatever somebody writes into the keys beside the frontier's, or into a source's row: the others go on."""
# ruff: noqa: ASYNC110 - what is waited for knows no event

import asyncio
import zlib
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager

from alonchat_crawl import settings
from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.recovery import recover
from alonchat_crawl.errors import GiveUp, StartupError
from alonchat_crawl.extract.site.fingerprints import Fingerprints
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.locks import take_lock
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited, is_of_one
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.robots.cache import KnownFile, SiteFileCache
from alonchat_crawl.policies.robots.fetch_state import FileBody, PendingFile, SiteFileLimits
from alonchat_crawl.policies.robots.policy import robots_file
from alonchat_crawl.policies.traps.many_urls import TrapCounters, TrapLimits
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import RECOVERY_LOCK, SHARD_COUNT
from alonchat_crawl.signals import entry_unreadable
from alonchat_crawl.sources import Kind, Lease, Source
from alonchat_crawl.worker.endings import ending_of
from alonchat_crawl.worker.upkeep import Upkeep
from alonchat_crawl.worker.worker_frontier import WorkerFrontier
from tests.integration.conftest import Desk
from tests.integration.test_seed_reader import KEY, reading, until_admitted
from tests.support.network import domains_by_address

ORIGIN = "https://e.org"
ROBOTS = robots_file(Settings({"USER_AGENT": settings.USER_AGENT, "ROBOTS_MAX_DELAY_SECONDS": 60}))
ROBOTS_KEY = ROBOTS.key(ORIGIN)
VALUES = [
    b"", b"\xff\xfe", b"kept", b"kept " + zlib.compress(b"x" * 9_000_000)[:-4], b"visit []", b"visit {}",
    b'visit {"url": 1, "hops": 1e999, "failures": null}', b"unreachable ", b"9" * 400, b"{" * 100_000,
]  # fmt: skip


async def _push(redis: Redis, key: str) -> None:
    await awaited(redis.rpush(key, "x"))


async def letters_of(desk: Desk) -> list[DeadLetter]:
    """All dead letters, oldest first."""
    return [one async for one in DeadLetters(desk.shards).find(LetterFilter())]


@pytest.mark.parametrize("value", [*VALUES, None])
async def test_a_sites_file_is_fetched_anew(desk: Desk, value: bytes | None) -> None:
    """A value that is none, or a key of another type, is set aside and told; the site is asked again."""
    redis, told = desk.queue.redis, list[tuple[str, str, str]]()
    cache = SiteFileCache(
        redis, SiteFileLimits(512_000, 98_304, 5, 3, 86_000, 3600), lambda *said: told.append(said)
    )
    await (_push(redis, ROBOTS_KEY) if value is None else redis.set(ROBOTS_KEY, value))
    assert await cache.get(ROBOTS, ORIGIN) == PendingFile(f"{ORIGIN}/robots.txt")
    [(key, _, aside)] = told
    assert key == ROBOTS_KEY
    assert value is None or await redis.get(aside) == value
    assert await redis.ttl(aside) > 0
    await cache.put(ROBOTS, ORIGIN, await cache.keep(ROBOTS, FileBody(b"")))
    assert isinstance(await cache.get(ROBOTS, ORIGIN), KnownFile)
    assert len(told) == 1


async def test_a_traps_counters_begin_anew(desk: Desk) -> None:
    """A key of another type is set aside; garbage of the right one only counts."""
    redis, told = desk.queue.redis, list[tuple[str, str, str]]()
    source = await desk.source("https://a.example/")
    lease = Lease(
        "1", source, ("https://a.example",), "a.example", "https://a.example/x?a=1&b=2", Kind.PAGE, 1, 1
    )
    repeats = TrapCounters(redis, TrapLimits(5, 8, 6, 4, 50, 3, 2), lambda *said: told.append(said))
    await _push(redis, f"traps:{source.crawl_id}")
    assert await repeats.note(lease, Fingerprints(b"1", b"2")) is not None
    assert [key for key, _, _ in told] == [f"traps:{source.crawl_id}"]
    await redis.set(f"traps:{source.crawl_id}", b"\xff" * 9)
    assert await repeats.refused(lease) == ""


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"other.example", b"9" * 400, None])
async def test_an_address_is_looked_up_anew(desk: Desk, value: bytes | None) -> None:
    """What is no address of a domain is set aside: it would join domains that have nothing in common."""
    redis, told = desk.queue.redis, list[tuple[str, str, str]]()
    domains = domains_by_address(redis, lambda *said: told.append(said))
    await (_push(redis, "address:127.0.0.1") if value is None else redis.set("address:127.0.0.1", value))
    assert await domains.of("http://127.0.0.1/") == "127.0.0.1"
    assert [key for key, _, _ in told] == ["address:127.0.0.1"]
    assert await redis.get("address:127.0.0.1") == b"127.0.0.1"


async def test_what_policies_set_aside_is_shown_and_dropped(desk: Desk) -> None:
    """A signal tells the frontier, whose letter is listed; dropping it drops what was set aside."""
    signals = SignalManager()
    frontier = WorkerFrontier(desk.shards, desk.settings(), signals)
    upkeep = Upkeep(frontier, desk.pool, signals, desk.settings(), finish=lambda: None)
    await desk.queue.redis.set("{robots:x}:aside:0123", "x")
    signals.send_catch_log(
        entry_unreadable, key="robots:x", why="it is no list", aside="{robots:x}:aside:0123"
    )
    await upkeep.close_what_it_can()
    listed = await desk.scrapy("dead_letters", "-a", "reason=unreadable")
    assert "1 of 1 dead letters" in listed.out
    [letter] = await letters_of(desk)
    shown = await desk.scrapy("dead_letters", "show", letter.id)
    assert all(fact in shown.out for fact in ("robots:x", "it is no list", "{robots:x}:aside:0123"))
    replayed = await desk.scrapy("dead_letters", "replay", letter.id)
    assert replayed.err.startswith("1 not queued: they cannot be read")
    assert (await desk.scrapy("dead_letters", "drop", letter.id)).out == "1 dropped.\n"
    assert await desk.queue.redis.exists("{robots:x}:aside:0123") == 0


@pytest.mark.parametrize("poison", [lambda redis, key: redis.set(key, "for ever"), _push])
async def test_a_lock_that_nobody_holds_is_taken(desk: Desk, poison: Callable[..., Any]) -> None:
    """One without an end, or of another type, would keep all workers out; a worker's does, for its time."""
    redis = desk.queue.redis
    await poison(redis, "lock")
    assert await take_lock(redis, "lock", b"a", 10_000)
    assert await take_lock(redis, "lock", b"a", 10_000)
    assert not await take_lock(redis, "lock", b"b", 10_000)
    assert 0 < await redis.pttl("lock") <= 10_000


async def test_seeds_are_read_again(desk: Desk, database_url: str) -> None:
    """A list and its lock that somebody overwrote are set aside; the next seed is admitted."""
    redis = desk.queue.redis
    await redis.set(KEY, "https://a.example/")
    await _push(redis, f"{{{KEY}}}:reader")
    async with reading(desk.queue, database_url) as admitted:
        async with asyncio.timeout(20):
            while await redis.type(KEY) == b"string":
                await asyncio.sleep(0.01)
        await redis.lpush(KEY, "https://b.example/")
        await until_admitted(admitted, 1)
    assert admitted[0].url == "https://b.example/"
    [letter] = await letters_of(desk)
    assert letter.details["aside"].startswith(f"{{{KEY}}}:guard:aside:")
    assert await redis.get(letter.details["aside"]) == b"https://a.example/"
    await DeadLetters(desk.shards).drop([letter])
    assert await redis.exists(letter.details["aside"]) == 0


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"99", b"9" * 400, None])
async def test_a_source_finds_a_home_again(desk: Desk, value: bytes | None) -> None:
    """A home that cannot be read is the start URL's."""
    queues = [
        FrontierQueue(desk.queue.redis, lease_seconds=60, max_attempts=2, dead_letters_max=5, shard=shard)
        for shard in range(3)
    ]
    shards, source_id = Shards(queues), uuid4()
    key = f"home:{source_id}"
    await (_push(desk.queue.redis, key) if value is None else desk.queue.redis.set(key, value))
    assert await shards.claim(queues[1], source_id) is queues[1]
    assert await shards.claim(queues[2], source_id) is queues[1]


async def test_an_unreadable_number_of_shards_stops_the_start(desk: Desk) -> None:
    """Guessing it would part sources from their URLs. The sentence says what to do."""
    for value in ("x", None):
        await desk.queue.redis.delete(SHARD_COUNT.of())
        if value is None:
            await _push(desk.queue.redis, SHARD_COUNT.of())
        else:
            await desk.queue.redis.set(SHARD_COUNT.of(), value)
        with pytest.raises(StartupError, match="frontier:shards in Redis is no number"):
            await desk.shards.check()
        assert (await desk.scrapy("sources")).code == 1


OPTIONS: list[Any] = [
    [], "x", 1, {"max_pages": "many", "max_depth": 1}, {"max_pages": 1, "max_depth": [], "include": 7},
    {"max_pages": 1e300, "max_depth": 1}, {"max_pages": 1, "max_depth": 1, "exclude": {"a": 1}},
]  # fmt: skip


async def test_a_bad_row_stops_no_recovery(desk: Desk) -> None:
    """A source whose row says nonsense ends as failed, and says why; the sources after it begin again."""
    bad = [await desk.source(f"https://x{n}.example/") for n in range(len(OPTIONS) + 1)]
    good = await desk.source("https://z.example/")
    async with desk.pool.connection() as connection:
        for source, options in zip(bad, OPTIONS, strict=False):
            query = "update sources set options = %s where id = %s"
            await connection.execute(query, [Jsonb(options), source.source_id])
        query = "update sources set url = 'http://[' where id = %s"
        await connection.execute(query, [bad[-1].source_id])
    await desk.queue.redis.flushdb()
    assert await recover(desk.shards, desk.pool) == [good]
    statuses = {await desk.status(source) for source in bad}
    assert statuses <= {"failed", "running"}
    assert [await desk.status(source) for source in bad[3:]] == ["failed"] * (len(bad) - 3)
    await desk.queue.redis.delete(RECOVERY_LOCK.of())
    assert await recover(desk.shards, desk.pool) == []


async def test_a_source_set_aside_fails_and_can_be_seeded_again(desk: Desk) -> None:
    """It stands still and is shown, its row says so within one recovery; its next seed begins a new run."""
    source = await desk.source("https://a.example/", "/1", "/2")
    await awaited(desk.queue.redis.hset(desk.queue.keys.source(source.source_id), "spec", "{}"))
    listed = await desk.scrapy("sources")
    assert f"{source.source_id}" in listed.out
    assert "unreadable" in listed.out
    assert "cannot be read" in (await desk.scrapy("sources", "cancel", str(source.source_id))).err
    dropped = await desk.scrapy("sources", "drop", str(source.source_id))
    assert (dropped.code, dropped.err) == (0, "")
    assert await recover(desk.shards, desk.pool) == []
    assert await desk.status(source) == "failed"
    assert "unreadable" in (await desk.scrapy("sources")).out
    _, again = await admit(desk.shards, desk.pool, _new_run(source))
    assert again.crawl_id != source.crawl_id
    assert await desk.status(source) == "running"
    lease = await desk.lease()
    await desk.end(lease, Outcome.STORED)
    assert await desk.queue.completed() == [source.source_id]
    readable = await desk.scrapy("sources", "drop", str(source.source_id))
    assert (readable.code, readable.err.strip()) == (1, f"Source {source.source_id} can be read: cancel it.")


def _new_run(source: Source) -> Source:
    return Source(source.source_id, source.project_id, UUID(int=7), source.url, "alpha", 100, 10)


def test_whose_fault_an_error_is() -> None:
    """A key of another type is one page's; a server that cannot write is everybody's: no attempt."""
    wrong = ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")
    assert (ending_of(wrong).outcome, ending_of(wrong).outage) == (Outcome.RETRY, False)
    assert ending_of(ResponseError("MISCONF Redis is configured to save")).outage
    for error, of_one in (
        (wrong, True),
        (ResponseError("user_script:12: attempt to compare nil with number"), True),
        (ResponseError("MISCONF Redis is configured to save"), False),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), False),
        (OSError(), False),
        (UnicodeEncodeError("utf-8", "x", 0, 1, "y"), True),
        (GiveUp(Reason.STORE, "y"), True),
    ):
        assert is_of_one(error) is of_one, error
