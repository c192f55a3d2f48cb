"""How seeds become open sources: one at a time from the terminal, or read from the web app's list."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, Retry
from alonchat_crawl.frontier.queue import FrontierQueue, Opened, awaited
from alonchat_crawl.frontier.seed import Seed
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl

logger = logging.getLogger(__name__)


async def admit(queue: FrontierQueue, pool: AsyncConnectionPool, source: Source) -> tuple[Opened, Source]:
    """Open a source: in Redis, then its row in Postgres, then let it run with its start URL.

    Every step may be repeated, by any worker: one that dies half way is carried on from the seed,
    which is removed last. Returns the run in effect. Raises errors.Retry or errors.GiveUp.
    """
    asked = source
    opened, source = await queue.open(asked, urlsplit(asked.url).netloc)
    if source.project_id != asked.project_id:
        raise GiveUp("wrong project", f"source {source.source_id} belongs to another project")
    if opened is Opened.RUNNING and source != (amended := replace(asked, crawl_id=source.crawl_id)):
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

    WAIT_SECONDS = 5

    def __init__(
        self,
        queue: FrontierQueue,
        pool: AsyncConnectionPool,
        settings: BaseSettings,
        *,
        key: str,
        admitted: Callable[[Source], None],
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._settings = settings
        self._key = key
        self._admitted = admitted
        self._most_sources = settings.getint("MAX_QUEUE_SIZE")

    async def run(self) -> None:
        """Read seeds until cancelled; Redis or Postgres being away is waited out."""
        waiting = ""
        while True:
            try:
                await self._wait_for_room()
                # Moving the last element to where it is: a blocking look, atomic, which takes nothing.
                look = self._queue.redis.blmove(self._key, self._key, self.WAIT_SECONDS, "RIGHT", "RIGHT")
                raw = await awaited(look)
                if raw is not None:
                    await self._read(raw)
                waiting = ""
            except (Retry, RedisError, OSError) as error:
                if str(error) != waiting:
                    logger.warning("Seeds wait: %s", error)
                waiting = str(error)
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Reading seeds failed; going on")
                await asyncio.sleep(1)

    async def _wait_for_room(self) -> None:
        if (await self._queue.totals()).sources >= self._most_sources:
            raise Retry("full", f"{self._most_sources} sources are open (MAX_QUEUE_SIZE)")

    async def _read(self, raw: bytes) -> None:
        try:
            opened, source = await admit(self._queue, self._pool, Seed.parse(raw).source(self._settings))
        except (Retry, RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it must not hold up the others
            await self._reject(raw, error)
            return
        if opened is Opened.CLOSING:
            raise Retry("closing", f"the last crawl of {source.url} is being written down")
        if opened is Opened.RUNNING:
            logger.info("%s is being crawled already; its seed sets the limits", source.url)
        await awaited(self._queue.redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        self._admitted(source)

    async def _reject(self, raw: bytes, error: Exception) -> None:
        """Move a seed that cannot be used to the dead letters: written there before it leaves the list."""
        logger.warning("A seed cannot be used: %s", error)
        letter = json.dumps(
            {
                "seed": raw.decode(errors="replace")[:10_000],
                "reason": getattr(error, "reason", "bad seed"),
                "detail": str(error),
                "at_ms": int(time.time() * 1000),
            }
        )
        redis, dead = self._queue.redis, self._queue.keys.dead
        await awaited(redis.lpush(dead, letter))
        removed = await awaited(redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        if removed == 0:  # another worker rejected it meanwhile
            await awaited(redis.lrem(dead, 1, letter))
        await awaited(redis.ltrim(dead, 0, self._queue.dead_letters_max - 1))
