"""What a crawler's parts share is made once for each crawler, and closed with its engine."""

from typing import Self

import pytest
from scrapy import Spider, signals
from scrapy.crawler import Crawler

from alonchat_crawl.per_crawler import PerCrawler


class Shared(PerCrawler):
    """Counts how often it was closed; its setting may be missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raise KeyError without a NAME."""
        return cls({**crawler.settings}["NAME"])

    async def close(self) -> None:
        """Count."""
        self.closed += 1


class Other(Shared):
    """Another class, with an instance of its own."""


def crawler(**settings: str) -> Crawler:
    """A crawler that does not run."""
    return Crawler(Spider, settings)


def test_one_instance_for_each_crawler_and_class() -> None:
    """Whoever asks gets the same object; another crawler and another class have their own."""
    one, two = crawler(NAME="one"), crawler(NAME="two")
    shared = Shared.of(one)
    assert Shared.of(one) is shared
    assert (shared.name, Shared.of(two).name) == ("one", "two")
    other = Other.of(one)
    assert type(other) is Other
    assert Shared.of(one) is shared


async def test_it_is_closed_once_the_engine_has_stopped() -> None:
    """Nobody else keeps the object, and still it hears that its own crawler's engine stopped, once."""
    one, two = crawler(NAME="one"), crawler(NAME="two")
    Shared.of(two)
    for _ in range(2):
        Shared.of(one)
    await one.signals.send_catch_log_async(signals.engine_stopped)
    assert Shared.of(one).closed == 1
    assert Shared.of(two).closed == 0


def test_what_cannot_be_made_is_tried_again() -> None:
    """An error of the settings is raised to each who asks; nothing half made is handed out."""
    nameless = crawler()
    for _ in range(2):
        with pytest.raises(KeyError, match="NAME"):
            Shared.of(nameless)
