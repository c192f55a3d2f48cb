"""Writes pages: a page's row, its chunks and their vectors change together or not at all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alonchat_crawl.errors import Retry
from alonchat_crawl.extract import EXTRACTION_VERSION
from alonchat_crawl.identity import chunk_id, page_id, text_key
from alonchat_crawl.items import (
    Chunk,
    ChunkedPage,
    CleanPage,
    EmbeddedChunk,
    EmbeddedPage,
    Provenance,
    StoredPage,
)
from alonchat_crawl.reasons import Reason
from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.pool import Pool, rowcount, scalar
from alonchat_crawl.storage.queries import QUERIES


class NamedChunk(NamedTuple):
    """A chunk with its id and the key of its text."""

    id: UUID
    key: bytes
    chunk: Chunk


def _as_fetched(page: CleanPage, scheme: str) -> dict[str, Any]:
    """Return the parameters of `touch_page`."""
    seen = page.provenance
    return {
        "page_id": page_id(seen.source_id, seen.url),
        "content_sha256": page.content_sha256,
        "embedding_scheme": scheme,
        "etag": seen.etag,
        "last_modified": seen.last_modified,
        "links": list(page.links),
        "extraction": EXTRACTION_VERSION,
        "crawl_id": seen.crawl_id,
        "fetched_at": seen.fetched_at,
    }


def _row(page: CleanPage, scheme: str) -> dict[str, Any]:
    return _as_fetched(page, scheme) | {
        "project_id": page.provenance.project_id,
        "source_id": page.provenance.source_id,
        "url": page.provenance.url,
        "title": page.title,
        "description": page.description,
        "language": page.language,
        "content_type": page.content_type.value,
        "published_at": page.published_at,
        "modified_at": page.modified_at,
        "low_quality": page.low_quality,
        "removed": Jsonb(dict(page.removed)),
        "signals": Jsonb(dict(page.signals)),
    }


def _page_id(page: CleanPage) -> UUID:
    return page_id(page.provenance.source_id, page.provenance.url)


def _named(page: CleanPage, chunks: Sequence[Chunk]) -> Iterator[NamedChunk]:
    owner = _page_id(page)
    seen: Counter[bytes] = Counter()
    for chunk in chunks:
        key = text_key(page.title, chunk.heading_path, chunk.content)
        yield NamedChunk(chunk_id(owner, key, seen[key]), key, chunk)
        seen[key] += 1


async def touch_unchanged(pool: Pool, page: CleanPage, scheme: str) -> bool:
    """If the same text is stored with the same embedding scheme, note the fetch and return True."""
    return await rowcount(pool, "touch_page", **_as_fetched(page, scheme)) == 1


async def stored_by_crawl(pool: Pool, seen: Provenance) -> bool:
    """Return whether this page's run has stored it already."""
    asked = {"page_id": page_id(seen.source_id, seen.url), "crawl_id": seen.crawl_id}
    return bool(await scalar(pool, "stored_by_crawl", **asked))


async def known_chunks(pool: Pool, page: ChunkedPage, scheme: str) -> dict[int, EmbeddedChunk]:
    """Return, by position, the chunks whose text is already embedded in their project.

    Chunks that the page already holds come without vectors, since they need not be written either.
    """
    seen = page.page.provenance
    with translated():
        named = list(_named(page.page, page.chunks))
        asked = {
            "page_id": page_id(seen.source_id, seen.url),
            "project_id": seen.project_id,
            "scheme": scheme,
            "ids": [each.id for each in named],
            "keys": [each.key for each in named],
        }
        async with pool.connection() as connection:
            rows = await (await connection.execute(QUERIES["known_chunks"], asked)).fetchall()
    own = {found for found, _, _, vectors in rows if vectors is None}
    tokens = {key: count for _, key, count, _ in rows}
    vectors = {key: found for _, key, _, found in rows if found is not None}
    known: dict[int, EmbeddedChunk] = {}
    for each in named:
        if each.id in own:
            known[each.chunk.position] = EmbeddedChunk(each.chunk, tokens[each.key], None)
        elif each.key in vectors:
            stacked = np.stack([vector.to_numpy() for vector in vectors[each.key]]).astype(np.float32)
            known[each.chunk.position] = EmbeddedChunk(each.chunk, tokens[each.key], stacked)
    return known


async def store(pool: Pool, pages: Sequence[EmbeddedPage], scheme: str) -> list[StoredPage]:
    """Replace stored pages in one transaction; the last commit wins.

    It takes one round trip, and one more if chunks stay as they are. If it raises Retry or GiveUp, nothing is
    stored.
    """
    batch = Batch(scheme)
    with translated():
        # Each page once, since it may have been fetched by two URLs. In the order of ids, since two workers
        # that store the same pages in different orders would deadlock.
        for _, page in sorted({_page_id(page.page): page for page in pages}.items()):
            batch.add(page)
        async with pool.connection() as connection:
            await batch.write(connection)
    return [
        StoredPage(
            page.page.provenance,
            len(page.chunks),
            sum(len(each.vectors) for each in page.chunks if each.vectors is not None),
        )
        for page in pages
    ]


class Batch:
    """Pages as columns of values, which Postgres unnests into rows."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._pages: list[dict[str, Any]] = []
        self._ids: list[UUID] = []
        self._moved: list[tuple[Any, ...]] = []
        self._chunks: list[tuple[Any, ...]] = []
        self._embeddings: list[tuple[Any, ...]] = []

    def add(self, page: EmbeddedPage) -> None:
        row = _row(page.page, self._scheme)
        self._pages.append(row)
        named = _named(page.page, [embedded.chunk for embedded in page.chunks])
        for (name, key, chunk), embedded in zip(named, page.chunks, strict=True):
            place = (chunk.position, chunk.start, chunk.end)
            self._ids.append(name)
            if embedded.vectors is None:
                self._moved.append((name, *place, row["content_type"]))
                continue
            self._chunks.append((
                name, row["project_id"], row["source_id"], row["page_id"], *place, page.page.title,
                "\x1f".join(chunk.heading_path), chunk.content, row["content_type"], embedded.token_count,
                key, chunk.sketch,
            ))  # fmt: skip
            for index, vector in enumerate(embedded.vectors):
                self._embeddings.append(
                    (name, row["project_id"], row["source_id"], index, HalfVector(vector))
                )

    async def write(self, connection: AsyncConnection) -> None:
        """Write all pages in one transaction. Raises Retry if a chunk that should stay is gone."""
        scheme = {"scheme": self._scheme}
        projects = sorted({row["project_id"] for row in self._pages})
        async with connection.pipeline() as pipeline, connection.transaction():
            await connection.execute(QUERIES["add_scheme"], scheme)
            for row in self._pages:
                await connection.execute(QUERIES["upsert_page"], row)
            await connection.execute(QUERIES["serve_first_scheme"], scheme | {"projects": projects})
            pages = {"pages": [row["page_id"] for row in self._pages], "ids": self._ids}
            await connection.execute(QUERIES["delete_chunks"], pages)
            if self._moved:
                names = ("ids", "positions", "starts", "ends", "content_types")
                moved = await connection.execute(QUERIES["move_chunks"], _columns(names, self._moved))
                await pipeline.sync()
                if moved.rowcount != len(self._moved):  # another worker stored other text meanwhile
                    raise Retry(Reason.POSTGRES, "The page was changed while it was being read.")
            if self._chunks:
                await connection.execute(
                    QUERIES["insert_chunks"],
                    _columns(
                        ("ids", "projects", "sources", "pages", "positions", "starts", "ends", "titles",
                         "headings", "contents", "content_types", "tokens", "keys", "sketches"),
                        self._chunks,
                    ),
                )  # fmt: skip
                names = ("chunks", "projects", "sources", "windows", "vectors")
                await connection.execute(
                    QUERIES["insert_embeddings"], _columns(names, self._embeddings) | scheme
                )


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
