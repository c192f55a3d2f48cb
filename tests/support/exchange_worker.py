"""A worker whose engine stores each page at once, and what a test waits for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError

from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from alonchat_crawl.urls import origin_of
from alonchat_crawl.worker.exchange import Exchange

PAGES = 120
BOUND_SECONDS = 20.0
"""For what comes to pass in a moment, on a machine that does much else."""


def url_of(number: int) -> str:
    """A page of a site on five domains."""
    return f"https://d{number % 5}.example/{number}"


def links_of(url: str) -> list[Link]:
    """Each page of it leads to two others, and back to the first."""
    number = int(url.rsplit("/", 1)[1])
    return [Link(url_of(n), Kind.PAGE, 1) for n in (2 * number + 1, 2 * number + 2, 0) if n < PAGES]


class Worker:
    """An exchange, and an engine that stores each page at once."""

    def __init__(
        self, redis: Redis, *, lease_seconds: float = 60.0, room: int = 4, poll_seconds: float = 0.05
    ) -> None:
        self.queue = FrontierQueue(redis, lease_seconds=lease_seconds, max_attempts=99, dead_letters_max=9)
        self.fetched: list[str] = []
        self.links_of: Callable[[str], list[Link]] = links_of
        self.most = room
        self.exchange = Exchange(
            self.queue,
            completed=lambda: None,
            only=None,
            poll_seconds=poll_seconds,
        )

    async def run(self) -> None:
        """Exchange until cancelled."""
        await self.exchange.run(lambda: self.most - len(self.exchange.held), self.fetch)

    async def fetch(self, leases: list[Lease]) -> None:
        """Fetch what was delivered."""
        outbox = self.exchange.outbox
        for lease in leases:
            self.fetched.append(lease.url)
            outbox.releases.append((Release(lease.id, lease.domain, 0.0, 0.0), monotonic()))
            for link in self.links_of(lease.url):
                outbox.add(lease, link)
            outbox.endings[lease] = Ending(Outcome.STORED)
        self.exchange.wake()

    async def keep_leases(self) -> None:
        """Extend and reap, as the upkeep does."""
        while True:
            with suppress(RedisError, OSError):
                for lost in await self.queue.extend([lease for lease, _ in self.exchange.held.values()]):
                    self.exchange.held.pop(lost, None)
                if (await self.queue.reap())[0]:
                    self.exchange.wake()
            await asyncio.sleep(0.2)

    async def open(self, url: str = url_of(0), *more: str) -> Source:
        """Open a source, with further pages queued."""
        source = Source(uuid4(), uuid4(), uuid4(), url, "p", 10_000, 99)
        await self.queue.open(source)
        await self.queue.start(source)
        await self.queue.add(source, [Link(one, Kind.PAGE, 1) for one in more], (origin_of(url),))
        return source

    async def counts(self, source: Source) -> dict[str, int]:
        """How its URLs ended; empty while any has not."""
        progress = await self.queue.progress(source.source_id)
        assert progress is not None
        return dict(progress.counts) if progress.state == "completed" else {}


@asynccontextmanager
async def at_work(*workers: Worker) -> AsyncIterator[None]:
    """The workers run and listen."""
    works = [(one.run(), one.exchange.listen(), one.keep_leases()) for one in workers]
    runs = [asyncio.create_task(work) for own in works for work in own]
    try:
        yield
    finally:
        pending = set(runs)
        while pending:  # redis-py's connection handling now and then swallows a cancellation
            for run in pending:
                run.cancel()
            _, pending = await asyncio.wait(pending, timeout=0.1)


async def until(met: Callable[[], bool | Awaitable[object]]) -> None:
    """Return when something has come to pass."""
    async with asyncio.timeout(BOUND_SECONDS):
        while not (met() if isinstance(result := met(), bool) else await result):  # noqa: ASYNC110 - a server has no event
            await asyncio.sleep(0.01)


def client(url: str, retries: int = 1) -> Redis:
    """A client that repeats a command, but not for as long as the real one."""
    return Redis.from_url(url, retry=Retry(ConstantBackoff(0.01), retries))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings so far, by their first words."""
    return [record.getMessage()[:15] for record in caplog.records if record.levelname == "WARNING"]
