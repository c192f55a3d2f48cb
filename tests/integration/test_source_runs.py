"""A source's run in the frontier: it ends once, at its limits, and holds up no other run or source."""

from dataclasses import replace
from uuid import uuid4

import pytest

from alonchat_crawl.control.closing import saw_everything
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, Settled
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Source
from tests.integration.test_frontier import STORED, a_source, opened, pages, queue, settle, take_one

__all__ = ["queue"]
DEAD = Ending(Outcome.DEAD, Reason.http(404))
DEFERRED = Ending(Outcome.DEFERRED, Reason.PACE, wait_seconds=0.001)


async def replayed(queue: FrontierQueue) -> None:
    """All dead letters get a new life."""
    letters = DeadLetters(Shards([queue]))
    await letters.replay([letter async for letter in letters.find(LetterFilter())])


async def test_a_source_that_ends_at_its_limit_blocks_nobody(queue: FrontierQueue) -> None:
    """Its last page both completes it and reaches its limit; other sources are served after it."""
    await opened(queue, a_source(max_pages=1))
    assert await settle(queue, await take_one(queue), STORED) is Settled.COMPLETED
    other = await opened(queue, a_source("https://b.example/"))
    assert (await take_one(queue)).source == other


async def test_a_forgotten_source_blocks_nobody(queue: FrontierQueue) -> None:
    """A run whose counts are gone (abandoned here, else expired after a week) may still have a turn."""
    source = await opened(queue, a_source())
    await settle(queue, await take_one(queue), STORED)
    await queue.close(source)
    assert (await queue.open(source))[0] is Opened.OPENING
    await queue.abandon(source)
    other = await opened(queue, a_source("https://b.example/"))
    assert (await take_one(queue)).source == other


async def test_a_letter_of_a_full_source(queue: FrontierQueue) -> None:
    """Replayed into a source that has all the pages it may, it ends like what waited there."""
    source = await opened(queue, a_source(max_pages=1), "https://b.example/")
    first = (await queue.take(1)).leases[0]
    await settle(queue, first, DEAD)
    await settle(queue, await take_one(queue), STORED)
    assert await queue.completed() == [source.source_id]
    await replayed(queue)
    await queue.take(1)
    assert await queue.completed() == [source.source_id]


async def test_a_letter_of_an_earlier_run(queue: FrontierQueue) -> None:
    """Replayed while the source's next run has the same URL, it is not counted out of that run."""
    source = await opened(queue, a_source(), "https://b.example/")
    leases = (await queue.take(2)).leases
    for lease in leases:
        await settle(queue, lease, DEAD if "b.example" in lease.url else STORED)
    await queue.close(source)
    later = replace(source, crawl_id=uuid4())
    await opened(queue, later, "https://b.example/")
    await replayed(queue)
    progress = await queue.redis.hgetall(queue.keys.source(source.source_id))
    assert int(progress.get(b"n:dead", 0)) >= 0
    assert int(progress[b"pending"]) == 2


async def test_cancelled_stays_cancelled(queue: FrontierQueue) -> None:
    """A cancelled source that also reaches a limit takes no URL any more, whatever limits come later."""
    source: Source = await opened(queue, a_source(), "https://b.example/")
    first, second = (await queue.take(2)).leases
    await queue.cancel(source)
    await queue.amend(replace(source, max_pages=1))
    await settle(queue, first, STORED)
    await queue.amend(replace(source, max_pages=50))
    assert await queue.add(source, pages("https://c.example/")) == 0
    await settle(queue, second, STORED)
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert progress.state == "cancelled"


@pytest.mark.parametrize("ending", [STORED, DEFERRED])
async def test_limits_of_zero_pages_left(queue: FrontierQueue, ending: Ending) -> None:
    """A limit below what is stored already drops what waits and what comes back."""
    source = await opened(queue, a_source(), "https://b.example/", "https://c.example/")
    first, second, third = (await queue.take(3)).leases
    await settle(queue, first, STORED)
    await queue.amend(replace(source, max_pages=1))
    await settle(queue, second, ending)
    assert await settle(queue, third, DEFERRED) is Settled.COMPLETED


async def test_a_late_close_is_of_its_own_run(queue: FrontierQueue) -> None:
    """A worker that is slow to write one run down does not take the next off the list."""
    first = await opened(queue, a_source())
    await settle(queue, await take_one(queue), STORED)
    assert await queue.close(first)
    second = await opened(queue, replace(first, crawl_id=uuid4()))
    await settle(queue, await take_one(queue), STORED)
    assert not await queue.close(first)
    assert await queue.completed() == [second.source_id]
    assert await queue.close(second)


async def test_a_full_source_with_many_domains_starves_nobody(queue: FrontierQueue) -> None:
    """While pages in flight may reach its limit, its thousand due domains are passed over."""
    full = a_source(max_pages=1)
    await opened(queue, full, *(f"https://full-{n}.example/" for n in range(1000)))
    await queue.take(1)
    others = [f"https://other-{n}.example/" for n in range(30)]
    await opened(queue, a_source(others[0]), *others[1:])
    served = [lease for _ in range(60) for lease in (await queue.take(1)).leases]
    assert sorted(lease.url for lease in served) == sorted(others)


async def test_a_trap_has_an_end(queue: FrontierQueue) -> None:
    """A source meets no more URLs than twenty for each page that it may store, and a thousand."""
    source = await opened(queue, a_source(max_pages=1))
    links = pages(*(f"https://a.example/{n}" for n in range(2000)))
    assert await queue.add(source, links) == 1019
    assert await queue.add(source, pages("https://a.example/more")) == 0
    progress = await queue.progress(source.source_id)
    assert progress is not None
    assert progress.reasons["refused:max_urls"] > 0
    assert not saw_everything(progress)


async def test_many_domains_are_paused(queue: FrontierQueue) -> None:
    """Thousands of domains are paused and resumed, in steps."""
    source = await opened(queue, a_source(max_pages=9999), *(f"https://d{n}.example/" for n in range(1500)))
    assert await queue.pause(source)
    assert (await queue.take(10)).leases == []
    assert await queue.resume(source)
    assert len((await queue.take(2000)).leases) == 1501
