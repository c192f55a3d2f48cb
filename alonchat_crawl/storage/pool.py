"""A connection out of the pool, whose errors are ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.storage.faults import translated

Pool = AsyncConnectionPool[AsyncConnection]


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[AsyncConnection]:
    """Hold a connection; commit at the end. Raises Outage, Retry or GiveUp in place of psycopg's errors."""
    with translated():
        async with pool.connection() as connection:
            yield connection
