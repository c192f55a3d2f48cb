"""Pause, resume, cancel, cap or prioritise a source that is being crawled.

Each function changes the frontier first, then the source's row, and returns the source as it is then. It may
be called again. With `project_id` it touches no other project's source. It raises GiveUp with a sentence if
the source cannot be steered, and errors.Outage or redis.RedisError if a server is away.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import PAGES_MOST, Source, SourceProgress
from alonchat_crawl.storage.pool import Pool
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


async def pause(shards: Shards, pool: Pool, source_id: UUID, project_id: UUID | None = None) -> Source:
    """Fetch nothing more of the source until it is resumed."""
    queue, progress = await _found(shards, source_id, project_id)
    _check(progress, accepted=await queue.pause(progress.source))
    await set_status(pool, progress.source, "paused")
    return await _done("pause", shards, queue, pool, progress.source)


async def resume(shards: Shards, pool: Pool, source_id: UUID, project_id: UUID | None = None) -> Source:
    """Go on with a source that was paused."""
    queue, progress = await _found(shards, source_id, project_id)
    _check(progress, accepted=await queue.resume(progress.source))
    await set_status(pool, progress.source, "running")
    return await _done("resume", shards, queue, pool, progress.source)


async def cancel(shards: Shards, pool: Pool, source_id: UUID, project_id: UUID | None = None) -> Source:
    """End the source as soon as the pages in work are done."""
    queue, progress = await _found(shards, source_id, project_id)
    if progress.ends == Reason.CANCELLED or progress.state == "cancelled":
        return progress.source  # another worker read the same order
    _check(progress, accepted=await queue.cancel(progress.source))
    return await _done("cancel", shards, queue, pool, progress.source)


async def cap(
    shards: Shards, pool: Pool, source_id: UUID, pages: int, project_id: UUID | None = None
) -> Source:
    """Let the source have at most so many pages, stored or unchanged; it ends if it has them already."""
    return await _amended(f"cap {pages}", shards, pool, source_id, project_id, max_pages=pages)


async def prioritise(
    shards: Shards, pool: Pool, source_id: UUID, priority: int, project_id: UUID | None = None
) -> Source:
    """Set the source's share of the turns, 1 to 10: with 10 it gets twice as many as with 5."""
    return await _amended(f"priority {priority}", shards, pool, source_id, project_id, priority=priority)


_VERBS: Mapping[Action, Callable[..., Coroutine[Any, Any, Source]]] = {
    Action.PAUSE: pause,
    Action.RESUME: resume,
    Action.CANCEL: cancel,
    Action.CAP: cap,
    Action.PRIORITY: prioritise,
}


async def steer(
    shards: Shards, pool: Pool, action: Action, source_id: UUID, number: int, project_id: UUID | None
) -> Source:
    """Call the function for an action; `number`, within RANGES, counts only for actions that take one."""
    numbers = (number,) if action in RANGES else ()
    return await _VERBS[action](shards, pool, source_id, *numbers, project_id=project_id)


async def _found(
    shards: Shards, source_id: UUID, project_id: UUID | None
) -> tuple[FrontierQueue, SourceProgress]:
    found = await shards.find(source_id, project_id)
    if found is None:
        raise GiveUp(Reason.UNKNOWN_SOURCE, f"The frontier knows no source {source_id}.")
    return found


def _check(progress: SourceProgress, *, accepted: bool) -> None:
    """Raise GiveUp if the frontier refused an action."""
    if not accepted:
        state = progress.state
        why = "is only being opened" if state == "opening" else f"has ended already ({state})"
        raise GiveUp(Reason.SOURCE_NOT_OPEN, f"Source {progress.source.source_id} {why}.")


async def _amended(
    what: str, shards: Shards, pool: Pool, source_id: UUID, project_id: UUID | None, **limits: int
) -> Source:
    queue, progress = await _found(shards, source_id, project_id)
    amended = replace(progress.source, **limits)  # type: ignore[arg-type] # max_pages or priority
    _check(progress, accepted=await queue.amend(amended))
    await amend_crawl(pool, amended)
    return await _done(what, shards, queue, pool, amended)


async def _done(what: str, shards: Shards, queue: FrontierQueue, pool: Pool, source: Source) -> Source:
    """Close the source if it has ended: it may have had nothing in work, and perhaps no worker runs.

    Log the action last: an order that meets an outage is carried out again, and must be logged once.
    """
    if source.source_id in await queue.completed():
        await close_source(shards, queue, pool, source.source_id)
    logger.info("%s: %s", source.url, what)
    return source
