"""The frontier's transitions against a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, Settled
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source

STORED = Ending(Outcome.STORED)


def a_source(url: str = "https://a.example/", max_pages: int = 100) -> Source:
    """A source of its own project."""
    return Source(uuid4(), uuid4(), uuid4(), url, "p", max_pages, 10)


def pages(*urls: str) -> list[Link]:
    """Links to pages."""
    return [Link(url, Kind.PAGE, 1) for url in urls]


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[FrontierQueue]:
    """An empty frontier; leases live long enough for any test."""
    async with Redis.from_url(redis_url) as redis:
        yield FrontierQueue(redis, lease_seconds=60, max_attempts=3, dead_letters_max=2)


async def opened(queue: FrontierQueue, source: Source, *urls: str) -> Source:
    """A source that runs, with further URLs queued."""
    await queue.open(source)
    await queue.start(source)
    if urls:
        await queue.add(source, pages(*urls))
    return source


async def take_one(queue: FrontierQueue) -> Lease:
    """The one URL that can be taken now."""
    taken = await queue.take(10)
    assert len(taken.leases) == 1
    return taken.leases[0]


async def free(queue: FrontierQueue, lease: Lease, *, pace_seconds: float = 0.0) -> None:
    """Let the domain be taken again."""
    await release(queue, lease, pace_seconds=pace_seconds)


async def release(
    queue: FrontierQueue, lease: Lease, *, pace_seconds: float, elapsed_seconds: float = 0.0, **more: float
) -> int:
    """Tell that the lease's request has left the site."""
    return await queue.release(
        [Release(lease.id, lease.domain, elapsed_seconds, pace_seconds, **more)]  # type: ignore[arg-type]
    )


async def settle(queue: FrontierQueue, lease: Lease, ending: Ending) -> Settled:
    """End one lease."""
    [settled] = await queue.settle([(lease, ending)])
    return settled


async def test_the_life_of_a_source(queue: FrontierQueue) -> None:
    """Opened, started, its URLs leased and settled one by one, completed by the last."""
    source = a_source()
    assert await queue.open(source) == (Opened.OPENING, source)
    assert await queue.start(source)
    lease = await take_one(queue)
    assert (lease.source, lease.host, lease.domain) == (source, "a.example", "a.example")
    assert (lease.url, lease.kind, lease.depth, lease.attempt) == (source.url, Kind.START, 0, 1)
    assert await queue.add(source, pages("https://a.example/1", source.url)) == 1
    assert await settle(queue, lease, STORED) is Settled.DONE
    assert await queue.completed() == []
    second = await take_one(queue)
    assert await settle(queue, second, Ending(Outcome.REFUSED, Reason.NOINDEX)) is Settled.COMPLETED
    assert await queue.completed() == [source.source_id]
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert (progress.state, progress.pending, progress.leased) == ("completed", 0, 0)
    assert progress.counts == {"stored": 1, "refused": 1}
    assert progress.reasons == {"refused:noindex": 1}


async def test_opening_is_idempotent(queue: FrontierQueue) -> None:
    """A second seed joins the run in effect; one for a source not yet written down is told to wait."""
    source = a_source()
    later = replace(source, crawl_id=uuid4())
    await queue.open(source)
    assert await queue.open(later) == (Opened.OPENING, source)
    assert await queue.start(source)
    assert not await queue.start(source)
    assert await queue.open(later) == (Opened.RUNNING, source)
    lease = await take_one(queue)
    await settle(queue, lease, STORED)
    assert (await queue.open(later))[0] is Opened.CLOSING
    await queue.close(source)
    assert await queue.open(later) == (Opened.OPENING, later)
    await queue.start(later)
    assert (await take_one(queue)).source == later


async def test_a_domain_has_one_request_at_a_time(queue: FrontierQueue) -> None:
    """While a domain's request is in flight it is not taken, by any source; then after its pace."""
    first = await opened(queue, a_source(), "https://a.example/1", "https://www.a.example/2")
    await opened(queue, a_source("https://b.a.example/"))
    lease = await take_one(queue)
    assert (await queue.take(10)).leases == []
    await queue.add(first, pages("https://a.example/3"))
    await settle(queue, lease, STORED)
    assert len((await queue.take(10)).leases) == 1


async def test_the_pace_counts_from_the_start_of_the_request(queue: FrontierQueue) -> None:
    """A released domain is due one pace after its request began, or when the site asked for."""
    await opened(queue, a_source(), "https://a.example/1")
    lease = await take_one(queue)
    await release(queue, lease, elapsed_seconds=0.4, pace_seconds=60)
    taken = await queue.take(10)
    assert taken.leases == []
    assert 58 < taken.due_seconds <= 59.6
    await settle(queue, lease, STORED)
    assert (await queue.take(10)).leases == []


async def test_a_wait_that_the_site_asks_for(queue: FrontierQueue) -> None:
    """Retry-After holds the whole domain."""
    await opened(queue, a_source(), "https://a.example/1")
    lease = await take_one(queue)
    await release(queue, lease, elapsed_seconds=5, pace_seconds=1, asked_seconds=100)
    assert 98 < (await queue.take(10)).due_seconds <= 100


async def test_domains_do_not_wait_for_each_other(queue: FrontierQueue) -> None:
    """Each of many domains gives one URL at once; a private suffix makes a domain of its own."""
    urls = [f"https://d{n}.example/" for n in range(5)] + ["https://x.github.io/", "https://y.github.io/"]
    await opened(queue, a_source(), *urls)
    leases = (await queue.take(100)).leases
    assert sorted(lease.url for lease in leases) == sorted(["https://a.example/", *urls])
    assert (await queue.take(100)).leases == []


async def test_sources_take_turns_in_a_domain(queue: FrontierQueue) -> None:
    """A source with many URLs does not starve one with few on the same domain."""
    big, small = a_source(), a_source("https://a.example/small")
    await opened(queue, big, *(f"https://a.example/{n}" for n in range(50)))
    await opened(queue, small, "https://a.example/small/2")
    served = []
    for _ in range(4):
        lease = await take_one(queue)
        served.append(lease.source.source_id)
        await free(queue, lease)
        await settle(queue, lease, STORED)
    assert served.count(small.source_id) == 2


async def test_taking_for_one_source_only(queue: FrontierQueue) -> None:
    """A terminal's crawl takes its own source's URLs and leaves all others."""
    own, other = a_source(), a_source("https://b.example/")
    await opened(queue, own)
    await opened(queue, other)
    leases = (await queue.take(10, own.source_id)).leases
    assert [lease.source for lease in leases] == [own]
    assert [lease.source for lease in (await queue.take(10)).leases] == [other]


async def test_retries_end_as_a_dead_letter(queue: FrontierQueue) -> None:
    """A URL is tried max_attempts times and then kept with its reason; the source completes."""
    source = await opened(queue, a_source())
    for attempt in (1, 2, 3):
        lease = await take_one(queue)
        assert lease.attempt == attempt
        settled = await settle(
            queue, lease, Ending(Outcome.RETRY, Reason.TIMEOUT, "it did not answer in time")
        )
    assert settled is Settled.COMPLETED
    [letter] = [letter async for letter in DeadLetters(Shards([queue])).find(LetterFilter())]
    assert (letter.project, letter.source) == (str(source.project_id), str(source.source_id))
    assert (letter.url, letter.reason) == (source.url, "timeout")
    assert [failure.detail for failure in letter.failures] == ["it did not answer in time"] * 3
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert progress.counts == {"retry": 2, "dead": 1}
    assert progress.first_failure == "it did not answer in time"


async def test_an_outage_of_our_own_costs_no_attempt(queue: FrontierQueue) -> None:
    """However often Postgres is away, the page is tried again and never buried."""
    await opened(queue, a_source())
    for _ in range(5):
        lease = await take_one(queue)
        assert lease.attempt == 1
        await settle(queue, lease, Ending(Outcome.DEFERRED, Reason.POSTGRES, outage=True))
    assert await queue.redis.xlen(queue.keys.dead) == 0


async def test_another_sources_overdue_domain_is_none_of_ours(queue: FrontierQueue) -> None:
    """A terminal's crawl is told when its own source is due, not that somebody else's is overdue."""
    own, other = a_source(), a_source("https://b.example/")
    await opened(queue, own, "https://a.example/1")
    await opened(queue, other)
    [lease] = (await queue.take(10, own.source_id)).leases
    await release(queue, lease, pace_seconds=60)
    assert (await queue.take(10, own.source_id)).due_seconds > 50


async def test_lease_ids_are_never_given_twice(queue: FrontierQueue) -> None:
    """Not even where the server was restored from an older state: a late worker settles nobody else's."""
    await opened(queue, a_source())
    old = await take_one(queue)
    await queue.redis.flushdb()
    await opened(queue, a_source())
    new = await take_one(queue)
    assert old.id != new.id
    assert await settle(queue, old, STORED) is Settled.UNKNOWN


async def test_a_running_source_takes_new_limits(queue: FrontierQueue) -> None:
    """A lower page limit counts for the URLs that are already queued."""
    source = await opened(queue, a_source(), "https://b.example/", "https://c.example/")
    await queue.amend(replace(source, max_pages=1))
    [lease] = (await queue.take(10)).leases
    assert lease.source.max_pages == 1
    assert await settle(queue, lease, STORED) is Settled.COMPLETED


async def test_a_retry_waits(queue: FrontierQueue) -> None:
    """A retry is not taken before its time, and other URLs of the domain go first."""
    await opened(queue, a_source(), "https://a.example/1")
    lease = await take_one(queue)
    await settle(queue, lease, Ending(Outcome.RETRY, Reason.TIMEOUT, wait_seconds=0.2))
    other = await take_one(queue)
    assert other.url == "https://a.example/1"
    await free(queue, other)
    assert (await queue.take(10)).leases == []
    await asyncio.sleep(0.25)
    assert (await take_one(queue)).url == "https://a.example/"


async def test_dead_letters_are_capped(queue: FrontierQueue) -> None:
    """Only the newest are kept."""
    await opened(queue, a_source(), *(f"https://d{n}.example/" for n in range(4)))
    for lease in (await queue.take(10)).leases:
        await settle(queue, lease, Ending(Outcome.DEAD, Reason.http(404)))
    assert await queue.redis.xlen(queue.keys.dead) == 2


async def test_settling_twice_counts_once(queue: FrontierQueue) -> None:
    """A repeated settle (a lost reply) and a late one change nothing."""
    source = await opened(queue, a_source(), "https://b.example/")
    first, second = (await queue.take(10)).leases
    assert await settle(queue, first, STORED) is Settled.DONE
    assert await settle(queue, first, STORED) is Settled.UNKNOWN
    assert await settle(queue, second, STORED) is Settled.COMPLETED
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert progress.counts == {"stored": 2}
    totals = (await queue.take(0)).totals
    assert (totals.pending, totals.leased, totals.sources) == (0, 0, 0)


async def test_a_dead_workers_urls_come_back(redis_url: str) -> None:
    """An expired lease is taken back, its domain is free, and the dead worker can settle no more."""
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=0.05, max_attempts=3, dead_letters_max=10)
        await opened(queue, a_source())
        lease = await take_one(queue)
        assert await queue.reap() == (0, 0)
        await asyncio.sleep(0.1)
        assert await queue.reap() == (1, 0)
        again = await take_one(queue)
        assert (again.url, again.attempt) == (lease.url, 2)
        assert await settle(queue, lease, STORED) is Settled.UNKNOWN
        assert await settle(queue, again, STORED) is Settled.COMPLETED


async def test_extending(redis_url: str) -> None:
    """An extended lease is not reaped; a lost one is named."""
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=0.3, max_attempts=3, dead_letters_max=10)
        await opened(queue, a_source(), "https://b.example/")
        kept, lost = (await queue.take(10)).leases
        await settle(queue, lost, STORED)
        for _ in range(4):
            await asyncio.sleep(0.1)
            assert await queue.extend([kept, lost]) == {lost.id}
        assert await queue.reap() == (0, 0)


async def test_giving_back(queue: FrontierQueue) -> None:
    """A lease given back is taken next, with no attempt counted."""
    await opened(queue, a_source(), "https://a.example/1")
    lease = await take_one(queue)
    assert await queue.untake([lease]) == 1
    assert await queue.untake([lease]) == 0
    again = await take_one(queue)
    assert (again.url, again.attempt) == (lease.url, 1)


async def test_the_page_limit_is_never_exceeded(queue: FrontierQueue) -> None:
    """No more pages are in flight than may still be stored; a refused one makes room; the rest is dropped."""
    source = await opened(
        queue, a_source(max_pages=2), *(f"https://d{n}.example/{m}" for n in range(5) for m in range(3))
    )
    stored, settled = 0, Settled.DONE
    for round_number in range(100):
        await asyncio.sleep(0.06)  # domains that wait for room are looked at again after 50 ms
        taken = await queue.take(10)
        assert stored + len(taken.leases) <= 2
        for lease in taken.leases:
            ending = Ending(Outcome.REFUSED, Reason.NOINDEX) if round_number == 0 else STORED
            stored += ending is STORED
            settled = await settle(queue, lease, ending)
        if settled is Settled.COMPLETED:
            break
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert progress.state == "completed"
    assert progress.counts["stored"] == 2
    assert sum(progress.counts.values()) == 16
    assert progress.reasons["refused:max_pages"] == 12


async def test_the_page_limit_waits_for_no_retry(queue: FrontierQueue) -> None:
    """A source whose limit is reached completes, though a page of it was to be tried again in an hour."""
    source = await opened(queue, a_source(max_pages=1))
    await settle(queue, await take_one(queue), Ending(Outcome.RETRY, Reason.http(503), wait_seconds=3600))
    await queue.add(source, pages("https://b.example/", "https://c.example/"))
    assert await settle(queue, await take_one(queue), STORED) is Settled.COMPLETED
    totals = (await queue.take(0)).totals
    assert (totals.pending, totals.leased, totals.sources) == (0, 0, 0)


async def test_adding_to_a_source_that_is_done(queue: FrontierQueue) -> None:
    """A late worker's links do not wake a completed source."""
    source = await opened(queue, a_source())
    await settle(queue, await take_one(queue), STORED)
    assert await queue.add(source, pages("https://a.example/1")) == 0
    assert (await queue.take(10)).leases == []


async def test_the_scripts_come_back_after_a_flush(queue: FrontierQueue) -> None:
    """SCRIPT FLUSH, or a restart of the server, loses no transition."""
    await opened(queue, a_source())
    await queue.redis.script_flush()
    assert (await take_one(queue)).url == "https://a.example/"
