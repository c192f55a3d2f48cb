"""A project as a whole: by which vectors it is searched, and whether by an index of its own."""

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

BATCH_CHUNKS = 64  # embedded at once: a killed process loses less than a minute's work
FIRST = {"after_source": UUID(int=0), "after": UUID(int=0)}  # before all others
BATCH_WINDOWS = 5000  # deleted at once, so that no lock is held for long

# Built while the table is used (PostgreSQL, "Building Indexes Concurrently"). It is a partial index, not a
# partition: no row is moved, nobody waits, and the planner uses it for the project's queries.
# m and ef_construction are pgvector's defaults.
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
    """By which it is searched; None before its first page."""
    windows: int
    """Of that scheme."""
    indexed: bool
    """Whether it has a valid HNSW index of its own."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that lacks a scheme's vectors, with all that is embedded of it."""

    id: UUID
    project_id: UUID
    source_id: UUID
    title: str
    heading_path: list[str]
    content: str


async def read_projects(pool: Pool, only: UUID | None = None) -> list[ProjectRecord]:
    """Return all projects, or one, by name. Counting their windows takes 1 s a million."""
    return await records(pool, ProjectRecord, "projects", only=only)


async def projects_between(pool: Pool, first: UUID, last: UUID, most: int) -> list[UUID]:
    """Return the lowest ids of projects in a range."""
    return await values(pool, "projects_between", first=first, last=last, count=most)


async def promote(pool: Pool, project: ProjectRecord) -> bool:
    """Give a project an HNSW index of its own, while it is written to and searched; False if it has one.

    Takes some 25 s for 50,000 windows. From then on each of its windows takes some 5 ms to store.
    """
    if project.indexed or project.scheme_id is None:
        return False
    name = _index_name(project)
    async with connected(pool) as connection:
        # An interrupted build leaves an invalid index, which only costs.
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
    """Drop a project's index, so that it is searched exactly again; False if it has none."""
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

    A batch is read when the one before was dealt with, and begins after it. Chunks that a crawl added
    meanwhile come in the next pass; the last pass finds nothing.
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
    """Store vectors (float32[windows, 384] a chunk) beside those of other schemes.

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
    """Let a project be searched by a scheme, if no chunk lacks its vectors; delete those of other schemes.

    Return whether the whole project is searched by that scheme now.
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
