"""Writes a completed source to Postgres. The first worker to notice does it; doing it again does no harm."""

import logging
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError

from alonchat_crawl.errors import Outage, Retry
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage.sources import finish_crawl

logger = logging.getLogger(__name__)


def saw_everything(progress: SourceProgress) -> bool:
    """Whether the crawl saw the whole source, so that a page that it did not meet must be gone.

    It did not if it met a limit or a fault: a page that only the failed page links to may still exist.
    """
    return progress.pages > 0 and all(map(_saw_whole, progress.reasons))


def _saw_whole(counted: str) -> bool:
    """Judge one `outcome:reason`; by the outcome alone if the reason is another version's."""
    outcome, _, spelling = counted.partition(":")
    reason = Reason.known(spelling)
    if outcome == Outcome.DEAD:
        return reason is not None and reason.saw_whole(Outcome.DEAD)
    return outcome != Outcome.REFUSED or reason is None or reason.saw_whole(Outcome.REFUSED)


async def close_source(
    shards: Shards, queue: FrontierQueue, pool: AsyncConnectionPool, source_id: UUID
) -> SourceProgress | None:
    """Write a completed source's status and counts; return None if there is nothing to write.

    It may be called again. Raises errors.Outage if Postgres does not answer: the source then stays listed as
    completed. Raises errors.Unreadable if somebody else wrote into the source's keys.
    """
    progress = await queue.progress(source_id)
    if progress is None:
        await queue.forget(source_id)
    if progress is None or progress.state not in {"completed", "cancelled"}:
        return None
    succeeded = progress.pages > 0
    cancelled = progress.state == "cancelled"
    gone = await finish_crawl(
        pool,
        progress.source,
        "cancelled" if cancelled else "completed" if succeeded else "failed",
        progress.counts,
        "" if succeeded or cancelled else progress.first_failure or "no page with text was found",
        unreached_are_gone=saw_everything(progress),
    )
    await shards.close(queue, progress.source)
    if gone:
        logger.info("%d pages of %s are gone", gone, progress.source.url)
    return progress


async def close_or_set_aside(
    shards: Shards, queue: FrontierQueue, pool: AsyncConnectionPool, source_id: UUID
) -> SourceProgress | None:
    """Close a source. If it cannot be closed, whatever the reason, set it aside as a dead letter.

    Raises errors.Outage or redis.RedisError, since the next source would meet them as well.
    """
    try:
        return await close_source(shards, queue, pool, source_id)
    except (Outage, RedisError, OSError):
        raise
    except Retry as error:  # Postgres refused it, but may take it later
        logger.warning("Source %s cannot be closed yet: %s", source_id, error)
    except Exception as error:
        logger.exception("Source %s cannot be closed: it is set aside as a dead letter", source_id)
        await queue.set_aside(source_id, f"it cannot be closed: {error}")
    return None
