"""How seeds become open sources: one at a time from the terminal, or read from the web app's list."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from scrapy.settings import BaseSettings

from alonchat_crawl.control.inbox import NOBODY, Inbox, Postponed
from alonchat_crawl.control.website_seed import TWO_PROJECTS, Seed, SeedError, SourceSeed, project_of
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl, clear_squatted, owner_of, projects_with_room

logger = logging.getLogger(__name__)


async def admit(
    shards: Shards,
    pool: AsyncConnectionPool,
    asked: Source,
    uploads: Sequence[str] = (),
    *,
    local: bool = False,
    derived: bool = False,
) -> tuple[Opened, Source]:
    """Open a source: in Redis, then its row in Postgres, then let it run with its start URL.

    Its owner is asked for before anything is written: Postgres' row decides, unless the id is `derived` from
    the project that asks (`SourceSeed.derives`); then whoever else has it is evicted. Every step may be
    repeated, by any worker: one that dies half way is carried on from the seed, which is removed last.
    `uploads` and `local` are as for `begin_crawl`. Returns the run in effect; another project's, as CLOSING.
    Raises errors.Outage or errors.GiveUp.
    """
    owner = await owner_of(pool, asked.source_id)
    if owner not in {None, asked.project_id} and not derived:
        raise wrong_project(asked)
    queue = await shards.home(asked)
    opened, source = await _opened(queue, asked, is_owner=derived or owner == asked.project_id)
    if opened is Opened.RUNNING:
        if source.kind != asked.kind:
            raise GiveUp(Reason.OTHER_KIND, f"source {source.source_id} is being crawled as a {source.kind}")
        amended = replace(asked, crawl_id=source.crawl_id, url=source.url)
        if source != amended:
            await queue.amend(amended)
        return opened, amended
    if opened is Opened.OPENING:
        if owner not in {None, asked.project_id}:
            await clear_squatted(pool, asked)
        try:
            await begin_crawl(pool, source, uploads, local=local, evict=derived)
        except GiveUp:
            await shards.abandon(queue, source)
            raise
        await queue.start(source)
    return opened, source


async def _opened(queue: FrontierQueue, asked: Source, *, is_owner: bool) -> tuple[Opened, Source]:
    """Open a source in Redis; the owner ends another project's run first, and waits for that."""
    opened, source = await queue.open(asked)
    if opened is not Opened.FOREIGN:
        return opened, source
    if not is_owner:
        raise wrong_project(asked)
    logger.warning("Source %s goes back to its owner: another project had opened it", asked.source_id)
    await queue.cancel(source)
    opened, source = await queue.open(asked, displaced=source.crawl_id)
    # Where that project was quick to open yet another run, the next try displaces that one.
    return Opened.CLOSING if opened is Opened.FOREIGN else opened, source


def wrong_project(asked: Source) -> GiveUp:
    """Why nothing is done for a source that is another project's."""
    return GiveUp(Reason.WRONG_PROJECT, f"source {asked.source_id} belongs to another project")


class SeedReader(Inbox):
    """Reads the list of seeds: a project's as long as it has fewer sources running than it may."""

    kind: ClassVar[str] = "seed"
    rejected: ClassVar[Reason] = Reason.BAD_SEED

    def __init__(
        self,
        shards: Shards,
        pool: AsyncConnectionPool,
        settings: BaseSettings,
        *,
        key: str,
        admitted: Callable[[Source], None],
        model: type[SourceSeed] = Seed,
    ) -> None:
        super().__init__(shards, settings, key)
        self._model = model
        self._pool = pool
        self._settings = settings
        self._admitted = admitted
        self._most_sources = settings.getint("MAX_QUEUE_SIZE")

    def project_of(self, raw: bytes) -> UUID:
        """The project that the seed names, as `act` reads it."""
        return project_of(raw, self._settings["DEFAULT_PROJECT"], "project", "project_id") or NOBODY

    async def with_room(self, projects: Sequence[UUID]) -> Collection[UUID]:
        """Those with fewer sources running than MAX_QUEUE_SIZE, or than is written down for them."""
        return await projects_with_room(self._pool, projects, self._most_sources)

    async def act(self, raw: bytes) -> None:
        """Open the seed's source; raises SeedError or GiveUp for one that cannot be used."""
        seed = self._model.parse(raw)
        asked = seed.source(self._settings)
        if asked.project_id != self.project_of(raw):
            raise SeedError(TWO_PROJECTS)
        derived = seed.derives(asked)
        opened, source = await admit(self.shards, self._pool, asked, seed.uploads, derived=derived)
        if opened is Opened.CLOSING:
            raise Postponed(Reason.CLOSING, f"the last crawl of {asked.url} is being written down")
        if opened is Opened.RUNNING and seed.uploads:
            # Its files may have changed since that run read them.
            raise Postponed(
                Reason.RUNNING, f"{source.url} is being read already; its next seed waits until it is"
            )
        if opened is Opened.RUNNING:
            logger.info("%s is being crawled already; its seed sets the limits", source.url)
        else:
            logger.info("%s is opened", source.url)
        self._admitted(source)
