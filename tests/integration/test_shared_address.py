"""Sites of several tenants at one address, against a real Valkey: what binds a site, and what the address."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.errors import Deferred
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.frontier.queue import MAX_BACKOFF_MS, FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Hold, Kind, Lease, Link, Source
from alonchat_crawl.worker.exchange import Exchange
from alonchat_crawl.worker.pacing import Pacing
from tests.support.network import domains_by_address
from tests.unit.policies.scan.test_scanner import project_settings

ADDRESS = "192.0.2.1"
SITES = ("a.example", "b.example", "c.example", "d.example")
PAGES = 50
HOUR = 3600.0
STORED = Ending(Outcome.STORED)
MOST_SECONDS = MAX_BACKOFF_MS / 1000


class Machine:
    """A worker's pacing at an address that all SITES share."""

    def __init__(self, redis: Redis, shards: int = 1, delay_seconds: float = 0.0) -> None:
        self.queues = [
            FrontierQueue(
                redis,
                lease_seconds=60,
                max_attempts=5,
                dead_letters_max=10,
                shard=n,
                domains=domains_by_address(redis),
            )
            for n in range(shards)
        ]
        self.shards = Shards(self.queues)
        self.exchanges = [
            Exchange(queue, completed=print, only=None, poll_seconds=9) for queue in self.queues
        ]
        settings = project_settings(CRAWL_DELAY_SECONDS=delay_seconds, THROTTLE_BY_ADDRESS=True)
        self.pacing = Pacing(self.shards, self.exchanges, settings)

    @property
    def keeper(self) -> FrontierQueue:
        """Keeps the address's pace."""
        return self.shards.of_domain(ADDRESS)

    async def open(self, host: str, path: str = "") -> None:
        """A tenant's source of many pages."""
        source = Source(uuid4(), uuid4(), uuid4(), f"https://{host}{path}/", "p", 100_000, 10)
        queue = await self.shards.home(source)
        await queue.open(source)
        await queue.start(source)
        await queue.add(source, [Link(f"{source.url}{n}", Kind.PAGE, 1) for n in range(PAGES)])

    async def next(self) -> Lease | Ending:
        """The next URL that may be taken, once it is its time; or how it ended unasked."""
        async with asyncio.timeout(20):
            while True:
                for exchange in self.exchanges:
                    for lease in (await exchange.queue.take(1)).leases:
                        return await self._admitted(exchange, lease)
                await asyncio.sleep(0.02)

    async def _admitted(self, exchange: Exchange, lease: Lease) -> Lease | Ending:
        exchange.held[lease.id] = (lease, 0.0)
        admitted = await self.pacing.admit(lease)
        if isinstance(admitted, Ending):
            await self.end(lease, admitted)
        return admitted

    async def lease(self) -> Lease:
        """The next URL that is to be fetched."""
        while not isinstance(found := await self.next(), Lease):
            pass
        return found

    async def end(self, lease: Lease, ending: Ending = STORED) -> None:
        """Settle a lease, after all that is to be told."""
        self.exchanges[lease.shard].outbox.endings[lease] = ending
        for exchange in self.exchanges:
            await exchange.flush()

    async def answered(
        self, lease: Lease, status: int = 200, *, robots: bool = False, retry_after: str = "", **known: float
    ) -> None:
        """Let a lease's site answer, and its page be stored."""
        domains = self.queues[lease.shard].domains
        hold = Hold(lease.id, lease.domain, domains.site_of(lease.url, lease.domain, lease.source))
        found: dict[str, Any] = {"throttle_delay_seconds": lease.delay_seconds, **known}
        context = RequestContext(lease, is_site_file=robots, **found)
        request = Request(lease.url, meta=context.as_meta())
        headers = {"Retry-After": retry_after} if retry_after else {}
        self.pacing.released(hold, request, Response(lease.url, status, headers))
        await self.end(lease)


async def _nothing(_: list[Lease]) -> None:
    pass


def site_of(lease: Lease) -> str:
    """Whose page it is."""
    return lease.url.split("/")[2]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """All sites share the address."""
    async with Redis.from_url(redis_url) as client:
        await client.mset({f"address:{site}": ADDRESS for site in SITES})
        yield client


async def served_first(machine: Machine, host: str) -> Lease:
    """The first lease of a site; others' are answered meanwhile."""
    while site_of(lease := await machine.lease()) != host:
        await machine.answered(lease)
    return lease


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("shards", [1, 3])
async def test_retry_after_binds_its_site(redis: Redis, status: int, shards: int) -> None:
    """One site's hour is its own, for all tenants; its neighbour goes on after the usual back-off."""
    machine = Machine(redis, shards)
    await machine.open("a.example")
    await machine.open("a.example", "/another-tenant's")
    await machine.open("b.example")
    lease = await served_first(machine, "a.example")
    await machine.answered(lease, status, retry_after="3600")
    assert (await machine.keeper.visit("a.example"))[0] > HOUR - 60
    assert (
        await machine.keeper.reserve(ADDRESS, "neighbour", 60) <= 2.0
    )  # its pace, at least a second, doubled
    for _ in range(5):
        lease = await machine.lease()
        assert site_of(lease) == "b.example"
        await machine.answered(lease)


async def make_due(redis: Any, prefix: str) -> None:
    """Let the time come that the sources of a.example wait for."""
    await redis.delete(f"{prefix}:site:a.example")
    for source in await redis.zrange(f"{prefix}:delayed", 0, -1):
        key = f"{prefix}:delayed:{source.decode()}"
        await redis.zadd(key, dict.fromkeys(await redis.zrange(key, 0, -1), 1))
        await redis.zadd(f"{prefix}:delayed", {source: 1})


async def test_its_sources_rest(redis: Redis) -> None:
    """What waits of a site costs one lease a source, not one a URL; and all of it is fetched at its time."""
    machine = Machine(redis)
    await machine.open("a.example")
    await machine.open("a.example", "/second")
    await machine.open("b.example")
    await machine.answered(await served_first(machine, "a.example"), 503, retry_after="3600")
    served, unasked = [], 0
    for _ in range(30):
        found = await machine.next()
        if isinstance(found, Ending):
            assert (found.outcome, found.rests, found.reason) == (Outcome.DEFERRED, True, "pace")
            assert found.wait_seconds > HOUR - 60
            unasked += 1
            continue
        served.append(site_of(found))
        await machine.answered(found)
    assert set(served) == {"b.example"}
    assert unasked == 2
    await make_due(redis, machine.keeper.keys.prefix)
    while (await machine.keeper.take(0)).totals.pending:
        lease = await machine.lease()
        served.append(site_of(lease))
        await machine.answered(lease)
    assert served.count("a.example") == 2 * (PAGES + 1) - 1


async def test_the_back_off_is_bounded(redis: Redis) -> None:
    """However often sites say that they are too busy, an address waits no longer than a domain does."""
    machine = Machine(redis)
    await machine.open("a.example")
    lease = await machine.lease()
    await redis.hset(machine.keeper.keys.domain(ADDRESS), "level", "30")
    await machine.answered(lease, 503, retry_after="3600")
    assert MOST_SECONDS - 5 < await machine.keeper.reserve(ADDRESS, "neighbour", 60) <= MOST_SECONDS


@pytest.mark.parametrize(
    ("told", "site_seconds"),
    [
        ({"crawl_delay_seconds": 60.0}, 60.0),
        ({"throttle_delay_seconds": 40.0}, 40.0),
        ({"status": 500, "robots": True}, 2.0),
        ({"status": 502, "robots": True}, 2.0),
        ({"retry_after": "1800"}, 1800.0),
    ],
)
async def test_what_a_site_says_of_itself(redis: Redis, told: dict[str, float], site_seconds: float) -> None:
    """Its Crawl-delay, its slowness, an error for its robots.txt: none of them makes its neighbours wait."""
    machine = Machine(redis)
    await machine.open("a.example")
    await machine.answered(await machine.lease(), **told)  # type: ignore[arg-type]
    wait, _ = await machine.keeper.visit("a.example")
    assert site_seconds - 1 < wait <= site_seconds * 1.06
    assert await machine.keeper.visit("b.example") == (0.0, 0.0)
    assert await machine.keeper.reserve(ADDRESS, "neighbour", 60) == 0.0


async def test_the_address_keeps_its_pace(redis: Redis) -> None:
    """Two sites there are still one pace apart, and never in flight together."""
    machine = Machine(redis, delay_seconds=30.0)
    await machine.open("a.example")
    await machine.open("b.example")
    lease = await machine.lease()
    assert (await machine.keeper.take(5)).leases == []
    await machine.answered(lease)
    taken = await machine.keeper.take(5)
    assert taken.leases == []
    assert 25 < taken.due_seconds <= 30 * 1.06


async def test_autothrottle_is_the_sites_own(redis: Redis) -> None:
    """A lease comes with the delay of its own site, over all workers."""
    machine = Machine(redis)
    await machine.open("a.example")
    await machine.open("b.example")
    await machine.answered(await served_first(machine, "a.example"), throttle_delay_seconds=7.5)
    await redis.hset(f"{machine.keeper.keys.prefix}:site:a.example", "next", "0")
    delays = {}
    for _ in range(4):
        lease = await machine.lease()
        delays[site_of(lease)] = lease.delay_seconds
        await machine.answered(lease, throttle_delay_seconds=lease.delay_seconds)
        await redis.hset(f"{machine.keeper.keys.prefix}:site:a.example", "next", "0")
    assert delays == {"a.example": 7.5, "b.example": 0.0}


async def test_a_dead_worker(redis: Redis) -> None:
    """A site's long pace holds although its worker was killed between asking and telling."""
    machine = Machine(redis)
    await machine.open("a.example")
    await machine.answered(await machine.lease(), crawl_delay_seconds=60.0)
    await redis.hset(f"{machine.keeper.keys.prefix}:site:a.example", "next", "0")
    asked = await machine.next()
    while not isinstance(asked, Lease):
        asked = await machine.next()
    assert (await machine.keeper.visit("a.example"))[0] > 50  # which told nothing


async def test_a_robots_txt_that_moved(redis: Redis) -> None:
    """A site that must not be asked is not asked by way of a neighbour's redirect either."""
    machine = Machine(redis)
    await machine.open("b.example")
    lease = await machine.lease()
    hold = await machine.pacing.hold(lease, "https://b.example/robots.txt")
    assert hold == Hold(lease.id, ADDRESS, "b.example")
    assert (await machine.pacing.hold(lease, "https://c.example/robots.txt")).site == "c.example"
    busy = replace(lease, url="https://a.example/")
    await machine.answered(busy, 503, retry_after="3600")
    lease = await machine.lease()
    with pytest.raises(Deferred) as error:
        await machine.pacing.hold(lease, "https://a.example/robots.txt")
    assert error.value.wait_seconds > HOUR - 60


async def test_an_address_as_a_host(redis: Redis) -> None:
    """A site that is named by its address is one of those there, and does not speak for them."""
    machine = Machine(redis)
    await machine.open(ADDRESS)
    lease = await machine.lease()
    assert lease.domain == ADDRESS
    await machine.answered(lease, 503, retry_after="3600")
    assert (await machine.keeper.visit(ADDRESS))[0] > HOUR - 60
    assert await machine.keeper.reserve(ADDRESS, "neighbour", 60) <= 2.0
