"""What a project needs whenever a source of it is complete: new vectors in use, an index if it is large."""

import asyncio
import logging
from typing import Self
from uuid import UUID

from scrapy import signals
from scrapy.crawler import Crawler

from alonchat_crawl.embedding import scheme
from alonchat_crawl.errors import Outage, ReasonedError, StartupError
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.signals import source_completed
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage.projects import promote, read_projects, serve

logger = logging.getLogger(__name__)


class ProjectUpkeep:
    """Extension: serves projects one at a time, in a task of its own, so that the crawl goes on meanwhile.

    If an outage prevents it, it is done when the project's next source is complete, or by `scrapy projects`
    and `scrapy reembed`.
    """

    def __init__(self, connections: Connections, scheme: str, promote_windows: int) -> None:
        self._connections = connections
        self._scheme = scheme
        self._promote_windows = promote_windows
        self._due: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read PROMOTE_WINDOWS; listen for completed sources."""
        settings = crawler.settings
        upkeep = cls(Connections.of(crawler), scheme(settings), settings.getint("PROMOTE_WINDOWS"))
        crawler.signals.connect(upkeep.source_completed, source_completed)
        crawler.signals.connect(upkeep.spider_closed, signals.spider_closed)
        return upkeep

    def source_completed(self, progress: SourceProgress) -> None:
        """Start the task for the source's project, or let the running task do it next."""
        self._due.add(progress.source.project_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_after())

    async def spider_closed(self) -> None:
        """Wait for the task: a crawl in a terminal ends as soon as its source is complete."""
        if self._task is not None:
            await self._task

    async def _look_after(self) -> None:
        while self._due:
            project_id = self._due.pop()
            try:
                await self._project(project_id)
            except (ReasonedError, StartupError) as error:
                logger.warning("Project %s could not be looked after: %s", project_id, error)
                if isinstance(error, Outage | StartupError):  # the other projects would fare the same
                    self._due.clear()
            except Exception:
                logger.exception("Project %s could not be looked after", project_id)

    async def _project(self, project_id: UUID) -> None:
        pool = await self._connections.postgres()
        for project in await read_projects(pool, project_id):
            if project.scheme not in {None, self._scheme} and not await serve(pool, project_id, self._scheme):
                logger.warning(
                    "Project %s is searched by %s, and embedded by %s from now on: what is new is found "
                    "by its words only, until `scrapy reembed -a project=%s` has run",
                    project.name, project.scheme, self._scheme, project_id,
                )  # fmt: skip
        for project in await read_projects(pool, project_id):
            if project.windows >= self._promote_windows and await promote(pool, project):
                logger.info(
                    "Project %s has %d windows: it has its own index now", project.name, project.windows
                )
