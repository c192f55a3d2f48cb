"""Objects that the parts of a crawler share: one instance for each crawler."""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, ClassVar, Self, cast
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.crawler import Crawler


class PerCrawler(ABC):
    """A class with one instance for each crawler; `of` returns it."""

    _instances: ClassVar[WeakKeyDictionary[Crawler, dict[type, "PerCrawler"]]] = WeakKeyDictionary()
    """By crawler and class. It keeps the instances alive: Scrapy's signals hold weak references only."""

    @classmethod
    @abstractmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the instance from the crawler's settings. `of` calls this once."""

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return the crawler's instance; make it at the first call. It is closed when the engine has stopped.

        Raises what `from_crawler` raises, at each call until that succeeds.
        """
        instances = cls._instances.setdefault(crawler, {})
        if cls not in instances:
            instances[cls] = cls.from_crawler(crawler)
            crawler.signals.connect(instances[cls].close, signals.engine_stopped)
        return cast("Self", instances[cls])

    def close(self) -> Coroutine[Any, Any, None] | None:  # noqa: B027 - most have nothing to close
        """Close what the instance holds open; by default nothing."""
