"""What can be done to a source that is being crawled: in the frontier first, then in its row.

Each function may be repeated, returns the source as it is then, and touches no other project's source if
`project_id` is given. Each raises GiveUp with a sentence if it cannot be done, and errors.Outage or
redis.RedisError if a server is away.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import PAGES_MOST, Source, SourceProgress
from alonchat_crawl.storage.sources import amend_crawl, set_status

logger = logging.getLogger(__name__)


class Action(StrEnum):
    """What an order or an operator asks for, by the name that both use."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CAP = "cap"
    PRIORITY = "priority"


RANGES: Mapping[Action, tuple[int, int]] = {Action.CAP: (1, PAGES_MOST), Action.PRIORITY: (1, 10)}
"""Actions that take a number, with the least and the most that it may be."""


async def pause(
    shards: Shards, pool: AsyncConnectionPool, source_id: UUID, project_id: UUID | None = None
) -> Source:
    """Fetch nothing more of the source until it is resumed."""
    queue, progress = await _found(shards, source_id, project_id)
    _done(Action.PAUSE, progress, accepted=await queue.pause(progress.source))
    await set_status(pool, progress.source, "paused")
    return await _closed(shards, queue, pool, progress.source)


async def resume(
    shards: Shards, pool: AsyncConnectionPool, source_id: UUID, project_id: UUID | None = None
) -> Source:
    """Go on with a source that was paused."""
    queue, progress = await _found(shards, source_id, project_id)
    _done(Action.RESUME, progress, accepted=await queue.resume(progress.source))
    await set_status(pool, progress.source, "running")
    return await _closed(shards, queue, pool, progress.source)


async def cancel(
    shards: Shards, pool: AsyncConnectionPool, source_id: UUID, project_id: UUID | None = None
) -> Source:
    """End the source with what is in work."""
    queue, progress = await _found(shards, source_id, project_id)
    if progress.ends == Reason.CANCELLED or progress.state == "cancelled":
        return progress.source  # another worker read the same order
    _done(Action.CANCEL, progress, accepted=await queue.cancel(progress.source))
    return await _closed(shards, queue, pool, progress.source)


async def cap(
    shards: Shards, pool: AsyncConnectionPool, source_id: UUID, pages: int, project_id: UUID | None = None
) -> Source:
    """Let the source store or confirm no more than so many pages; it ends if it has them."""
    queue, progress = await _found(shards, source_id, project_id)
    amended = replace(progress.source, max_pages=pages)
    return await _amended(Action.CAP, shards, queue, pool, progress, amended)


async def prioritise(
    shards: Shards, pool: AsyncConnectionPool, source_id: UUID, priority: int, project_id: UUID | None = None
) -> Source:
    """Give the source its share of the turns, 1 to 10: with 10 it gets twice those of 5."""
    queue, progress = await _found(shards, source_id, project_id)
    amended = replace(progress.source, priority=priority)
    return await _amended(Action.PRIORITY, shards, queue, pool, progress, amended)


async def steer(
    shards: Shards,
    pool: AsyncConnectionPool,
    action: Action,
    source_id: UUID,
    number: int = 0,
    *,
    project_id: UUID | None = None,
) -> Source:
    """Do what is named; `number` is for those that take one, and within RANGES."""
    match action:
        case Action.PAUSE:
            return await pause(shards, pool, source_id, project_id)
        case Action.RESUME:
            return await resume(shards, pool, source_id, project_id)
        case Action.CANCEL:
            return await cancel(shards, pool, source_id, project_id)
        case Action.CAP:
            return await cap(shards, pool, source_id, number, project_id)
        case Action.PRIORITY:
            return await prioritise(shards, pool, source_id, number, project_id)


async def _found(
    shards: Shards, source_id: UUID, project_id: UUID | None
) -> tuple[FrontierQueue, SourceProgress]:
    found = await shards.find(source_id, project_id)
    if found is None:
        raise GiveUp(Reason.UNKNOWN_SOURCE, f"The frontier knows no source {source_id}.")
    return found


def _done(action: Action, progress: SourceProgress, *, accepted: bool) -> None:
    if not accepted:
        state = progress.state
        why = "is only being opened" if state == "opening" else f"has ended already ({state})"
        raise GiveUp(Reason.SOURCE_NOT_OPEN, f"Source {progress.source.source_id} {why}.")
    logger.info("%s: %s", progress.source.url, action)


async def _amended(
    action: Action,
    shards: Shards,
    queue: FrontierQueue,
    pool: AsyncConnectionPool,
    progress: SourceProgress,
    amended: Source,
) -> Source:
    _done(action, progress, accepted=await queue.amend(amended))
    await amend_crawl(pool, amended)
    return await _closed(shards, queue, pool, amended)


async def _closed(shards: Shards, queue: FrontierQueue, pool: AsyncConnectionPool, source: Source) -> Source:
    """Write the source's end if it has ended: it had nothing in work, and perhaps no worker runs."""
    if source.source_id in await queue.completed():
        await close_source(shards, queue, pool, source.source_id)
    return source
