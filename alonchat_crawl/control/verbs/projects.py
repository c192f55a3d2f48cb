"""Look at projects, and give large ones an index of their own."""

from alonchat_crawl.control.verbs.errors import NotFoundError
from alonchat_crawl.control.verbs.names import Postgres, find_project_id
from alonchat_crawl.storage.projects import ProjectRecord, demote, promote, read_projects

__all__ = ["demote", "promote", "read_project", "read_projects"]


async def read_project(postgres: Postgres, word: str) -> ProjectRecord:
    """One project, by its name, its id or the id's first digits. Raises NotFoundError or AmbiguousError."""
    for project in await read_projects(await postgres(), await find_project_id(postgres, word)):
        return project
    raise NotFoundError(f"There is no project {word}.")
