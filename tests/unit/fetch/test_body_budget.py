"""What a worker holds of bodies: who is let in, who waits, and who gives its turn back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from uuid import UUID, uuid4

import pytest
from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.errors import Deferred, GiveUp, Refused
from alonchat_crawl.fetch.body_budget import MEGABYTE, WEIGHT_MOST_BYTES, BodyBudget
from alonchat_crawl.fetch.http_connection import too_large
from alonchat_crawl.fetch.request_context import RequestContext, lease_of
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.work_slots import SMALL_BYTES, WorkSlots
from alonchat_crawl.sources import Kind
from tests.unit.policies.scan.test_scanner import WEB_FILES, lease

FIRST, SECOND = uuid4(), uuid4()
numbers = count()


def asked(tenant: UUID = FIRST) -> Request:
    """A request for a URL of its own lease."""
    one = lease(Kind.PAGE, WEB_FILES)
    source = replace(one.source, project_id=tenant)
    context = RequestContext(replace(one, id=f"{next(numbers)}-x", source=source))
    return Request("https://a.example/", meta=context.as_meta())


def bodies(megabytes: int = 100, waiting: int = 4, seconds: float = 60.0) -> BodyBudget:
    """A budget."""
    return BodyBudget(megabytes * MEGABYTE, waiting, seconds, 10.0)


def ended(own: BodyBudget, request: Request) -> None:
    """A page ended."""
    own.free(lease_of(request))


async def settled() -> None:
    """Let all tasks go as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_sixteen_at_once() -> None:
    """However many large ones come, what is held stays within the budget, and each gets through."""
    own, most, through = bodies(250, waiting=16), 0, 0

    async def download(number: int) -> None:
        nonlocal most, through
        request = asked(UUID(int=number % 3))
        await own.let_in(request, 120 * MEGABYTE)
        most = max(most, own.held_bytes)
        await asyncio.sleep(0.001)
        own.arrived(request, 120 * MEGABYTE)
        await asyncio.sleep(0.001)
        ended(own, request)
        through += 1

    await asyncio.gather(*(download(number) for number in range(16)))
    assert (most, through, own.held_bytes, own.backlog_bytes) == (240 * MEGABYTE, 16, 0, 0)


async def test_larger_than_the_budget_goes_alone() -> None:
    """One file beyond it is let in when no other large one is there, and no other beside it."""
    own = bodies(10)
    huge, other = asked(), asked(SECOND)
    own.arrived(asked(), SMALL_BYTES)  # of a page, which is not waited for
    assert await own.let_in(huge, 50 * MEGABYTE) == 0.0
    second = asyncio.create_task(own.let_in(other, 2 * MEGABYTE))
    await settled()
    assert not second.done()
    ended(own, huge)
    assert await second > 0.0


async def test_a_small_page_never_waits() -> None:
    """What stays small is read at once beside large ones that wait, and counts."""
    own = bodies(10)
    await own.let_in(asked(), 10 * MEGABYTE)
    waits = asyncio.create_task(own.let_in(asked(), 5 * MEGABYTE))
    await settled()
    page = asked(SECOND)
    assert await own.read(page, 50 * MEGABYTE, _bytes_of(SMALL_BYTES)) == bytes(SMALL_BYTES)
    own.arrived(page, SMALL_BYTES)
    assert own.held_bytes == 11 * MEGABYTE
    waits.cancel()


def _bytes_of(size: int, reason: str = "too large") -> Callable[[int], Awaitable[bytes]]:
    async def read(most_bytes: int) -> bytes:
        if size > most_bytes:
            raise too_large(most_bytes) if reason == "too large" else GiveUp(Reason(reason))
        return bytes(size)

    return read


@pytest.mark.parametrize("reason", ["too large", "zip bomb"])
async def test_what_turns_out_large(reason: str) -> None:
    """What is not small after all is let in as the most that it may become, then counts as what it is."""
    own, request = bodies(10), asked()
    assert len(await own.read(request, 8 * MEGABYTE, _bytes_of(3 * MEGABYTE, reason))) == 3 * MEGABYTE
    assert own.held_bytes == 8 * MEGABYTE
    own.arrived(request, 3 * MEGABYTE)
    assert own.held_bytes == 3 * MEGABYTE
    with pytest.raises((Refused, GiveUp)):
        await own.read(asked(), 6 * MEGABYTE, _bytes_of(7 * MEGABYTE, reason))


async def test_tenants_take_turns() -> None:
    """Who has many files in the line is let in no more often than who has one."""
    own, order = bodies(10, waiting=16), list[UUID]()
    first = asked()
    await own.let_in(first, 10 * MEGABYTE)

    async def download(tenant: UUID) -> None:
        request = asked(tenant)
        await own.let_in(request, 10 * MEGABYTE)
        order.append(tenant)
        ended(own, request)

    tasks = [asyncio.create_task(download(tenant)) for tenant in [FIRST] * 8 + [SECOND] * 2]
    await settled()
    ended(own, first)
    await asyncio.gather(*tasks)
    assert order[:4].count(SECOND) == 2
    assert len(order) == 10


async def test_the_line_is_short_and_shared() -> None:
    """Above a few the next gives its turn back at once; a tenant with none there takes another's place."""
    own = bodies(10, waiting=2)
    await own.let_in(asked(), 10 * MEGABYTE)
    line = [asyncio.create_task(own.let_in(asked(), MEGABYTE * 2)) for _ in range(2)]
    await settled()
    with pytest.raises(Deferred):
        await own.let_in(asked(), 2 * MEGABYTE)
    newcomer = asyncio.create_task(own.let_in(asked(SECOND), 2 * MEGABYTE))
    await settled()
    assert [task.done() for task in (*line, newcomer)] == [False, True, False]
    with pytest.raises(Deferred) as error:
        await line[1]
    assert (error.value.reason, error.value.alone, error.value.wait_seconds) == ("no room", True, 10.0)
    with pytest.raises(Deferred):
        await own.let_in(asked(SECOND), 2 * MEGABYTE)
    line[0].cancel()
    newcomer.cancel()


async def test_who_waits_too_long_gives_its_turn_back() -> None:
    """No attempt is counted, and the line goes on without it; so it does without one that is cancelled."""
    own = bodies(10, seconds=0.01)
    first = asked()
    await own.let_in(first, 10 * MEGABYTE)
    with pytest.raises(Deferred):
        await own.let_in(asked(), 2 * MEGABYTE)
    cancelled = asyncio.create_task(own.let_in(asked(), 2 * MEGABYTE))
    await settled()
    cancelled.cancel()
    await asyncio.wait([cancelled])
    ended(own, first)
    assert await own.let_in(asked(), 10 * MEGABYTE) == 0.0


async def test_several_wait_too_long_at_once() -> None:
    """Each is put off in the same way, where the loop was busy when their time was up; no room is lost."""
    own = bodies(10, waiting=2, seconds=0.01)
    first, small = asked(), asked(SECOND)
    await own.let_in(first, 8 * MEGABYTE)
    late = [asyncio.create_task(own.let_in(asked(), 10 * MEGABYTE))]
    late.append(asyncio.create_task(own.let_in(small, 2 * MEGABYTE)))
    await settled()
    time.sleep(0.05)  # noqa: ASYNC251 - the loop is busy
    ends = await asyncio.gather(*late, return_exceptions=True)
    assert [type(end) for end in ends] == [Deferred, Deferred]
    assert own.held_bytes == 8 * MEGABYTE
    ended(own, first)
    assert await own.let_in(asked(), 10 * MEGABYTE) == 0.0


async def test_parsed() -> None:
    """A large body is forgotten once it is parsed, though its page still waits; a small one is left alone."""
    own = bodies()
    for size, left in ((2 * MEGABYTE, b""), (5, b"words")):
        request = asked()
        if size > SMALL_BYTES:
            await own.let_in(request, size)
        own.arrived(request, size)
        response = Response(request.url, body=b"words", request=request)
        own.parsed(response)
        assert response.body == left
    assert own.held_bytes == 5
    assert own.backlog_bytes == WEIGHT_MOST_BYTES + 1024


async def test_a_robots_txt_counts() -> None:
    """It is asked for in place of a page, and counts as that one's."""
    own, page = bodies(), asked()
    context = RequestContext(lease_of(page), is_site_file=True)
    robots = Request("https://b.example/robots.txt", meta=context.as_meta())
    await own.let_in(robots, 5 * MEGABYTE)
    assert own.held_bytes == 5 * MEGABYTE
    ended(own, page)
    assert own.held_bytes == 0


@pytest.mark.parametrize(("places", "large_at_once"), [(1, 1), (2, 1), (4, 3)])
async def test_places(places: int, large_at_once: int) -> None:
    """Large work leaves one place for what is small, where there are several; nobody is forgotten."""
    room, working, release = WorkSlots(places), [0, 0], asyncio.Event()

    async def work(size: int) -> None:
        async with room.slot(size):
            working[size > SMALL_BYTES] += 1
            await release.wait()

    tasks = [asyncio.create_task(work(SMALL_BYTES + 1)) for _ in range(8)]
    await settled()
    tasks += [asyncio.create_task(work(SMALL_BYTES)) for _ in range(8)]
    await settled()
    assert working == [places - large_at_once, large_at_once]
    release.set()
    await asyncio.gather(*tasks)
    assert working == [8, 8]
