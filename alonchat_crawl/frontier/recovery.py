"""What Redis lost altogether is crawled again: Postgres knows of every source that is not done."""

import logging

from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.seeds import admit
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import SourceRecord, unfinished_sources

logger = logging.getLogger(__name__)

LOCK_KEY = "frontier:recovery"
EVERY_SECONDS = 20


async def recover(shards: Shards, pool: AsyncConnectionPool) -> list[Source]:
    """Open sources again that Postgres has as running and no shard knows; return them.

    So ends a restart of Redis that lost its last second with a source in it, and one that lost everything.
    One worker looks every EVERY_SECONDS. Raises errors.Outage or redis.RedisError.
    """
    if not await shards.queues[0].redis.set(LOCK_KEY, 1, nx=True, ex=EVERY_SECONDS):
        return []
    recovered = []
    for record in await unfinished_sources(pool):
        source = source_of(record)
        if source is None or await shards.knows(source.source_id):
            continue
        logger.warning("Redis has lost the crawl of %s: it begins again", source.url)
        try:
            _, running = await admit(shards, pool, source)
        except GiveUp as error:  # erased meanwhile
            logger.warning("It cannot: %s", error)
            continue
        if record.status == "paused":
            await (await shards.home(running)).pause(running)
        recovered.append(source)
    return recovered


def source_of(record: SourceRecord) -> Source | None:
    """The run that is written down; None where no worker has begun one yet."""
    options = record.options
    if record.crawl_id is None or not {"max_pages", "max_depth"} <= options.keys():
        return None
    return Source(
        source_id=record.id,
        project_id=record.project_id,
        crawl_id=record.crawl_id,
        kind=record.kind,
        url=record.url,
        project_name=record.project_name,
        max_pages=options["max_pages"],
        max_depth=options["max_depth"],
        include=tuple(options.get("include", ())),
        exclude=tuple(options.get("exclude", ())),
        path_prefix=options.get("path_prefix", "/"),
        priority=options.get("priority", 5),
        files=options.get("files", False),
    )
