"""Ask for a source: a web site or an upload."""

from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool
from scrapy.settings import BaseSettings

from alonchat_crawl.control.admission import admit
from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.sources import Source


@dataclass(frozen=True, slots=True)
class Seeded:
    """What came of a seed."""

    source: Source
    """The run in effect, a new one or one that goes on; while CLOSING, what was asked for."""
    opened: Opened
    """OPENING for a new run, RUNNING for one that goes on, CLOSING while the last run is written down."""


async def seed(
    shards: Shards, pool: AsyncConnectionPool, settings: BaseSettings, wanted: SourceSeed
) -> Seeded:
    """Open the source that a seed asks for; if it is being crawled, the seed sets its limits.

    Raises SeedError or GiveUp for a seed that cannot be used, errors.Outage or redis.RedisError if a server
    is away.
    """
    asked = wanted.source(settings)
    opened, source = await admit(shards, pool, asked, wanted.uploads, derived=wanted.derives(asked))
    return Seeded(asked if opened is Opened.CLOSING else source, opened)
