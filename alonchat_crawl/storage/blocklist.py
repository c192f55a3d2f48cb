"""The blocklists in Postgres: one for each project and one for all projects."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alonchat_crawl.storage.pool import Pool, records, rowcount, scalar

BATCH_RULES = 5000
"""Rules read at once: they take the event loop a few milliseconds."""


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A rule's row."""

    id: UUID
    project_id: UUID | None
    """None if it is for all projects."""
    project_name: str | None
    rule: str
    """One line, as in a file. It may be anything: others may write to the table."""
    created_at: datetime


async def read_revision(pool: Pool) -> int:
    """Return a number that increases with every change of a rule; -1 if there is none."""
    revision = await scalar(pool, "blocklist_revision")
    return -1 if revision is None else int(revision)


async def read_rules(pool: Pool, project_id: UUID | None = None) -> AsyncIterator[list[RuleRecord]]:
    """Yield all rules, or one project's, in batches. A batch is read when the one before was consumed."""
    after = None
    while True:
        asked = {"project_id": project_id, "after": after, "count": BATCH_RULES}
        batch = await records(pool, RuleRecord, "blocklist_rules", **asked)
        if not batch:
            return
        yield batch
        after = batch[-1].id


async def has_project(pool: Pool, project_id: UUID) -> bool:
    """Return whether a project exists."""
    return await rowcount(pool, "has_project", project_id=project_id) > 0


async def add_rules(pool: Pool, project_id: UUID | None, rules: Sequence[str]) -> int:
    """Add rules to a project's list, or (None) to the list for all; return how many are new.

    Raises GiveUp if there is no such project.
    """
    return await rowcount(pool, "add_blocklist_rules", project_id=project_id, rules=list(rules))


async def remove_rules(pool: Pool, project_id: UUID | None, rules: Sequence[str]) -> int:
    """Remove rules from a project's list, or (None) from the list for all; return how many existed."""
    return await rowcount(pool, "remove_blocklist_rules", project_id=project_id, rules=list(rules))
