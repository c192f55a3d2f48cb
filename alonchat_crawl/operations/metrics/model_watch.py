"""Whether pages wait for the embedding model to be loaded."""

from typing import Self

from scrapy.crawler import Crawler

from alonchat_crawl.signals import model_loaded, model_loading


class ModelWatch:
    """Knows whether the model is being loaded."""

    def __init__(self) -> None:
        self.loading = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Learn when the model is asked for, and when it is loaded."""
        watch = cls()
        crawler.signals.connect(watch.asked_for, model_loading)
        crawler.signals.connect(watch.loaded, model_loaded)
        return watch

    def asked_for(self) -> None:
        self.loading = True

    def loaded(self) -> None:
        self.loading = False

    async def check(self) -> str:
        """Answer a readiness check."""
        return "is not loaded" if self.loading else ""
