"""The base of all stages: it takes one type, returns the next, and sends its time in a signal."""

from abc import ABC, abstractmethod
from time import perf_counter
from typing import ClassVar, Generic, Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.embedding import scheme
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.signals import stage_finished

In = TypeVar("In")
Out = TypeVar("Out")


class Stage(ABC, Generic[In, Out]):
    """A pipeline stage. A subclass names itself and implements `work`."""

    name: ClassVar[str]

    def __init__(self, signals: SignalManager) -> None:
        self.signals = signals

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the stage. A stage that needs settings overrides this."""
        return cls(crawler.signals)

    async def process_item(self, item: In) -> Out:
        """Do the `work`. However it ends, send `stage_finished` with its time."""
        started = perf_counter()
        try:
            return await self.work(item)
        finally:
            self.signals.send_catch_log(stage_finished, stage=self.name, seconds=perf_counter() - started)

    @abstractmethod
    async def work(self, item: In) -> Out:
        """Turn one item into the next type; raise Refused, Unchanged, Retry or GiveUp."""


class StoredStage(Stage[In, Out]):
    """A stage that reads or writes the database."""

    def __init__(self, signals: SignalManager, connections: Connections, scheme: str) -> None:
        super().__init__(signals)
        self.connections = connections
        self.scheme = scheme

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's connections and the name of its embedding."""
        return cls(crawler.signals, Connections.of(crawler), scheme(crawler.settings))
