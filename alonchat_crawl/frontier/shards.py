"""All shards: which one a source lives in, and which one keeps a domain's pace."""

import logging
from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from scrapy.settings import BaseSettings
from scrapy.utils.misc import load_object

from alonchat_crawl.errors import StartupError, Unreadable
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.frontier.domains import Domains, url_domain
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.transitions import Audited, awaited
from alonchat_crawl.redis_keys import COMPLETED, HOME, RUNNING, SHARD_COUNT, every_key_pattern, prefix_of
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key
from alonchat_crawl.sources import Source, SourceProgress

logger = logging.getLogger(__name__)


async def agreed_count(asked: Awaitable[Any]) -> int | None:
    """The number of shards that the workers agreed on; raises StartupError if it cannot be read."""
    try:
        found = await asked
        return None if found is None else int(found)
    except (ResponseError, ValueError):
        raise StartupError(
            f"{SHARD_COUNT.of()} in Redis is no number: "
            "set it to the workers' FRONTIER_SHARDS (redis-cli SET)."
        ) from None


class Shards:
    """All shards. A source lives in the shard of its start URL's domain, with all its URLs of any domain.

    A domain's pace is kept in the domain's shard. A URL that lives in another shard must reserve the domain
    there.
    """

    def __init__(self, queues: Sequence[FrontierQueue]) -> None:
        self.queues = queues

    @classmethod
    def from_settings(
        cls,
        settings: BaseSettings,
        redis: Redis,
        space: str = "",
        *,
        resolver: Resolver | None = None,
        on_damaged_key: OnDamagedKey = ignore_damaged_key,
    ) -> "Shards":
        """Build FRONTIER_SHARDS queues; a private frontier, whose name is `space`, has one.

        They look up names with `resolver` if it is given, else with a new one. `on_damaged_key` is called for
        each damaged key that they set aside.
        """
        queue_class: type[FrontierQueue] = load_object(settings["SCHEDULER_QUEUE_CLASS"])
        domains = Domains()
        if settings.getbool("THROTTLE_BY_ADDRESS"):
            domains = Domains(redis, resolver or Resolver.from_settings(settings), on_damaged_key)
        count = 1 if space else settings.getint("FRONTIER_SHARDS")
        return cls(
            [queue_class.from_settings(settings, redis, domains, shard, space) for shard in range(count)]
        )

    def of_domain(self, domain: str) -> FrontierQueue:
        """The shard that keeps a domain's pace."""
        return self.queues[crc32(domain.encode()) % len(self.queues)]

    async def home(self, source: Source) -> FrontierQueue:
        """The shard of a source. It stays the same until the source is closed, even if its URL changes."""
        home = self.of_domain(url_domain(source.url))
        return await self.claim(home, source.source_id)

    async def claim(self, home: FrontierQueue, source_id: UUID) -> FrontierQueue:
        """Put a source into the shard `home`, unless it lives in another already; return its shard."""
        if len(self.queues) == 1:
            return home
        shard = home.keys.shard
        try:
            claimed = await home.redis.set(HOME.of(source=source_id), shard, nx=True, get=True)
            return {queue.keys.shard: queue for queue in self.queues}[
                shard if claimed is None else int(claimed)
            ]
        except (ResponseError, ValueError, KeyError):  # no worker wrote this value
            logger.error("The home of source %s cannot be read: it is shard %d now", source_id, shard)  # noqa: TRY400
            await home.redis.set(HOME.of(source=source_id), shard)
            return home

    async def close(self, queue: FrontierQueue, source: Source) -> None:
        """Note that Postgres has a run's end."""
        if await queue.close(source) and len(self.queues) > 1:
            await awaited(queue.redis.delete(HOME.of(source=source.source_id)))

    async def abandon(self, queue: FrontierQueue, source: Source) -> None:
        """Forget a source that could not be opened."""
        if await queue.abandon(source) and len(self.queues) > 1:
            await awaited(queue.redis.delete(HOME.of(source=source.source_id)))

    async def find(
        self, source_id: UUID, project_id: UUID | None = None
    ) -> tuple[FrontierQueue, SourceProgress] | None:
        """A source's shard and progress; None if the frontier does not know it. Raises errors.Unreadable.

        If `project_id` is given, sources of other projects count as unknown.
        """
        for queue in self.queues:
            progress = await queue.progress(source_id)
            if progress is not None and project_id in {None, progress.source.project_id}:
                return queue, progress
        return None

    async def progresses(self) -> dict[UUID, SourceProgress | Unreadable]:
        """All sources that run, are paused, are done but not yet written to Postgres, or are set aside."""
        found: dict[UUID, SourceProgress | Unreadable] = {}
        for queue in self.queues:
            for source_id in await queue.unreadable_sources():
                found[source_id] = Unreadable(f"source {source_id}", "it is set aside")
            # A set, since a source that completes between the two calls is in both results.
            for source_id in {*await queue.open_sources(), *await queue.completed()}:
                try:
                    progress = await queue.progress(source_id)
                except Unreadable as error:
                    found[source_id] = error
                else:
                    found |= {source_id: progress} if progress else {}
        return found

    async def audit(self, source: str | bytes) -> Audited:
        """Repair a source's places in the lists; return whether it is known, unknown or set aside."""
        answers = [await queue.audit(source) for queue in self.queues]
        return Audited.KNOWN if Audited.KNOWN in answers else min(answers)

    async def tidy(self) -> None:
        """Audit every member of the lists of sources, so that what is no source is set aside."""
        for queue in self.queues:
            for member in await queue.listed():
                await queue.audit(member)

    async def set_aside(self, source_id: UUID, detail: str) -> bool:
        """Set aside a source that cannot be read; False if the frontier does not know it."""
        return any([await queue.set_aside(source_id, detail) for queue in self.queues])

    async def erase(self) -> None:
        """Delete all keys of a private frontier."""
        redis, pattern = self.queues[0].redis, every_key_pattern(self.queues[0].keys.prefix)
        keys = [key async for key in redis.scan_iter(pattern, count=1000)]
        for key in keys:
            await redis.unlink(key)

    async def check(self) -> None:
        """Make sure that all workers agree on the number of shards; raises StartupError.

        The number may change while no source is open.
        """
        redis, count = self.queues[0].redis, len(self.queues)
        before = await agreed_count(redis.set(SHARD_COUNT.of(), count, nx=True, get=True)) or count
        if before == count:
            return
        for prefix in map(prefix_of, range(before)):
            if await redis.exists(RUNNING.of(shard=prefix), COMPLETED.of(shard=prefix)):
                raise StartupError(
                    f"FRONTIER_SHARDS={count}, but this Redis holds open sources in {before} shards: "
                    f"set it to {before}, or change it when they are done."
                )
        await redis.set(SHARD_COUNT.of(), count)
