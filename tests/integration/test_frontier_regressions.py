"""Short ways into states that the frontier must come out of."""

from dataclasses import replace
from uuid import uuid4

import pytest

from alonchat_crawl.frontier.letters import DeadLetters, Filter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, Settled
from alonchat_crawl.outcomes import Ending, Outcome
from alonchat_crawl.sources import Source
from tests.integration.test_frontier import STORED, a_source, opened, pages, queue, settle, take_one

__all__ = ["queue"]
DEAD = Ending(Outcome.DEAD, "http 404")
DEFERRED = Ending(Outcome.DEFERRED, "pace", wait_seconds=0.001)


async def replayed(queue: FrontierQueue) -> None:
    """All dead letters get a new life."""
    letters = DeadLetters(Shards([queue]))
    await letters.replay([letter async for letter in letters.find(Filter())])


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
    await queue.cancel(source.source_id)
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
