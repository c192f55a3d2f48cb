"""Writes pages: a page's row, its chunks and their vectors change together or not at all."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.identity import chunk_id, page_id
from alonchat_crawl.items import CleanPage, EmbeddedPage, Provenance, StoredPage
from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES

Pool = AsyncConnectionPool[AsyncConnection]

# Binary COPY converts nothing, so each column's type is told.
_CHUNK_TYPES = ("uuid", "uuid", "uuid", "uuid", "int4", "text", "text[]", "text", "int4")
_EMBEDDING_TYPES = ("uuid", "uuid", "uuid", "int4", "halfvec")


def _visit(page: CleanPage, scheme: str) -> dict[str, Any]:
    """Return what `touch_page` compares and notes."""
    seen = page.provenance
    return {
        "page_id": page_id(seen.source_id, seen.url),
        "content_sha256": page.content_sha256,
        "embedding_scheme": scheme,
        "etag": seen.etag,
        "last_modified": seen.last_modified,
        "crawl_id": seen.crawl_id,
        "fetched_at": seen.fetched_at,
    }


def _row(page: CleanPage, scheme: str) -> dict[str, Any]:
    return _visit(page, scheme) | {
        "project_id": page.provenance.project_id,
        "source_id": page.provenance.source_id,
        "url": page.provenance.url,
        "title": page.title,
        "language": page.language,
        "content_type": page.content_type.value,
        "low_quality": page.low_quality,
        "removed": Jsonb(dict(page.removed)),
    }


def _chunk_rows(page: EmbeddedPage, owner: UUID) -> Iterable[Sequence[Any]]:
    of, kind = page.page.provenance, page.page.content_type.value
    for embedded in page.chunks:
        chunk = embedded.chunk
        yield (chunk_id(owner, chunk.position), of.project_id, of.source_id, owner, chunk.position,
               chunk.content, list(chunk.heading_path), kind, embedded.token_count)  # fmt: skip


def _embedding_rows(page: EmbeddedPage, owner: UUID) -> Iterable[Sequence[Any]]:
    of = page.page.provenance
    for embedded in page.chunks:
        chunk = chunk_id(owner, embedded.chunk.position)
        for index, vector in enumerate(embedded.vectors):
            yield chunk, of.project_id, of.source_id, index, HalfVector(vector)


async def _copy(
    connection: AsyncConnection, sql: bytes, types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    async with connection.cursor() as cursor, cursor.copy(sql) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)


async def touch_unchanged(pool: Pool, page: CleanPage, scheme: str) -> bool:
    """Note the visit and return True where the same text is already stored under the same embedding."""
    with translated():
        async with pool.connection() as connection:
            return (await connection.execute(QUERIES["touch_page"], _visit(page, scheme))).rowcount == 1


async def stored_by_crawl(pool: Pool, seen: Provenance) -> bool:
    """Return True where the crawl that saw this page has it stored already."""
    asked = {"page_id": page_id(seen.source_id, seen.url), "crawl_id": seen.crawl_id}
    with translated():
        async with pool.connection() as connection:
            cursor = await connection.execute(QUERIES["stored_by_crawl"], asked)
            row = await cursor.fetchone()
            return row is not None and bool(row[0])


async def store(pool: Pool, page: EmbeddedPage, scheme: str) -> StoredPage:
    """Put the page in place of what was stored of it, in one transaction; the last commit wins.

    No temporary table: one a page would bloat Postgres' catalogue. Raises Retry or GiveUp.
    """
    row = _row(page.page, scheme)
    owner: UUID = row["page_id"]
    with translated():
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(QUERIES["upsert_page"], row)
            await connection.execute(QUERIES["delete_chunks"], row)
            await _copy(connection, QUERIES["copy_chunks"], _CHUNK_TYPES, _chunk_rows(page, owner))
            await _copy(
                connection, QUERIES["copy_embeddings"], _EMBEDDING_TYPES, _embedding_rows(page, owner)
            )
    return StoredPage(page.page.provenance, len(page.chunks), sum(len(each.vectors) for each in page.chunks))
