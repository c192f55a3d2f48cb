"""Look at projects, and give large ones an index of their own."""

from uuid import UUID

from alonchat_crawl.control.verbs.errors import NotFoundError
from alonchat_crawl.storage import projects
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.projects import ProjectRecord


async def list_projects(pool: Pool) -> list[ProjectRecord]:
    """All projects, by name. Counts their windows: a second for each million."""
    return await projects.read_projects(pool)


async def read_project(pool: Pool, project_id: UUID) -> ProjectRecord:
    """One project. Raises NotFoundError."""
    found = await projects.read_projects(pool, project_id)
    if not found:
        raise NotFoundError(f"There is no project {project_id}.")
    return found[0]


async def promote(pool: Pool, project: ProjectRecord) -> bool:
    """Search a project by an index of its own; False if it is already."""
    return await projects.promote(pool, project)


async def demote(pool: Pool, project: ProjectRecord) -> bool:
    """Search a project exactly again; False if it is already."""
    return await projects.demote(pool, project)
