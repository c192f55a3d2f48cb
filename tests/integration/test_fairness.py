"""Whose turn it is, against a real Valkey: tenants, sources and priorities."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from alonchat_crawl.frontier.domains import Domains
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from tests.support.network import domains_by_address


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[FrontierQueue]:
    """An empty frontier."""
    async with Redis.from_url(redis_url) as redis:
        yield FrontierQueue(redis, lease_seconds=600, max_attempts=5, dead_letters_max=10)


async def opened(queue: FrontierQueue, tenant: UUID, urls: Sequence[str], priority: int = 5) -> Source:
    """A source that waits for these URLs."""
    source = Source(uuid4(), tenant, uuid4(), urls[0], "p", 100_000, 10, priority=priority)
    await queue.open(source)
    await queue.start(source)
    await queue.add(source, [Link(url, Kind.PAGE, 1) for url in urls[1:]])
    return source


async def serve(queue: FrontierQueue, times: int) -> list[Lease]:
    """Take one URL after the other, each done before the next; a domain is due again at once."""
    served: list[Lease] = []
    for _ in range(times):
        leases = (await queue.take(1)).leases
        await queue.release([Release(lease.id, lease.domain, 0.0, 0.0, sign=1) for lease in leases])
        await queue.settle([(lease, Ending(Outcome.STORED)) for lease in leases])
        served += leases
    return served


async def test_a_tenant_with_many_domains_due(queue: FrontierQueue) -> None:
    """Beside 2,000 due domains of one tenant, another's ten are served every second time."""
    big, small = uuid4(), uuid4()
    await opened(queue, big, [f"https://big-{n}.example/" for n in range(2000)])
    await serve(queue, 50)
    await opened(queue, small, [f"https://small-{n}.example/" for n in range(10)])
    served = [lease.source.project_id for lease in await serve(queue, 22)]
    assert served.count(small) == 10


async def test_a_tenant_with_many_sources_in_a_domain(queue: FrontierQueue) -> None:
    """Tenants share a domain equally, however many sources each has there; so do a tenant's sources."""
    big, small = uuid4(), uuid4()
    many = [
        await opened(queue, big, [f"https://a.example/{source}/{n}" for n in range(50)])
        for source in range(5)
    ]
    await opened(queue, small, [f"https://a.example/small/{n}" for n in range(50)])
    served = await serve(queue, 60)
    tenants = Counter(lease.source.project_id for lease in served)
    assert tenants == {big: 30, small: 30}
    sources = Counter(lease.source.source_id for lease in served if lease.source.project_id == big)
    assert sources == {source.source_id: 6 for source in many}


@pytest.mark.parametrize("one_domain", [True, False])
async def test_priorities(queue: FrontierQueue, one_domain: bool) -> None:  # noqa: FBT001 - two rows
    """A source of priority 10 gets twice the turns of 5, and ten times those of 1, which gets its share."""
    served = Counter[int]()
    for priority in (1, 5, 10):
        host = "a.example" if one_domain else f"a{priority}.example"
        urls = [f"https://{host}/{priority}/{n}" for n in range(400)]
        await opened(queue, uuid4(), urls, priority)
    for lease in await serve(queue, 320):
        served[lease.source.priority] += 1
    assert served[10] == pytest.approx(200, abs=8)
    assert served[5] == pytest.approx(100, abs=8)
    assert served[1] == pytest.approx(20, abs=4)


async def test_one_that_comes_back_again_and_again(queue: FrontierQueue) -> None:
    """A source that never has more than one URL waiting, and so always comes anew, starves nobody."""
    chain, patient = uuid4(), uuid4()
    link = await opened(queue, chain, ["https://a.example/chain"])
    await opened(queue, patient, [f"https://a.example/{n}" for n in range(100)])
    served = Counter[UUID]()
    for number in range(100):
        [lease] = (await queue.take(1)).leases
        served[lease.source.project_id] += 1
        if lease.source.project_id == chain:
            following = Link(f"https://a.example/chain/{number}", Kind.PAGE, 1)
            await queue.add(link, [following])
        await queue.release([Release(lease.id, lease.domain, 0.0, 0.0)])
        await queue.settle([(lease, Ending(Outcome.STORED))])
    assert served[chain] == pytest.approx(50, abs=1)


async def test_hosts_with_one_address(redis_url: str) -> None:
    """With the setting, domains on one address are one domain, for all workers; without it they are not."""
    async with Redis.from_url(redis_url) as redis:
        first, second, off = domains_by_address(redis), domains_by_address(redis), Domains()
        assert await first.of("http://localhost/a") == await second.of("http://127.0.0.1/b")
        assert await off.of("http://localhost/a") != await off.of("http://127.0.0.1/b")
        await redis.set("address:moved.example", "192.0.2.1")  # what another worker found
        assert await first.of("https://www.moved.example/") == "192.0.2.1"
        assert await first.of("https://no-such-host.invalid/") == "no-such-host.invalid"


async def test_one_pace_for_one_address(redis_url: str) -> None:
    """Two domains on one address are never in flight together."""
    async with Redis.from_url(redis_url) as redis:
        await redis.mset({"address:a.example": "192.0.2.1", "address:b.example": "192.0.2.1"})
        queue = FrontierQueue(
            redis, lease_seconds=60, max_attempts=5, dead_letters_max=10, domains=domains_by_address(redis)
        )
        await opened(queue, uuid4(), ["https://a.example/"])
        await opened(queue, uuid4(), ["https://b.example/"])
        [lease] = (await queue.take(10)).leases
        assert lease.domain == "192.0.2.1"
        await queue.release([Release(lease.id, lease.domain, 0.0, 60.0)])
        await queue.settle([(lease, Ending(Outcome.STORED))])
        assert (await queue.take(10)).leases == []


async def test_a_source_rests_alone(queue: FrontierQueue) -> None:
    """One whose files wait for a scanner leaves its domain to the others there, and costs them no turn."""
    waits, goes_on = uuid4(), uuid4()
    await opened(queue, waits, [f"https://a.example/files/{n}" for n in range(30)])
    await opened(queue, goes_on, [f"https://a.example/{n}" for n in range(30)])
    served: list[UUID] = []
    for _ in range(25):
        [lease] = (await queue.take(1)).leases
        served.append(lease.source.project_id)
        await queue.release([Release(lease.id, lease.domain, 0.0, 0.0)])
        away = Ending(Outcome.DEFERRED, Reason.SCANNER_UNREACHABLE, wait_seconds=3600.0, rests=True)
        await queue.settle([(lease, away if served[-1] == waits else Ending(Outcome.STORED))])
    assert Counter(served) == {waits: 1, goes_on: 24}
