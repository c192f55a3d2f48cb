"""An operator's desk: commands as Scrapy parses and runs them, beside the frontier that they act on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis
from scrapy import cmdline
from scrapy.settings import Settings

from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from tests.support.knowledge import open_pool


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str


class Desk:
    """One shard of the frontier, Postgres, and a terminal."""

    def __init__(
        self,
        redis: Redis,
        pool: AsyncConnectionPool,
        values: dict[str, Any],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.queue = FrontierQueue(redis, lease_seconds=60, max_attempts=2, dead_letters_max=5)
        self.shards = Shards([self.queue])
        self.pool = pool
        self._values = values
        self._capsys = capsys

    def settings(self, **values: Any) -> Settings:
        """The project's settings with the test's own servers."""
        settings = Settings()
        settings.setmodule("alonchat_crawl.settings", priority="project")
        settings.setdict(self._values | values, priority="cmdline")
        return settings

    async def scrapy(self, *arguments: str, **values: Any) -> Done:
        """Run `scrapy …` in this process: in a thread, since it has an event loop of its own."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cmdline.execute, ["scrapy", *arguments], self.settings(**values))
        out, err = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    async def source(self, url: str, *paths: str, **seed: Any) -> Source:
        """Open a source as its seed would, with pages queued beside its start URL."""
        asked = Seed.of({"url": url, "project": "alpha", **seed}).source(self.settings())
        _, source = await admit(self.shards, self.pool, asked)
        links = [Link(f"{url.rstrip('/')}{path}", Kind.PAGE, 1) for path in paths]
        await self.queue.add(source, links)
        return source

    async def lease(self) -> Lease:
        """The one URL that can be taken now; its domain may be asked again at once."""
        [lease] = (await self.queue.take(10)).leases
        await self.queue.release([Release(lease.id, lease.domain, 0.0, 0.0)])
        return lease

    async def end(self, lease: Lease, outcome: Outcome, reason: str = "", detail: str = "") -> None:
        """End one lease; also with a reason of another version, or of whoever writes into Redis."""
        await self.queue.settle([(lease, Ending(outcome, cast("Reason", reason), detail))])

    async def status(self, source: Source) -> str:
        """What Postgres says of a source."""
        async with self.pool.connection() as connection:
            query = "select status from sources where id = %s"
            found = await (await connection.execute(query, [source.source_id])).fetchone()
        assert found is not None
        return str(found[0])


@pytest.fixture
async def desk(
    redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Desk]:
    """An empty frontier and database, and commands that use them."""
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "alonchat_crawl.settings")
    monkeypatch.delenv("COLUMNS", raising=False)
    values = {"REDIS_URL": redis_url, "DATABASE_URL": database_url}
    async with Redis.from_url(redis_url) as redis, open_pool(database_url) as pool:
        yield Desk(redis, pool, values, capsys)
