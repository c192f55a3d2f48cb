"""What can be done to a source that is being crawled: in the frontier first, then in its row."""

import logging
from dataclasses import replace
from enum import StrEnum
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import PAGES_MOST, Source
from alonchat_crawl.storage.sources import amend_crawl, set_status

logger = logging.getLogger(__name__)


class Verb(StrEnum):
    """What to do."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CAP = "cap"
    PRIORITY = "priority"


RANGES = {Verb.CAP: (1, PAGES_MOST), Verb.PRIORITY: (1, 10)}
"""Verbs that take a number, with the least and the most that it may be."""


async def steer(
    shards: Shards,
    pool: AsyncConnectionPool,
    verb: Verb,
    source_id: UUID,
    number: int = 0,
    *,
    project_id: UUID | None = None,
) -> Source:
    """Do it, and return the source as it is then. May be repeated.

    Where `project_id` is given the source must be of that project. Raises GiveUp with a sentence where it
    cannot be done, errors.Outage and redis.RedisError where a server is away.
    """
    found = await shards.find(source_id, project_id)
    if found is None:
        raise GiveUp(Reason.UNKNOWN_SOURCE, f"The frontier knows no source {source_id}.")
    queue, progress = found
    source = progress.source
    if verb is Verb.CAP:
        source = replace(source, max_pages=number)
    elif verb is Verb.PRIORITY:
        source = replace(source, priority=number)
    if verb is Verb.CANCEL and (progress.ends == Reason.CANCELLED or progress.state == "cancelled"):
        return source  # another worker read the same order
    if not await _in_frontier(queue, verb, source):
        why = (
            "is only being opened" if progress.state == "opening" else f"has ended already ({progress.state})"
        )
        raise GiveUp(Reason.SOURCE_NOT_OPEN, f"Source {source_id} {why}.")
    await _in_postgres(shards, queue, pool, verb, source)
    logger.info("%s: %s %s", source.url, verb, number or "")
    return source


async def _in_frontier(queue: FrontierQueue, verb: Verb, source: Source) -> bool:
    match verb:
        case Verb.PAUSE:
            return await queue.pause(source)
        case Verb.RESUME:
            return await queue.resume(source)
        case Verb.CANCEL:
            return await queue.cancel(source)
        case Verb.CAP | Verb.PRIORITY:
            return await queue.amend(source)


async def _in_postgres(
    shards: Shards, queue: FrontierQueue, pool: AsyncConnectionPool, verb: Verb, source: Source
) -> None:
    match verb:
        case Verb.PAUSE:
            await set_status(pool, source, "paused")
        case Verb.RESUME:
            await set_status(pool, source, "running")
        case Verb.CAP | Verb.PRIORITY:
            await amend_crawl(pool, source)
    if source.source_id in await queue.completed():
        # It had nothing in work: should no worker run, nobody else would write its end.
        await close_source(shards, queue, pool, source.source_id)
