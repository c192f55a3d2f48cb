"""Our side: pages go through the pipelines as settings.py lists them into a Postgres that is kept."""

import asyncio
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from filelock import FileLock
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.utils.misc import load_object

from alonchat_crawl.embedding import Embedder, Vectors
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.items import Page, Provenance
from alonchat_crawl.servers import embedded
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Source
from alonchat_crawl.spiders.website import WebsiteSpider
from alonchat_crawl.storage.search import search
from alonchat_crawl.storage.sources import begin_crawl, finish_crawl
from tests.benchmarks.retrieval.corpus import SITE, Corpus, data_folder
from tests.benchmarks.retrieval.queries import Query
from tests.benchmarks.retrieval.scoring import Hits
from tests.benchmarks.retrieval.vectors import kept_vectors

HITS = 50  # chunks asked for: enough for ten pages
AT_ONCE = 16  # pages in the pipelines
WAYS = ("hybrid", "vectors", "words")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the corpus became."""

    chunks: int
    windows: int


class Knowledge:
    """A corpus under one window length and backend, with its Postgres."""

    def __init__(self, corpus: Corpus, backend: str, window_tokens: int) -> None:
        self._corpus = corpus
        self._folder = data_folder() / "knowledge" / f"{len(corpus.pages)}-{backend}-{window_tokens}"
        self._vectors = data_folder() / "vectors.sqlite"
        self._project = as_uuid("retrieval")
        self.settings = Settings()
        self.settings.setmodule("alonchat_crawl.settings")
        self.settings.update(
            {
                "DATABASE_URL": None,
                "ALONCHAT_DATA_DIR": self._folder,
                "EMBEDDING_BACKEND": backend,
                "EMBEDDING_MODELS_DIR": data_folder() / "models",
                "WINDOW_TOKENS": window_tokens,
            },
            priority="cmdline",
        )
        self._family = f"{self.settings['EMBEDDING_MODEL']}/{backend}"

    @contextmanager
    def postgres(self, *, keep: bool) -> Iterator[str]:
        """Run the folder's Postgres, a new one unless it is to be kept; yield its URL.

        Another benchmark that uses the folder is waited for.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._folder}.lock"):
            if not keep:
                embedded.stop(self._folder)
                shutil.rmtree(self._folder, ignore_errors=True)
            try:
                yield embedded.database_url(self._folder)
            finally:
                embedded.stop(self._folder)

    def store(self) -> None:
        """Put all pages in, as a crawl does."""
        with kept_vectors(self._vectors, self._family) as kept:
            asyncio.run(self._store())
            logger.info("%d texts were embedded, the others known", kept.embedded)

    async def _store(self) -> None:
        crawler = Crawler(WebsiteSpider, self.settings)
        connections = Connections.of(crawler)
        table = self.settings["ITEM_PIPELINES"]
        stages: list[Any] = [
            load_object(name).from_crawler(crawler) for name in sorted(table, key=lambda name: table[name])
        ]
        opened = [stage for stage in stages if hasattr(stage, "open_spider")]
        for stage in opened:
            await stage.open_spider()
        try:
            await self._crawl(stages, connections)
        finally:
            for stage in opened:
                await stage.close_spider()
            await connections.close()

    async def _crawl(self, stages: Sequence[Any], connections: Connections) -> None:
        pool = await connections.postgres()
        source = Source(
            source_id=as_uuid("retrieval", self._project),
            project_id=self._project,
            crawl_id=uuid4(),
            url=SITE,
            project_name="retrieval",
            max_pages=len(self._corpus.pages),
            max_depth=0,
        )
        await begin_crawl(pool, source)
        places = asyncio.Semaphore(AT_ONCE)

        async def through(path: str, html: str) -> None:
            async with places:
                item: Any = _page(source, path, html)
                for stage in stages:
                    item = await stage.process_item(item)

        async with asyncio.TaskGroup() as group:
            for path, html in self._corpus.pages.items():
                group.create_task(through(path, html))
        await finish_crawl(pool, source, "completed", {}, "", unreached_are_gone=True)

    def stored(self, url: str) -> Stored:
        """Count what is stored."""
        with psycopg.connect(url) as connection:
            query = "select (select count(*) from source_chunks), (select count(*) from chunk_embeddings)"
            row = connection.execute(query).fetchone()
        assert row is not None
        return Stored(*row)

    def search(self, url: str, queries: Sequence[Query], ways: Sequence[str] = WAYS) -> Mapping[str, Hits]:
        """Return what is found for the queries, by way to search."""
        texts = [query.text for query in queries]
        with kept_vectors(self._vectors, self._family):
            embedder = Embedder.from_settings(self.settings)
            vectors = [embedder.embed_query(text) for text in texts]
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
            return {
                way: {
                    text: self._found(connection, text, vector, way)
                    for text, vector in zip(texts, vectors, strict=True)
                }
                for way in ways
            }

    def _found(self, connection: psycopg.Connection, text: str, vector: Vectors, way: str) -> list[str]:
        asked = "" if way == "vectors" else text
        hits = search(connection, self._project, None if way == "words" else vector, asked, HITS)
        return [hit.url.removeprefix(SITE) for hit in hits]


def _page(source: Source, path: str, html: str) -> Page:
    provenance = Provenance(
        url=SITE + path,
        fetched_url=SITE + path,
        project_id=source.project_id,
        source_id=source.source_id,
        crawl_id=source.crawl_id,
        fetched_at=datetime.now(UTC),
    )
    return Page(provenance, "text/html", html)
