"""A source of one project in each state of its life, all that is held of it, and a worker's lists."""

import asyncio
import json
from typing import Any

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.control.message_lists import inboxes_of
from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Lease, Source
from alonchat_crawl.storage import sources as rows_of
from alonchat_crawl.worker.tasks import end_tasks
from tests.integration.conftest import Desk
from tests.support.lists import unread_by

URL = "https://a.example/"
BETA = as_uuid("beta")
STATES = ("opening", "running", "leased", "paused", "completed", "closed")
DEAD = Ending(Outcome.DEAD, Reason.http(500), "it failed")


async def bring(desk: Desk, source: Source, state: str) -> Lease | None:
    """Bring a source that was just started to a state; return its lease where it has one."""
    if state in {"leased", "completed", "closed"}:
        lease = await desk.lease()
        await asyncio.sleep(0.05)  # what was remembered of its domain is forgotten
        if state == "leased":
            return lease
        await desk.end(lease, DEAD.outcome, DEAD.reason, DEAD.detail)
    if state == "closed":
        await close_source(desk.shards, desk.queue, desk.pool, source.source_id)
    if state == "paused":
        assert await desk.queue.pause(source)
    await asyncio.sleep(0.05)  # what was remembered of its domain is forgotten
    return None


async def victim_in(desk: Desk, state: str) -> tuple[Source, Lease | None]:
    """A source of alpha in a state, by the id that its project and URL give it."""
    asked = Seed.of({"url": URL, "project": "alpha"}).source(desk.settings())
    if state != "opening":
        source = await desk.source(URL)
        return source, await bring(desk, source, state)
    _, source = await desk.queue.open(asked)
    await rows_of.begin_crawl(desk.pool, source)
    return source, None


async def everything(desk: Desk) -> dict[str, Any]:
    """All that the frontier and the database hold, but for dead letters of messages."""
    redis = desk.queue.redis
    found: dict[str, Any] = {}
    for pattern in (f"{desk.queue.keys.prefix}:*", "home:*"):
        async for key in redis.scan_iter(pattern):
            if key.decode().removeprefix(f"{desk.queue.keys.prefix}:") not in {
                "dead",
                "dead_bytes",
                "dead_evicted",
            }:
                found[key.decode()] = (await redis.dump(key), await redis.pttl(key) >= 0)
    letters = DeadLetters(desk.shards).find(LetterFilter())
    found["letters"] = [letter async for letter in letters if not letter.seed]
    async with desk.pool.connection() as connection:
        for table in ("projects", "sources", "pages"):
            cursor = await connection.execute(f"select t::text from public.{table} t order by 1")  # noqa: S608
            found[table] = await cursor.fetchall()
    return found


async def read_lists(desk: Desk, key: str, *messages: object, closing: bool = False) -> list[Source]:
    """Push messages, and let a worker read its lists until none is left; return what it admitted.

    With `closing` a worker closes what is done meanwhile.
    """
    admitted: list[Source] = []
    redis = desk.queue.redis
    await awaited(redis.lpush(key, *map(json.dumps, messages))) if messages else None
    inboxes = inboxes_of(desk.shards, desk.pool, desk.settings(), admitted.append)
    tasks = [asyncio.create_task(inbox.run()) for inbox in inboxes]
    try:
        async with asyncio.timeout(30):
            while await unread_by(redis, key):
                for source_id in await desk.queue.completed() if closing else ():
                    await close_source(desk.shards, desk.queue, desk.pool, source_id)
                await asyncio.sleep(0.02)
    finally:
        await end_tasks(tasks)
        for inbox in inboxes:
            await inbox.leave()
    return admitted
