"""How seeds become open sources: one at a time from the terminal, or read from the web app's list."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, Outage, Retry
from alonchat_crawl.frontier.letters import bury_seed
from alonchat_crawl.frontier.seed import Seed
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, awaited
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl

logger = logging.getLogger(__name__)


async def admit(shards: Shards, pool: AsyncConnectionPool, asked: Source) -> tuple[Opened, Source]:
    """Open a source: in Redis, then its row in Postgres, then let it run with its start URL.

    Every step may be repeated, by any worker: one that dies half way is carried on from the seed,
    which is removed last. Returns the run in effect. Raises errors.Outage or errors.GiveUp.
    """
    queue = await shards.home(asked)
    opened, source = await queue.open(asked)
    if source.project_id != asked.project_id:
        raise GiveUp("wrong project", f"source {source.source_id} belongs to another project")
    if opened is Opened.RUNNING:
        amended = replace(asked, crawl_id=source.crawl_id, url=source.url)
        if source != amended:
            await queue.amend(amended)
        return opened, amended
    if opened is Opened.OPENING:
        try:
            await begin_crawl(pool, source)
        except GiveUp:
            await queue.abandon(source)
            raise
        await queue.start(source)
    return opened, source


class SeedReader:
    """Reads the web app's list, oldest first, with no delay and without ever taking a seed out early."""

    def __init__(
        self,
        shards: Shards,
        pool: AsyncConnectionPool,
        settings: BaseSettings,
        *,
        key: str,
        admitted: Callable[[Source], None],
    ) -> None:
        self._shards = shards
        self._redis = shards.queues[0].redis
        self._pool = pool
        self._settings = settings
        self._key = key
        self._admitted = admitted
        self._wait_seconds = settings.getint("FRONTIER_IDLE_POLL_SECONDS")
        self._most_sources = settings.getint("MAX_QUEUE_SIZE")

    async def run(self) -> None:
        """Read seeds until cancelled; Redis or Postgres being away is waited out."""
        waiting = ""
        while True:
            try:
                await self._wait_for_room()
                # Moving the last element to where it is: a blocking look, atomic, which takes nothing.
                look = self._redis.blmove(self._key, self._key, self._wait_seconds, "RIGHT", "RIGHT")
                raw = await awaited(look)
                if raw is not None:
                    await self._read(raw)
                waiting = ""
            except (Retry, Outage, RedisError, OSError) as error:
                if str(error) != waiting:
                    logger.warning("Seeds wait: %s", error)
                waiting = str(error)
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Reading seeds failed; going on")
                await asyncio.sleep(1)

    async def _wait_for_room(self) -> None:
        if await self._shards.open_count() >= self._most_sources:
            raise Retry("full", f"{self._most_sources} sources are open (MAX_QUEUE_SIZE)")

    async def _read(self, raw: bytes) -> None:
        try:
            opened, source = await admit(self._shards, self._pool, Seed.parse(raw).source(self._settings))
        except (Retry, Outage, RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it must not hold up the others
            await self._reject(raw, error)
            return
        if opened is Opened.CLOSING:
            raise Retry("closing", f"the last crawl of {source.url} is being written down")
        if opened is Opened.RUNNING:
            logger.info("%s is being crawled already; its seed sets the limits", source.url)
        await awaited(self._redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        self._admitted(source)

    async def _reject(self, raw: bytes, error: Exception) -> None:
        """Move a seed that cannot be used to the dead letters: written there before it leaves the list."""
        logger.warning("A seed cannot be used: %s", error)
        queue = self._shards.queues[0]
        reason = getattr(error, "reason", "bad seed")
        letter_id = await bury_seed(queue, self._key, raw, reason, str(error))
        removed = await awaited(self._redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        if removed == 0:  # another worker rejected it meanwhile
            await self._redis.xdel(queue.keys.dead, letter_id)
        elif not await self._redis.xrange(queue.keys.dead, letter_id, letter_id):
            # Redis restarted between the two, and lost the letter with its last second.
            await bury_seed(queue, self._key, raw, reason, str(error))
