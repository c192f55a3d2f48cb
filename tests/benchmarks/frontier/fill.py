"""A frontier filled and worked off through its own API, without workers: every call on it stands here."""

from uuid import UUID, uuid4

from redis.asyncio import Redis

from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Kind, Link, Source
from alonchat_crawl.urls import origin_of

TENANTS = 100
TAKEN_AT_ONCE = 16  # WORKER_CONCURRENCY's default
SEEN_KEYS = "f2:*:seen:*"


def front_page(number: int) -> str:
    """Return the start URL of a source; each has a registrable domain of its own."""
    return f"https://www.shop-{number:05d}.example/"


def urls(number: int, count: int) -> list[str]:
    """Return further URLs of a source."""
    return [f"{front_page(number)}products/category-{item % 10}/item-{item:06d}" for item in range(count)]


def queue_of(redis: Redis) -> FrontierQueue:
    """Return the frontier of a Redis."""
    return FrontierQueue(redis, lease_seconds=30, max_attempts=5, dead_letters_max=100_000)


async def fill(queue: FrontierQueue, sources: int, urls_each: int) -> list[Source]:
    """Open sources of TENANTS projects and queue `urls_each` URLs of each, its front page included."""
    opened = []
    for number in range(sources):
        source = Source(
            source_id=uuid4(),
            project_id=UUID(int=number % TENANTS),
            crawl_id=uuid4(),
            url=front_page(number),
            project_name=f"tenant-{number % TENANTS}",
            max_pages=10_000,
            max_depth=50,
        )
        await queue.open(source)
        await queue.start(source)
        await tell(queue, source, urls(number, urls_each - 1))
        opened.append(source)
    return opened


async def tell(queue: FrontierQueue, source: Source, found: list[str]) -> None:
    """Add links to a source, as after a page that has them."""
    links = [Link(url, Kind.PAGE, 1) for url in found]
    await queue.add(source, links, (origin_of(source.url),))


async def work_off(queue: FrontierQueue, count: int) -> int:
    """Take, release and settle about `count` URLs as a worker does, with no pace; return how many."""
    done = 0
    while done < count:
        taken = await queue.take(TAKEN_AT_ONCE)
        if not taken.leases:
            raise RuntimeError(f"nothing could be taken after {done} URLs")
        await queue.release(
            Release(lease.id, lease.domain, elapsed_seconds=0.0, pace_seconds=0.0, sign=1)
            for lease in taken.leases
        )
        await queue.settle([(lease, Ending(Outcome.STORED)) for lease in taken.leases])
        done += len(taken.leases)
    return done
