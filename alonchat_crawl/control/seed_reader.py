"""Reads a list of seeds, and opens the source that each of them asks for."""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar
from uuid import UUID

from scrapy.settings import BaseSettings

from alonchat_crawl.control.inbox import NOBODY, Inbox, Postponed
from alonchat_crawl.control.verbs.seeding import seed
from alonchat_crawl.control.website_seed import TWO_PROJECTS, Seed, SeedError, SourceSeed, project_of
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.sources import projects_with_room

logger = logging.getLogger(__name__)


class SeedReader(Inbox):
    """Reads a list of seeds. A project's seeds wait while it has as many running sources as it may have."""

    kind: ClassVar[str] = "seed"
    rejected: ClassVar[Reason] = Reason.BAD_SEED

    def __init__(
        self,
        shards: Shards,
        pool: Pool,
        settings: BaseSettings,
        *,
        key: str,
        admitted: Callable[[Source], None],
        model: type[SourceSeed] = Seed,
    ) -> None:
        super().__init__(shards, pool, settings, key)
        self._model = model
        self._admitted = admitted

    def project_of(self, raw: bytes) -> UUID:
        """The project that the seed names, as `act` reads it."""
        return project_of(raw, self.settings["DEFAULT_PROJECT"], "project", "project_id") or NOBODY

    async def with_room(self, projects: Sequence[UUID]) -> Collection[UUID]:
        """The projects with fewer running sources than their limit: their own, or else MAX_QUEUE_SIZE."""
        return await projects_with_room(self.pool, projects, self.settings.getint("MAX_QUEUE_SIZE"))

    async def act(self, raw: bytes) -> None:
        """Open the seed's source. Raises SeedError or GiveUp for a seed that cannot be used."""
        wanted = self._model.parse(raw)
        if wanted.project(self.settings)[1] != self.project_of(raw):
            raise SeedError(TWO_PROJECTS)
        opened, source = await seed(self.shards, self.pool, self.settings, wanted)
        if opened is Opened.CLOSING:
            raise Postponed(Reason.CLOSING, f"the last crawl of {source.url} is being written down")
        if opened is Opened.RUNNING and wanted.uploads:
            # Its files may have changed since that run read them.
            raise Postponed(
                Reason.RUNNING, f"{source.url} is being read already; its next seed waits for the end"
            )
        if opened is Opened.RUNNING:
            logger.info("%s is being crawled already; its seed sets the limits", source.url)
        else:
            logger.info("%s is opened", source.url)
        self._admitted(source)
