"""Look at projects, and give large ones an index of their own."""

from uuid import UUID

from alonchat_crawl.control.verbs.errors import NotFoundError
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.projects import ProjectRecord, demote, promote, read_projects

__all__ = ["demote", "promote", "read_project", "read_projects"]


async def read_project(pool: Pool, project_id: UUID) -> ProjectRecord:
    """One project. Raises NotFoundError."""
    for project in await read_projects(pool, project_id):
        return project
    raise NotFoundError(f"There is no project {project_id}.")
