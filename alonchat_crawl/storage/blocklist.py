"""The blocklists that are kept in Postgres: a project's own, and one for all projects."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES

Pool = AsyncConnectionPool[AsyncConnection]

BATCH_RULES = 5000
"""Read at once: some milliseconds of the event loop."""


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A rule as it is kept."""

    id: UUID
    project_id: UUID | None
    """None where it holds for all."""
    project_name: str | None
    rule: str
    """One line, as in a file; whoever may write the table may have written anything."""
    created_at: datetime


async def read_revision(pool: Pool) -> int:
    """Return a number that every change of a rule raises; -1 where it is missing."""
    with translated():
        async with pool.connection() as connection:
            found = await (await connection.execute(QUERIES["blocklist_revision"])).fetchone()
    return -1 if found is None else int(found[0])


async def read_rules(pool: Pool, project_id: UUID | None = None) -> AsyncIterator[list[RuleRecord]]:
    """Yield all rules, or one project's, in batches; each is asked for when the one before was dealt with."""
    after = None
    while True:
        asked = {"project_id": project_id, "after": after, "count": BATCH_RULES}
        with translated():
            async with (
                pool.connection() as connection,
                connection.cursor(row_factory=class_row(RuleRecord)) as cursor,
            ):
                await cursor.execute(QUERIES["blocklist_rules"], asked)
                batch = await cursor.fetchall()
        if not batch:
            return
        yield batch
        after = batch[-1].id


async def has_project(pool: Pool, project_id: UUID) -> bool:
    """Whether the project is known."""
    with translated():
        async with pool.connection() as connection:
            cursor = await connection.execute(QUERIES["has_project"], {"project_id": project_id})
            return await cursor.fetchone() is not None


async def add_rules(pool: Pool, project_id: UUID | None, rules: Sequence[str]) -> int:
    """Add rules to a project's list, or (None) to that for all; return how many are new.

    Raises GiveUp where there is no such project.
    """
    return await _change(pool, "add_blocklist_rules", project_id, rules)


async def remove_rules(pool: Pool, project_id: UUID | None, rules: Sequence[str]) -> int:
    """Remove rules from a project's list, or (None) from that for all; return how many were there."""
    return await _change(pool, "remove_blocklist_rules", project_id, rules)


async def _change(pool: Pool, query: str, project_id: UUID | None, rules: Sequence[str]) -> int:
    with translated():
        async with pool.connection() as connection:
            asked = {"project_id": project_id, "rules": list(rules)}
            return (await connection.execute(QUERIES[query], asked)).rowcount
