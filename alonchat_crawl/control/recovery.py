"""Opens sources again that Redis has lost. Postgres knows every source whose crawl has not ended."""

import json
import logging
from secrets import token_hex

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError

from alonchat_crawl.control.opening import admit
from alonchat_crawl.errors import GiveUp, Outage, Retry
from alonchat_crawl.frontier.codec import decode_source, readable
from alonchat_crawl.frontier.locks import take_lock
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Audited
from alonchat_crawl.redis_keys import RECOVERY_LOCK
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import SourceRecord, fail_source, unfinished_sources

logger = logging.getLogger(__name__)

OPTIONS = frozenset({"max_pages", "max_depth", "include", "exclude", "path_prefix", "priority", "files"})
"""The options in a source's row that its run goes by."""
SET_ASIDE = "what Redis held of it could not be read and is set aside: crawl it again"
EVERY_SECONDS = 20


async def recover(shards: Shards, pool: AsyncConnectionPool) -> list[Source]:
    """Open the sources again that run according to Postgres but that no shard knows; return them.

    In a restart Redis may lose its last second, or everything. A source that was set aside ends as failed,
    and waits until somebody looks at it. Only one worker does this, every EVERY_SECONDS. Raises errors.Outage
    or redis.RedisError.
    """
    token = token_hex(8).encode()
    if not await take_lock(shards.queues[0].redis, RECOVERY_LOCK.of(), token, EVERY_SECONDS * 1000):
        return []
    await shards.tidy()
    recovered = []
    for record in await unfinished_sources(pool):
        try:
            source = await _recovered(shards, pool, record)
        except (Outage, RedisError, OSError):
            raise
        except Exception as error:  # whatever is wrong with its row, the others must not wait for it
            logger.exception("The crawl of source %s cannot begin again", record.id)
            if not isinstance(error, Retry):
                await fail_source(pool, record.id, f"its crawl cannot go on: {error}")
            continue
        recovered += [source] if source else []
    return recovered


async def _recovered(shards: Shards, pool: AsyncConnectionPool, record: SourceRecord) -> Source | None:
    """Open one source again; return None if it need not or cannot be opened."""
    known = await shards.audit(str(record.id))
    if known is Audited.SET_ASIDE:
        await fail_source(pool, record.id, SET_ASIDE)
    source = source_of(record) if known is Audited.UNKNOWN else None
    if source is None:
        return None
    logger.warning("Redis has lost the crawl of %s: it begins again", source.url)
    try:
        _, running = await admit(shards, pool, source)
    except GiveUp as error:  # erased meanwhile
        logger.warning("The crawl of %s cannot begin again: %s", source.url, error)
        return None
    if record.status == "paused":
        await (await shards.home(running)).pause(running)
    return source


def source_of(record: SourceRecord) -> Source | None:
    """The run in the row; None if no worker has begun one yet.

    Raises errors.Unreadable if somebody else wrote into the row.
    """
    with readable(f"the row of source {record.id}"):
        options = dict(record.options)
        if record.crawl_id is None or not {"max_pages", "max_depth"} <= options.keys():
            return None
        known = {name: value for name, value in options.items() if name in OPTIONS}
        return decode_source(
            json.dumps(
                {
                    "source_id": str(record.id),
                    "project_id": str(record.project_id),
                    "crawl_id": str(record.crawl_id),
                    "kind": record.kind,
                    "url": record.url,
                    "project_name": record.project_name,
                    **known,
                }
            ).encode()
        )
