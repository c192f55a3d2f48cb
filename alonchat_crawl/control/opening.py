"""Opens a source that is asked for: in Redis, then in Postgres; then its start URL is queued."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl, clear_squatted, owner_of

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
    """Open a source in Redis, write its row in Postgres, then queue its start URL.

    Its owner is settled before anything is written. The project in its row owns it, unless the id is
    `derived` from the asking project's own (`SourceSeed.derives`): then any other project that has it is
    evicted. Any worker may repeat every step: if one dies half way, the seed, which is removed last, is read
    again. `uploads` and `local` are as for `begin_crawl`. Returns the run in effect, or CLOSING if the last
    run, perhaps another project's, is still ending. Raises errors.Outage or errors.GiveUp.
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
    """Open a source in Redis. If it is another project's run there, its owner ends that run first."""
    opened, source = await queue.open(asked)
    if opened is not Opened.FOREIGN:
        return opened, source
    if not is_owner:
        raise wrong_project(asked)
    logger.warning("Source %s goes back to its owner: another project had opened it", asked.source_id)
    await queue.cancel(source)
    opened, source = await queue.open(asked, displaced=source.crawl_id)
    # If that project has just opened another run, the next try displaces that one.
    return Opened.CLOSING if opened is Opened.FOREIGN else opened, source


def wrong_project(asked: Source) -> GiveUp:
    """The error for a source that another project owns."""
    return GiveUp(Reason.WRONG_PROJECT, f"source {asked.source_id} belongs to another project")
