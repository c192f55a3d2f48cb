"""What the storage tests store: sources, pages and vectors that are easy to tell apart."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.identity import as_uuid
from alonchat_crawl.items import (
    Chunk,
    CleanPage,
    ContentType,
    EmbeddedChunk,
    EmbeddedPage,
    Provenance,
)
from alonchat_crawl.sources import Source

SCHEME = "test/1"
URL = "https://shop.example/help"


def unit(*axes: int) -> NDArray[np.float32]:
    """Return a vector (float32[384]) of length 1 between the given axes."""
    vector = np.zeros(384, np.float32)
    vector[list(axes)] = 1
    return vector / np.float32(np.linalg.norm(vector))


@dataclass(frozen=True)
class Piece:
    """A chunk to be stored: its text, its windows' axes and its headings."""

    content: str
    windows: Sequence[tuple[int, ...]] = ((0,),)
    headings: tuple[str, ...] = ()


def make_source(name: str = "shop", project: str = "alpha") -> Source:
    """Return a new run of a source."""
    return Source(
        source_id=as_uuid(f"{name} of {project}"),
        project_id=as_uuid(project),
        crawl_id=uuid4(),
        url="https://shop.example/",
        project_name=project,
        max_pages=100,
        max_depth=5,
    )


def again(source: Source) -> Source:
    """Return the source's next run."""
    return replace(source, crawl_id=uuid4())


def make_page(source: Source, *pieces: Piece, url: str = URL) -> EmbeddedPage:
    """Return a page ready to be stored, as the source's run found it."""
    markdown = "\n\n".join(piece.content for piece in pieces)
    clean = CleanPage(
        provenance=Provenance(
            url=url,
            fetched_url=url,
            project_id=source.project_id,
            source_id=source.source_id,
            crawl_id=source.crawl_id,
            fetched_at=datetime.now(UTC),
            etag='"1"',
        ),
        title=f"Title of {url}",
        language="en",
        content_type=ContentType.DOCUMENTATION,
        markdown=markdown,
        content_sha256=hashlib.sha256(markdown.encode()).digest(),
        removed={"hidden": 2},
        signals={"hidden": 2, "instructions": 1},
    )
    chunks = tuple(
        EmbeddedChunk(
            chunk=Chunk(
                position=position,
                content=piece.content,
                heading_path=piece.headings,
                start=markdown.index(piece.content),
                end=markdown.index(piece.content) + len(piece.content),
            ),
            token_count=len(piece.content.split()),
            vectors=np.stack([unit(*axes) for axes in piece.windows]),
        )
        for position, piece in enumerate(pieces)
    )
    return EmbeddedPage(clean, chunks)


@asynccontextmanager
async def open_pool(database_url: str) -> AsyncIterator[AsyncConnectionPool[AsyncConnection]]:
    """Open a pool as the crawler does."""
    pool = AsyncConnectionPool[AsyncConnection](
        database_url,
        kwargs={"autocommit": True, "prepare_threshold": None},
        configure=register_vector_async,
        min_size=1,
        max_size=4,
        open=False,
    )
    async with pool:
        yield pool


def rows(database_url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return a query's rows, asked as the owner."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def count(database_url: str, table: str, source_id: UUID) -> int:
    """Return how many rows of a table are the source's."""
    found = rows(database_url, f"select count(*) from {table} where source_id = %s", source_id)  # noqa: S608
    return int(found[0][0])
