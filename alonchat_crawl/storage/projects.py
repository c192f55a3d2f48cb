"""What becomes of a project as a whole: which vectors it is searched by, and whether by an index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES

Pool = AsyncConnectionPool[AsyncConnection]

BATCH_CHUNKS = 64  # embedded anew at once: under a minute's work lost when the process is killed
FIRST = {"after_source": UUID(int=0), "after": UUID(int=0)}  # before all others
BATCH_WINDOWS = 5000  # deleted at once, so that no lock is held for long

# Built beside everything that goes on (PostgreSQL, "Building Indexes Concurrently"). A partial index, and no
# partition: nothing is moved, nobody waits, and for a project's queries the planner finds it all the same.
# m and ef_construction are pgvector's defaults.
_CREATE_INDEX = """create index concurrently if not exists {name} on public.chunk_embeddings
    using hnsw (embedding halfvec_cosine_ops) where project_id = {project} and scheme_id = {scheme}"""
_DROP_INDEX = sql.SQL("drop index concurrently if exists public.{name}")


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project as the operator sees it."""

    id: UUID
    name: str
    scheme_id: int | None
    scheme: str | None
    """What it is searched by; None before its first page."""
    windows: int
    """Of that scheme."""
    indexed: bool
    """Whether an HNSW index of its own is there and valid."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk that lacks a scheme's vectors, and what is embedded of it."""

    id: UUID
    project_id: UUID
    source_id: UUID
    title: str
    heading_path: list[str]
    content: str


async def read_projects(pool: Pool, only: UUID | None = None) -> list[ProjectRecord]:
    """Return all projects, or one, by name. Counts their windows: a second for each million."""
    with translated():
        async with (
            pool.connection() as connection,
            connection.cursor(row_factory=class_row(ProjectRecord)) as cursor,
        ):
            await cursor.execute(QUERIES["projects"], {"only": only})
            return await cursor.fetchall()


async def projects_between(pool: Pool, first: UUID, last: UUID, most: int) -> list[UUID]:
    """Return the lowest ids of projects in a range."""
    row = {"first": first, "last": last, "count": most}
    with translated():
        async with pool.connection() as connection:
            found = await (await connection.execute(QUERIES["projects_between"], row)).fetchall()
    return [project_id for (project_id,) in found]


async def promote(pool: Pool, project: ProjectRecord) -> bool:
    """Give a project an HNSW index of its own, while it is written to and searched; False where it has one.

    Takes some 25 s for 50,000 windows. From then on each of its windows takes some 5 ms to store.
    """
    if project.indexed or project.scheme_id is None:
        return False
    name = _index_name(project)
    with translated():
        async with pool.connection() as connection:
            # What an interrupted build left is invalid, and would only cost.
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
    """Search a project exactly again; False where it was."""
    if not project.indexed:
        return False
    with translated():
        async with pool.connection() as connection:
            name = _index_name(project)
            await connection.execute(_DROP_INDEX.format(name=name))
    return True


def _index_name(project: ProjectRecord) -> sql.Identifier:
    return sql.Identifier(f"idx_hnsw_{project.id.hex}_{project.scheme_id}")


async def unembedded(pool: Pool, project_id: UUID, scheme: str) -> AsyncIterator[list[Unembedded]]:
    """Yield chunks that lack the scheme's vectors, in batches, until none does.

    Each batch is asked for when the one before has been dealt with, and begins behind it. What was missed, or
    changed by a crawl meanwhile, comes in the next pass; the last pass finds nothing.
    """
    asked: dict[str, Any] = {"project_id": project_id, "scheme": scheme, "count": BATCH_CHUNKS}
    place, fresh = FIRST, True
    while True:
        with translated():
            async with (
                pool.connection() as connection,
                connection.cursor(row_factory=class_row(Unembedded)) as cursor,
            ):
                await cursor.execute(QUERIES["unembedded_chunks"], asked | place)
                batch = await cursor.fetchall()
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

    Raises GiveUp where a chunk was deleted meanwhile; nothing is stored then.
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
    with translated():
        async with pool.connection() as connection, connection.pipeline(), connection.transaction():
            await connection.execute(QUERIES["add_scheme"], columns)
            await connection.execute(QUERIES["insert_embeddings"], columns)


async def serve(pool: Pool, project_id: UUID, scheme: str) -> bool:
    """Search a project by a scheme once no chunk lacks its vectors; then delete the others' ones and index.

    Return whether all of it is searched by that scheme now.
    """
    asked = {"project_id": project_id, "scheme": scheme, "count": BATCH_WINDOWS}
    with translated():
        async with pool.connection() as connection:
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
