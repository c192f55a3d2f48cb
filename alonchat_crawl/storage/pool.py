"""Takes connections from the pool and translates their errors; runs named queries, one transaction each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES

Record = TypeVar("Record")
Pool = AsyncConnectionPool[AsyncConnection]


@asynccontextmanager
async def connected(pool: Pool) -> AsyncIterator[AsyncConnection]:
    """Take a connection; commit at the end. Raises Outage, Retry or GiveUp in place of psycopg's errors."""
    with translated():
        async with pool.connection() as connection:
            yield connection


async def rowcount(pool: Pool, query: str, /, **parameters: Any) -> int:
    """Run a query; return how many rows it found or wrote."""
    async with connected(pool) as connection:
        return (await connection.execute(QUERIES[query], parameters)).rowcount


async def values(pool: Pool, query: str, /, **parameters: Any) -> list[Any]:
    """Run a query; return the first value of each row."""
    async with connected(pool) as connection:
        return [row[0] for row in await (await connection.execute(QUERIES[query], parameters)).fetchall()]


async def scalar(pool: Pool, query: str, /, **parameters: Any) -> Any:
    """Run a query; return the first value of its first row, None if there is no row."""
    return next(iter(await values(pool, query, **parameters)), None)


async def records(pool: Pool, kind: type[Record], query: str, /, **parameters: Any) -> list[Record]:
    """Run a query; return its rows, each as a record whose fields are named as its columns."""
    async with connected(pool) as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(QUERIES[query], parameters)
        return await cursor.fetchall()
