"""What an earlier run knows of a page, so that its site can say in one line that nothing has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.extract import EXTRACTION_VERSION
from alonchat_crawl.identity import page_id
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES

Pool = AsyncConnectionPool[AsyncConnection]


@dataclass(frozen=True, slots=True)
class Visit:
    """A stored page as it was last seen; it has at least one validator."""

    page_id: UUID
    etag: str | None
    """As sent; None where there was none."""
    last_modified: str | None
    """As sent; None where there was none."""
    embedding_scheme: str
    fetched_at: datetime
    """UTC, aware."""
    links: Sequence[str]
    """Canonical; those that may be followed."""


async def has_visits(pool: Pool, source: Source, scheme: str) -> bool:
    """Return whether `find_visit` may find a page of an earlier run; once False, it is for the whole run."""
    asked = {"source_id": source.source_id, "crawl_id": source.crawl_id, "embedding_scheme": scheme}
    with translated():
        async with pool.connection() as connection:
            row = await (await connection.execute(QUERIES["has_visits"], asked)).fetchone()
            return row is not None and bool(row[0])


async def find_visit(pool: Pool, source_id: UUID, url: str, scheme: str, max_days: int) -> Visit | None:
    """Return the visit of the page stored under a canonical URL, extracted and embedded as it would be now.

    None where there is none, it is gone, it has no validator, its links were not kept, or all of it was last
    read more than `max_days` ago.
    """
    asked = {
        "page_id": page_id(source_id, url),
        "embedding_scheme": scheme,
        "extraction": EXTRACTION_VERSION,
        "max_days": max_days,
    }
    with translated():
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(Visit)) as cursor:
            await cursor.execute(QUERIES["find_visit"], asked)
            return await cursor.fetchone()


async def touch_visit(pool: Pool, visit: Visit, crawl_id: UUID, seen_at: datetime) -> bool:
    """Note that a run found the page as it is stored; False where that is there no more."""
    noted: dict[str, Any] = {
        "page_id": visit.page_id,
        "etag": visit.etag,
        "last_modified": visit.last_modified,
        "embedding_scheme": visit.embedding_scheme,
        "crawl_id": crawl_id,
        "fetched_at": seen_at,
    }
    with translated():
        async with pool.connection() as connection:
            return (await connection.execute(QUERIES["touch_visit"], noted)).rowcount == 1
