"""Ask for a source: a web site or an upload."""

from scrapy.settings import BaseSettings

from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pool import Pool


async def seed(
    shards: Shards, pool: Pool, settings: BaseSettings, wanted: SourceSeed
) -> tuple[Opened, Source]:
    """Open the source that a seed asks for. If it is being crawled, the seed changes its limits.

    Returns OPENING with a new run, RUNNING with the run that goes on, or CLOSING with the run that was asked
    for: then the last run is still being written down, and the seed must wait.
    Raises SeedError or GiveUp for a seed that cannot be used, errors.Outage or redis.RedisError if a server
    is away.
    """
    asked = wanted.source(settings)
    opened, source = await admit(shards, pool, asked, wanted.uploads, derived=wanted.derives(asked))
    return opened, asked if opened is Opened.CLOSING else source
