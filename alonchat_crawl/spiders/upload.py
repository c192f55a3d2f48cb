"""The spider `upload`: reads files from object storage, from signed URLs or, in a terminal, from the disk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.control.website_seed import SourceSeed
from alonchat_crawl.errors import StartupError
from alonchat_crawl.fetch.files.local_files import local_paths
from alonchat_crawl.spiders.website import WebsiteSpider

JOB = "_job"
"""Scrapyd passes this argument. Whoever schedules a job may be far away, and must not read local files."""


class UploadSpider(WebsiteSpider):
    """With `-a url=` or `-a file=` it reads those files; without arguments it is a worker like any other."""

    name = "upload"
    seed_model = UploadSeed
    own_arguments = ("url", "file")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read the spider arguments; raises StartupError for one that cannot be used."""
        if "file" in kwargs and JOB in kwargs:
            raise StartupError("A job cannot read this machine's disk: give it -d url=s3://… or https://….")
        return super().from_crawler(crawler, *args, **kwargs)

    @classmethod
    def is_scanned(cls, seed: SourceSeed, settings: BaseSettings) -> bool:  # noqa: ARG003
        """Every upload is scanned."""
        return True

    @classmethod
    def seed_of(cls, given: Mapping[str, str], crawler: Crawler) -> SourceSeed:
        """Build the seed from the spider arguments; raises SeedError or StartupError."""
        if "file" not in given:
            return super().seed_of(given, crawler)
        if "url" in given:
            raise StartupError("Give either -a url= or -a file=.")
        rest = {name: value for name, value in given.items() if name != "file"}
        paths = local_paths(given["file"], bulk=crawler.settings.getbool("ENABLE_BULK_UPLOAD"))
        return UploadSeed.of_paths(paths, **rest)

    @property
    def local_files(self) -> Mapping[str, Path]:
        """The only files on this machine that this process may read, by URL."""
        if self.seed is None or not self.seed.is_local:
            return {}
        return {url: Path(unquote(urlsplit(url).path)) for url in self.seed.uploads}
