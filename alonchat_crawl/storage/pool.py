"""Takes connections from the pool, and translates their errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.storage.faults import translated

Pool = AsyncConnectionPool[AsyncConnection]


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[AsyncConnection]:
    """Take a connection; commit at the end. Raises Outage, Retry or GiveUp in place of psycopg's errors."""
    with translated():
        async with pool.connection() as connection:
            yield connection
