"""Orders of the web app, carried out against real servers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alonchat_crawl.control.orders import OrderReader
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import Source
from alonchat_crawl.worker.tasks import end_tasks
from tests.integration.conftest import Desk
from tests.support.lists import unread_by

KEY = "website:orders"


@asynccontextmanager
async def carried_out(desk: Desk, *orders: object) -> AsyncIterator[list[tuple[str, str]]]:
    """Push orders; when all have left the list, yield (reason, sentence) of those that could not be."""
    pushed = [order if isinstance(order, str) else json.dumps(order) for order in orders]
    await awaited(desk.queue.redis.lpush(KEY, *pushed))
    reader = OrderReader(desk.shards, desk.pool, desk.settings(), KEY)
    task = asyncio.create_task(reader.run())
    try:
        async with asyncio.timeout(30):
            while await unread_by(desk.queue.redis, KEY):  # noqa: ASYNC110 - another worker might empty it
                await asyncio.sleep(0.01)
    finally:
        await end_tasks([task])
        await reader.leave()
    letters = [letter async for letter in DeadLetters(desk.shards).find(LetterFilter())]
    yield [(letter.reason, letter.failures[0].detail) for letter in letters]


def order(source: Source, action: str, **more: object) -> dict[str, object]:
    """An order for a source of the project `alpha`."""
    return {"action": action, "source_id": str(source.source_id), "project_id": "alpha", **more}


async def test_the_life_of_a_source_by_orders(desk: Desk) -> None:
    """It is paused, capped, given another priority, resumed and cancelled, in that order; its row says so."""
    source = await desk.source("https://a.example/", "/1")
    steps = (order(source, "pause"), order(source, "cap", value=7), order(source, "priority", value=9))
    async with carried_out(desk, *steps) as refused:
        assert refused == []
    assert await desk.status(source) == "paused"
    assert (await desk.queue.take(10)).leases == []
    async with carried_out(desk, order(source, "resume")) as refused:
        assert refused == []
    lease = await desk.lease()
    assert (lease.source.max_pages, lease.source.priority) == (7, 9)
    async with carried_out(desk, order(source, "cancel")) as refused:
        assert refused == []
    assert await desk.status(source) == "running"
    await desk.queue.untake([lease])
    assert await desk.queue.completed() == [source.source_id]


async def test_each_order_is_logged_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """An operator can read later who was capped at how many pages, and when."""
    source = await desk.source("https://a.example/", "/1")
    steps = (order(source, "pause"), order(source, "cap", value=7), order(source, "priority", value=9))
    with caplog.at_level("INFO", "alonchat_crawl.control.verbs.steering"):
        async with carried_out(desk, *steps) as refused:
            assert refused == []
    said = [record.getMessage() for record in caplog.records if record.name.endswith("steering")]
    assert said == [f"{source.url}: {what}" for what in ("pause", "cap 7", "priority 9")]


async def test_a_source_with_nothing_in_work_ends_at_once(desk: Desk) -> None:
    """Its cancellation is written down by whoever carried the order out."""
    source = await desk.source("https://a.example/")
    async with carried_out(desk, order(source, "cancel")) as refused:
        assert refused == []
    assert await desk.status(source) == "cancelled"


@pytest.mark.parametrize(
    ("changed", "reason", "said"),
    [
        ({"project_id": "beta"}, "unknown source", "The frontier knows no source"),
        ({"source_id": "no-such"}, "unknown source", "The frontier knows no source"),
        ({"action": "explode"}, "bad order", "action: "),
        ({"action": "cap"}, "bad order", "cap needs a value from 1 to"),
        ({"action": "priority", "value": 11}, "bad order", "priority needs a value from 1 to 10"),
        ({"source_id": ""}, "bad order", "source_id: "),
        ({"source_id": None}, "bad order", "source_id: "),
    ],
)
async def test_what_cannot_be_carried_out(
    desk: Desk, changed: dict[str, object], reason: str, said: str
) -> None:
    """Such an order becomes a dead letter with its reason; nobody else's source is touched."""
    source = await desk.source("https://a.example/")
    async with carried_out(desk, order(source, "pause") | changed, order(source, "cap", value=3)) as refused:
        [(why, sentence)] = refused
    assert why == reason
    assert said in sentence
    progress = await desk.queue.progress(source.source_id)
    assert progress is not None
    assert (progress.state, progress.source.max_pages) == ("running", 3)


@pytest.mark.parametrize("raw", ["{", "[]", "null", "\\ud800", "[" * 100_000])
async def test_nonsense(desk: Desk, raw: str) -> None:
    """What is no JSON object becomes a dead letter, too."""
    async with carried_out(desk, raw) as refused:
        [(why, sentence)] = refused
    assert why == "bad order"
    assert sentence.startswith("the message is ")
