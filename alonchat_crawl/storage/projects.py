"""A project's vectors: which scheme it is searched by, and whether it has its own index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql

from alonchat_crawl.storage.pool import Pool, connected, records, values
from alonchat_crawl.storage.queries import QUERIES

BATCH_CHUNKS = 64  # embedded at once, so that a killed process loses less than a minute's work
FIRST = {"after_source": UUID(int=0), "after": UUID(int=0)}  # before all chunks
BATCH_WINDOWS = 5000  # deleted at once, so that no lock is held for long

# Built while the table is in use (PostgreSQL, "Building Indexes Concurrently"). A partial index rather than a
# partition: no row moves, no query waits, and the planner uses it for the project's queries. m and
# ef_construction are pgvector's defaults.
_CREATE_INDEX = """create index concurrently if not exists {name} on public.chunk_embeddings
    using hnsw (embedding halfvec_cosine_ops) where project_id = {project} and scheme_id = {scheme}"""
_DROP_INDEX = sql.SQL("drop index concurrently if exists public.{name}")


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project, as `scrapy projects` lists it."""

    id: UUID
    name: str
    scheme_id: int | None
    scheme: str | None
    """The scheme that it is searched by; None before its first page."""
    windows: int
    """Number of windows in that scheme."""
    indexed: bool
    """Whether it has a valid HNSW index of its own."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that lacks a scheme's vectors, with all the text that is embedded."""

    id: UUID
    project_id: UUID
    source_id: UUID
    title: str
    heading_path: list[str]
    content: str


async def read_projects(pool: Pool, only: UUID | None = None) -> list[ProjectRecord]:
    """Return all projects, or one, sorted by name. Counting windows takes 1 s per million."""
    return await records(pool, ProjectRecord, "projects", only=only)


async def projects_between(pool: Pool, first: UUID, last: UUID, most: int) -> list[UUID]:
    """Return the lowest ids of projects in a range, at most `most`."""
    return await values(pool, "projects_between", first=first, last=last, count=most)


async def promote(pool: Pool, project: ProjectRecord) -> bool:
    """Build an HNSW index for a project, which stays in use meanwhile; False if it has one.

    This takes about 25 s for 50,000 windows. From then on, storing a window of the project takes about 5 ms.
    """
    if project.indexed or project.scheme_id is None:
        return False
    name = _index_name(project)
    async with connected(pool) as connection:
        # An interrupted build leaves an invalid index, which is useless but slows down writes.
        await connection.execute(_DROP_INDEX.format(name=name))
        await connection.execute(
            sql.SQL(_CREATE_INDEX).format(
                name=name,
                project=sql.Literal(str(project.id)),
                scheme=sql.Literal(project.scheme_id),
            )
        )
    return True


async def demote(pool: Pool, project: ProjectRecord) -> bool:
    """Drop a project's index, so that searches are exact again; False if it has none."""
    if not project.indexed:
        return False
    async with connected(pool) as connection:
        name = _index_name(project)
        await connection.execute(_DROP_INDEX.format(name=name))
    return True


def _index_name(project: ProjectRecord) -> sql.Identifier:
    return sql.Identifier(f"idx_hnsw_{project.id.hex}_{project.scheme_id}")


async def unembedded(pool: Pool, project_id: UUID, scheme: str) -> AsyncIterator[list[Unembedded]]:
    """Yield the chunks that lack the scheme's vectors, in batches, until there are none.

    A batch is read only after the one before was consumed, and starts behind it. Chunks that a crawl added
    meanwhile are found by the next pass; the last pass finds none.
    """
    asked: dict[str, Any] = {"project_id": project_id, "scheme": scheme, "count": BATCH_CHUNKS}
    place, fresh = FIRST, True
    while True:
        batch = await records(pool, Unembedded, "unembedded_chunks", **asked, **place)
        if batch:
            yield batch
            place, fresh = {"after_source": batch[-1].source_id, "after": batch[-1].id}, False
        elif fresh:
            return
        else:
            place, fresh = FIRST, True


async def add_vectors(
    pool: Pool, chunks: Sequence[Unembedded], vectors: Sequence[NDArray[np.float32]], scheme: str
) -> None:
    """Store vectors (float32[windows, 384] per chunk) beside those of other schemes.

    Raises GiveUp, and stores nothing, if a chunk was deleted meanwhile.
    """
    rows = [
        (chunk, index, HalfVector(vector))
        for chunk, of_chunk in zip(chunks, vectors, strict=True)
        for index, vector in enumerate(of_chunk)
    ]
    columns = {
        "chunks": [chunk.id for chunk, _, _ in rows],
        "projects": [chunk.project_id for chunk, _, _ in rows],
        "sources": [chunk.source_id for chunk, _, _ in rows],
        "windows": [index for _, index, _ in rows],
        "vectors": [vector for _, _, vector in rows],
        "scheme": scheme,
    }
    async with connected(pool) as connection, connection.pipeline(), connection.transaction():
        await connection.execute(QUERIES["add_scheme"], columns)
        await connection.execute(QUERIES["insert_embeddings"], columns)


async def serve(pool: Pool, project_id: UUID, scheme: str) -> bool:
    """Let a project be searched by a scheme if no chunk lacks its vectors; delete other schemes' vectors.

    Return whether the whole project is now searched by that scheme.
    """
    asked = {"project_id": project_id, "scheme": scheme, "count": BATCH_WINDOWS}
    async with connected(pool) as connection:
        await connection.execute(QUERIES["serve_scheme"], asked)
        cursor = await connection.execute(QUERIES["is_served"], asked)
        if await cursor.fetchone() is None:
            return False
        await connection.execute(QUERIES["rename_scheme_of_pages"], asked)
        while (await connection.execute(QUERIES["delete_other_schemes"], asked)).rowcount:
            pass
        for (name,) in await (await connection.execute(QUERIES["stale_indexes"], asked)).fetchall():
            await connection.execute(_DROP_INDEX.format(name=sql.Identifier(name)))
    return True
