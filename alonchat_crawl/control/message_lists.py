"""The web app's lists. Every worker reads all of them, those of web sites and those of uploads."""

from collections.abc import Callable, Mapping

from scrapy.settings import BaseSettings

from alonchat_crawl.control.inbox import Inbox
from alonchat_crawl.control.orders import OrderReader
from alonchat_crawl.control.seed_reader import SeedReader
from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.control.website_seed import Seed, SourceSeed
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pool import Pool

SEEDS: Mapping[str, type[SourceSeed]] = {"website": Seed, "upload": UploadSeed}
"""By spider."""


def message_keys(settings: BaseSettings) -> dict[str, tuple[str, ...]]:
    """The keys of the lists of `seeds`, and of those of `orders`: one a spider."""
    templates = {"seeds": settings["REDIS_START_URLS_KEY"], "orders": settings["REDIS_ORDERS_KEY"]}
    return {kind: tuple(key % {"name": name} for name in SEEDS) for kind, key in templates.items()}


def inboxes_of(
    shards: Shards, pool: Pool, settings: BaseSettings, admitted: Callable[[Source], None]
) -> list[Inbox]:
    """A reader of seeds and one of orders for each spider. `admitted` is called with each source opened."""
    inboxes: list[Inbox] = []
    keys = message_keys(settings)
    for model, key, orders in zip(SEEDS.values(), keys["seeds"], keys["orders"], strict=True):
        inboxes += [
            SeedReader(shards, pool, settings, key=key, admitted=admitted, model=model),
            OrderReader(shards, pool, settings, orders),
        ]
    return inboxes
