"""The one place that opens clients of Redis and Postgres."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Self, cast
from weakref import ref

from pgvector.psycopg import register_vector_async
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.servers import embedded
from alonchat_crawl.servers.checked_pool import CheckedPool
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key
from alonchat_crawl.servers.preflight import TIMEOUT_SECONDS, check_postgres, check_redis
from alonchat_crawl.signals import entry_unreadable
from alonchat_crawl.storage.migrate import migrate

REDIS_RETRIES = 6  # with the waits below about 9 s in all, longer than a restart takes
REDIS_BACKOFF_SECONDS = 0.1  # × 2^n
REDIS_MAX_BACKOFF_SECONDS = 3.0
REDIS_HEALTH_CHECK_SECONDS = 30


def redis_url(settings: BaseSettings) -> str:
    """Return REDIS_URL; if it is unset, start the embedded Valkey and return its URL. Raises StartupError."""
    return settings["REDIS_URL"] or embedded.redis_url(Path(settings["ALONCHAT_DATA_DIR"]))


def open_redis(settings: BaseSettings) -> Redis:
    """Return a client of the server at REDIS_URL, or of its cluster. Raises StartupError.

    The client repeats a command whose reply was lost, so commands must be safe to run twice.
    """
    url = redis_url(settings)
    client: type[Redis] = cast("type[Redis]", RedisCluster) if check_redis(url) else Redis
    return client.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=REDIS_HEALTH_CHECK_SECONDS,
        retry=Retry(
            ExponentialBackoff(cap=REDIS_MAX_BACKOFF_SECONDS, base=REDIS_BACKOFF_SECONDS), REDIS_RETRIES
        ),
    )


def database_url(settings: BaseSettings) -> str:
    """Check and return DATABASE_URL; if it is unset, start and migrate the embedded Postgres.

    Raises StartupError.
    """
    if settings["DATABASE_URL"]:
        check_postgres(settings["DATABASE_URL"])
        return str(settings["DATABASE_URL"])
    url = embedded.database_url(Path(settings["ALONCHAT_DATA_DIR"]))
    migrate(url)
    return url


def check(settings: BaseSettings) -> None:
    """Check that both servers answer and that Postgres has our tables. Raises StartupError."""
    check_redis(redis_url(settings))
    database_url(settings)


class Connections(PerCrawler):
    """A crawler's clients: opened at first use, closed when its engine has stopped."""

    def __init__(self, settings: BaseSettings, on_damaged_key: OnDamagedKey = ignore_damaged_key) -> None:
        self._settings = settings
        self._on_damaged_key = on_damaged_key
        self._redis: Redis | None = None
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Report damaged keys by the signal `entry_unreadable`."""
        return cls(crawler.settings, partial(_send, ref(crawler)))

    @property
    def redis(self) -> Redis:
        """The client that `open_redis` returns."""
        if self._redis is None:
            self._redis = open_redis(self._settings)
        return self._redis

    def report_damaged_key(self, key: str, why: str, aside: str) -> None:
        """Report a key that was set aside, so that the frontier keeps a dead letter of it."""
        self._on_damaged_key(key, why, aside)

    async def postgres(self) -> AsyncConnectionPool:
        """Return the open pool, which commits each statement and knows vectors. Raises StartupError."""
        async with self._opening:
            if self._pool is None:
                pool = CheckedPool(
                    await asyncio.to_thread(database_url, self._settings),
                    min_size=1,
                    max_size=self._settings.getint("POSTGRES_POOL_MAX"),
                    open=False,
                    # Behind a transaction pooler, each transaction may get another session: prepare nothing.
                    kwargs={
                        "prepare_threshold": None,
                        "autocommit": True,
                        "connect_timeout": TIMEOUT_SECONDS,
                    },
                    configure=register_vector_async,
                )
                await pool.open()
                self._pool = pool
            return self._pool

    async def close(self) -> None:
        """Close what was opened."""
        if self._redis is not None:
            await self._redis.aclose()
        if self._pool is not None:
            await self._pool.close()
        self._redis = self._pool = None


def _send(of: ref[Crawler], key: str, why: str, aside: str) -> None:
    if (crawler := of()) is not None:
        crawler.signals.send_catch_log(entry_unreadable, key=key, why=why, aside=aside)
