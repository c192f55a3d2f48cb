"""Watches whether the embedding model is being loaded, so that pages wait."""

from typing import Self

from scrapy.crawler import Crawler

from alonchat_crawl.signals import model_loaded, model_loading


class ModelWatch:
    """Readiness check of the model."""

    def __init__(self) -> None:
        self.loading = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to the signals of the model's loading."""
        watch = cls()
        crawler.signals.connect(watch.asked_for, model_loading)
        crawler.signals.connect(watch.loaded, model_loaded)
        return watch

    def asked_for(self) -> None:
        self.loading = True

    def loaded(self) -> None:
        self.loading = False

    async def check(self) -> str:
        """Return what is missing, or an empty text."""
        return "is not loaded" if self.loading else ""
