"""The whole frontier: which shard a source lives in, and which one keeps a domain's pace."""

from collections.abc import Sequence
from uuid import UUID
from zlib import crc32

from redis.asyncio import Redis
from scrapy.settings import BaseSettings
from scrapy.utils.misc import load_object

from alonchat_crawl.errors import StartupError
from alonchat_crawl.frontier.domains import url_domain
from alonchat_crawl.frontier.keys import prefix_of
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import Source, SourceProgress

COUNT_KEY = "frontier:shards"


class Shards:
    """All shards. A source lives in that of its start URL's domain, with all its URLs, wherever they lie.

    The pace of a domain is kept in the domain's own shard: a URL from another one has to reserve it there.
    """

    def __init__(self, queues: Sequence[FrontierQueue]) -> None:
        self.queues = queues

    @classmethod
    def from_settings(cls, settings: BaseSettings, redis: Redis, space: str = "") -> "Shards":
        """Build as many queues as FRONTIER_SHARDS says; for a `space` that no other process reads, one."""
        queue_class: type[FrontierQueue] = load_object(settings["SCHEDULER_QUEUE_CLASS"])
        if space:
            return cls([queue_class.from_settings(settings, redis, space=space)])
        count = settings.getint("FRONTIER_SHARDS")
        return cls([queue_class.from_settings(settings, redis, shard) for shard in range(count)])

    def of_domain(self, domain: str) -> FrontierQueue:
        """The shard that keeps a domain's pace."""
        return self.queues[crc32(domain.encode()) % len(self.queues)]

    async def home(self, source: Source) -> FrontierQueue:
        """The shard of a source, which it keeps until it is closed, whatever URL a later seed gives it."""
        home = self.of_domain(url_domain(source.url))
        return await self.claim(home, source.source_id)

    async def claim(self, home: FrontierQueue, source_id: UUID) -> FrontierQueue:
        """Let a source live in a shard, unless it lives in one already; return that one."""
        if len(self.queues) == 1:
            return home
        shard = home.keys.shard
        claimed = await home.redis.set(f"home:{source_id}", shard, nx=True, get=True)
        return self.queues[shard if claimed is None else int(claimed)]

    async def close(self, queue: FrontierQueue, source: Source) -> None:
        """Note that a run's end is written to Postgres."""
        if await queue.close(source) and len(self.queues) > 1:
            await awaited(queue.redis.delete(f"home:{source.source_id}"))

    async def abandon(self, queue: FrontierQueue, source: Source) -> None:
        """Forget a source that could not be opened."""
        if await queue.abandon(source) and len(self.queues) > 1:
            await awaited(queue.redis.delete(f"home:{source.source_id}"))

    async def find(
        self, source_id: UUID, project_id: UUID | None = None
    ) -> tuple[FrontierQueue, SourceProgress] | None:
        """A source that the frontier knows, with its shard; None for any other.

        Where `project_id` is given, one of another project is not known.
        """
        for queue in self.queues:
            progress = await queue.progress(source_id)
            if progress is not None and project_id in {None, progress.source.project_id}:
                return queue, progress
        return None

    async def progresses(self) -> list[SourceProgress]:
        """Sources that run or are paused, and those that are done but not yet written to Postgres."""
        return [
            progress
            for queue in self.queues
            # One that completes between the two questions is in both answers.
            for source_id in {*await queue.open_sources(), *await queue.completed()}
            if (progress := await queue.progress(source_id)) is not None
        ]

    async def knows(self, source_id: UUID) -> bool:
        """Whether a source is open, or its end is still kept."""
        return any([await queue.redis.exists(queue.keys.source(source_id)) for queue in self.queues])

    async def erase(self) -> None:
        """Delete all keys of a frontier set apart, as this process has found them: nobody else reads it."""
        redis = self.queues[0].redis
        keys = [key async for key in redis.scan_iter(f"{self.queues[0].keys.prefix}:*", count=1000)]
        for key in keys:
            await redis.unlink(key)

    async def check(self) -> None:
        """Make sure that all workers agree on the number of shards; raises StartupError.

        The number may change while no source is open.
        """
        redis, count = self.queues[0].redis, len(self.queues)
        before = int(await redis.set(COUNT_KEY, count, nx=True, get=True) or count)
        if before == count:
            return
        for prefix in map(prefix_of, range(before)):
            if await redis.exists(f"{prefix}:running") or await redis.exists(f"{prefix}:completed"):
                raise StartupError(
                    f"FRONTIER_SHARDS={count}, but this Redis holds open sources in {before} shards: "
                    f"set it to {before}, or change it when they are done."
                )
        await redis.set(COUNT_KEY, count)
