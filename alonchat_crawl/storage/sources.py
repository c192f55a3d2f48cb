"""The rows of sources: how runs begin, pause, end and go on, and which pages are gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.identity import page_id
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pool import Pool, connected, records, rowcount, scalar, values
from alonchat_crawl.storage.queries import QUERIES

ERROR_MAX_CHARS = 1000
"""Longest reason why a run failed, which may quote a site."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source's row with its last run. A source that only the web app added has never run."""

    id: UUID
    project_id: UUID
    project_name: str
    crawl_id: UUID | None
    kind: str
    """`website` or `upload`."""
    url: str
    status: str
    """`queued`, `running`, `paused`, `completed`, `failed` or `cancelled`."""
    options: Mapping[str, Any]
    counts: Mapping[str, int]
    """URLs by outcome; empty until the run has ended."""
    error: str
    started_at: datetime | None
    finished_at: datetime | None


def _options(source: Source, more: Mapping[str, object] = MappingProxyType({})) -> Jsonb:
    return Jsonb(
        {
            "max_pages": source.max_pages,
            "max_depth": source.max_depth,
            "include": source.include,
            "exclude": source.exclude,
            "path_prefix": source.path_prefix,
            "priority": source.priority,
        }
        # Only if true: the options are compared with those of older runs, which do not have it.
        | ({"files": True} if source.files else {})
        | dict(more)
    )


def _text(error: str) -> str:
    return error[:ERROR_MAX_CHARS].replace("\0", "").encode(errors="replace").decode()


async def owner_of(pool: Pool, source_id: UUID) -> UUID | None:
    """Return the project that a source belongs to; None for an unknown one."""
    owner: UUID | None = await scalar(pool, "project_of_source", source_id=source_id)
    return owner


async def clear_squatted(pool: Pool, source: Source) -> None:
    """Delete pages that another project stored under this source's id, in batches. Safe to repeat."""
    row = {"source_id": source.source_id, "project_id": source.project_id}
    async with connected(pool) as connection:
        while (await connection.execute(QUERIES["delete_squatted_pages"], row)).rowcount:
            pass


async def begin_crawl(
    pool: Pool,
    source: Source,
    uploads: Sequence[str] = (),
    *,
    local: bool = False,
    evict: bool = False,
) -> None:
    """Note that the source is running. Every worker of the run may call it.

    `uploads` are the files of an upload; `local` means that only this process can read them. Raises GiveUp,
    and changes nothing, if the id is another project's. With `evict`, that project's row is deleted, since it
    had no right to the id.
    """
    row = {
        "source_id": source.source_id,
        "project_id": source.project_id,
        "name": source.project_name,
        "kind": source.kind,
        "url": source.url,
        "options": _options(
            source, ({"uploads": list(uploads)} if uploads else {}) | ({"local": True} if local else {})
        ),
        "crawl_id": source.crawl_id,
    }
    async with connected(pool) as connection, connection.transaction():
        await connection.execute(QUERIES["add_project"], row)
        if evict:
            await connection.execute(QUERIES["evict_source"], row)
        await connection.execute(QUERIES["begin_source"], row)
        found = await (await connection.execute(QUERIES["project_of_source"], row)).fetchone()
        if found != (source.project_id,):
            raise GiveUp(Reason.WRONG_PROJECT, f"Source {source.source_id} belongs to another project.")


async def finish_crawl(
    pool: Pool,
    source: Source,
    status: str,
    counts: Mapping[str, int],
    error: str,
    *,
    unreached_are_gone: bool,
) -> int:
    """Note how the run ended; return how many pages are gone. Safe to repeat.

    `status` is completed, failed or cancelled. Does nothing if a newer run has begun.
    """
    gone = await scalar(
        pool,
        "finish_source",
        source_id=source.source_id,
        crawl_id=source.crawl_id,
        status=status,
        counts=Jsonb(dict(counts)),
        # It may quote a site, whose text must not keep the run from ending.
        error=_text(error),
        unreached_are_gone=unreached_are_gone,
    )
    return int(gone or 0)


async def set_status(pool: Pool, source: Source, status: str) -> None:
    """Note that the run is `paused`, or `running` again. Does nothing if it has ended."""
    await rowcount(
        pool, "set_source_status", source_id=source.source_id, crawl_id=source.crawl_id, status=status
    )


async def amend_crawl(pool: Pool, source: Source) -> None:
    """Note the run's new limits. Does nothing if it has ended."""
    options = _options(source)
    await rowcount(
        pool, "amend_source", source_id=source.source_id, crawl_id=source.crawl_id, options=options
    )


async def reopen_crawl(pool: Pool, source: Source) -> None:
    """Note that a run that had ended goes on. Does nothing if a newer run has begun."""
    await rowcount(pool, "reopen_source", source_id=source.source_id, crawl_id=source.crawl_id)


async def read_source(pool: Pool, source_id: UUID) -> SourceRecord | None:
    """Return a source's row; None for an unknown source."""
    return next(iter(await records(pool, SourceRecord, "source_record", source_id=source_id)), None)


async def ended_sources(pool: Pool, most: int, only: UUID | None = None) -> list[SourceRecord]:
    """Return the sources whose runs ended last, latest first, of all projects or of one."""
    return await records(pool, SourceRecord, "ended_sources", only=only, count=most)


async def sources_between(
    pool: Pool, first: UUID, last: UUID, most: int, only: UUID | None = None
) -> list[UUID]:
    """Return the lowest ids of sources in a range, of all projects or of one."""
    return await values(pool, "sources_between", first=first, last=last, only=only, count=most)


async def uploads_of_run(pool: Pool, source: Source) -> list[str] | None:
    """Return the files of a run; None if it has ended or a newer run has begun."""
    uploads: list[str] | None = await scalar(
        pool, "uploads_of_run", source_id=source.source_id, crawl_id=source.crawl_id
    )
    return uploads


async def fail_source(pool: Pool, source_id: UUID, error: str) -> None:
    """Note that a source's current run cannot go on. Does nothing if it has ended."""
    await rowcount(pool, "fail_source", source_id=source_id, error=_text(error))


async def projects_with_room(pool: Pool, projects: Sequence[UUID], most: int) -> set[UUID]:
    """Return the projects that have fewer running sources than they may have.

    The limit is the project's own, if an operator set one, else `most`.
    """
    return set(await values(pool, "projects_with_room", projects=list(projects), most=most))


async def unfinished_sources(pool: Pool) -> list[SourceRecord]:
    """Return the sources whose runs have not ended, oldest first."""
    return await records(pool, SourceRecord, "unfinished_sources")


async def mark_gone(pool: Pool, source: Source, url: str) -> None:
    """Note that a page is gone by its site's response (404, 410). Does nothing if it was never stored."""
    page = page_id(source.source_id, url)
    await rowcount(pool, "mark_page_gone", page_id=page, project_id=source.project_id)
