"""The whole frontier: which shard a source lives in, and which one keeps a domain's pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

from redis.asyncio import Redis
from scrapy.settings import BaseSettings
from scrapy.utils.misc import load_object

from alonchat_crawl.errors import StartupError
from alonchat_crawl.frontier.domains import url_domain
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import Source, SourceProgress

COUNT_KEY = "frontier:shards"


@dataclass(frozen=True, slots=True)
class Standing:
    """A source for people to look at: how far it is, since when, and whether it is about to end."""

    progress: SourceProgress
    started_at: datetime | None
    """None while it is opening."""
    ends: str
    """Why nothing more of it is fetched (`cancelled`, `max_pages`); empty while more is."""


class Shards:
    """All shards. A source lives in that of its start URL's domain, with all its URLs, wherever they lie.

    The pace of a domain is kept in the domain's own shard: a URL from another one has to reserve it there.
    """

    def __init__(self, queues: Sequence[FrontierQueue]) -> None:
        self.queues = queues

    @classmethod
    def from_settings(cls, settings: BaseSettings, redis: Redis) -> "Shards":
        """Build as many queues as FRONTIER_SHARDS says."""
        queue_class: type[FrontierQueue] = load_object(settings["SCHEDULER_QUEUE_CLASS"])
        count = settings.getint("FRONTIER_SHARDS")
        return cls([queue_class.from_settings(settings, redis, shard) for shard in range(count)])

    def of_domain(self, domain: str) -> FrontierQueue:
        """The shard that keeps a domain's pace."""
        return self.queues[crc32(domain.encode()) % len(self.queues)]

    async def home(self, source: Source) -> FrontierQueue:
        """The shard of a source, which it keeps until it is closed, whatever URL a later seed gives it."""
        home = self.of_domain(url_domain(source.url))
        if len(self.queues) == 1:
            return home
        shard = home.keys.shard
        claimed = await home.redis.set(f"home:{source.source_id}", shard, nx=True, get=True)
        return self.queues[shard if claimed is None else int(claimed)]

    async def close(self, queue: FrontierQueue, source_id: UUID) -> None:
        """Note that a source's end is written to Postgres."""
        if await queue.close(source_id) and len(self.queues) > 1:
            await awaited(queue.redis.delete(f"home:{source_id}"))

    async def find(self, source_id: UUID) -> tuple[FrontierQueue, SourceProgress] | None:
        """A source that the frontier knows, with its shard; None for any other."""
        for queue in self.queues:
            if (progress := await queue.progress(source_id)) is not None:
                return queue, progress
        return None

    async def standing(self, source_id: UUID) -> Standing | None:
        """How a source that the frontier knows stands; None for any other."""
        found = await self.find(source_id)
        return None if found is None else await _standing(*found)

    async def standings(self) -> list[Standing]:
        """Those that run or are paused, and those that are done but not yet written to Postgres."""
        found: list[Standing] = []
        for queue in self.queues:
            # One that completes between the two questions is in both answers.
            known = {*await queue.open_sources(), *await queue.completed()}
            found += [
                await _standing(queue, progress)
                for source_id in known
                if (progress := await queue.progress(source_id)) is not None
            ]
        return found

    async def knows(self, source_id: UUID) -> bool:
        """Whether a source is open, or its end is still kept."""
        return any([await queue.redis.exists(queue.keys.source(source_id)) for queue in self.queues])

    async def open_count(self) -> int:
        """How many sources run or are paused."""
        return sum([await queue.open_count() for queue in self.queues])

    async def check(self) -> None:
        """Make sure that all workers agree on the number of shards; raises StartupError.

        The number may change while no source is open.
        """
        redis, count = self.queues[0].redis, len(self.queues)
        before = int(await redis.set(COUNT_KEY, count, nx=True, get=True) or count)
        if before == count:
            return
        for prefix in (f"f:{{{shard}}}" for shard in range(before)):
            if await redis.exists(f"{prefix}:running") or await redis.exists(f"{prefix}:completed"):
                raise StartupError(
                    f"FRONTIER_SHARDS={count}, but this Redis holds open sources in {before} shards: "
                    f"set it to {before}, or change it when they are done."
                )
        await redis.set(COUNT_KEY, count)


async def _standing(queue: FrontierQueue, progress: SourceProgress) -> Standing:
    key = queue.keys.source(progress.source.source_id)
    started_ms, ends = await awaited(queue.redis.hmget(key, ["started_ms", "ends"]))
    started_at = datetime.fromtimestamp(int(started_ms) / 1000, UTC) if started_ms else None
    return Standing(progress, started_at, (ends or b"").decode())
