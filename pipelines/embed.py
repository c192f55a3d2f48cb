"""Gives chunks their vectors. Chunks that the project has embedded already keep theirs."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import ClassVar, Self
from uuid import UUID
from weakref import WeakValueDictionary

import numpy as np
from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.embedding import Embedder
from alonchat_crawl.embedding.batcher import Batcher
from alonchat_crawl.embedding.cache import VectorCache
from alonchat_crawl.embedding.windows import Cut
from alonchat_crawl.errors import Outage, StartupError
from alonchat_crawl.items import Chunk, ChunkedPage, EmbeddedChunk, EmbeddedPage
from alonchat_crawl.reasons import Reason
from alonchat_crawl.signals import model_loaded, model_loading, tokens_embedded, unable_to_work
from pipelines.stage import Stage

logger = logging.getLogger(__name__)


class Embed(Stage[ChunkedPage, EmbeddedPage]):
    """Embed pages. The model loads in a thread of its own while pages are fetched."""

    name: ClassVar[str] = "embed"

    def __init__(
        self,
        signals: SignalManager,
        embedder: Embedder,
        *,
        turn_seconds: float,
        cache_windows: int,
        load_at_once: bool,
    ) -> None:
        super().__init__(signals)
        self.embedder = embedder
        self._turn_seconds = turn_seconds
        self._cache_windows = cache_windows
        self._load_at_once = load_at_once
        self._loading: asyncio.Task[None] | None = None
        self._failure = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the EMBEDDING_… settings and WINDOW_TOKENS.

        A worker loads the model before its first page. A crawl of one source loads it at the first new page,
        so that a crawl that fails, or finds nothing changed, never loads it.
        """
        settings = crawler.settings
        return cls(
            crawler.signals,
            Embedder.from_settings(settings),
            turn_seconds=settings.getfloat("EMBEDDING_TURN_SECONDS"),
            cache_windows=settings.getint("EMBEDDING_CACHE_WINDOWS"),
            load_at_once=getattr(crawler.spider, "seed", None) is None,
        )

    async def open_spider(self) -> None:
        """Start the model's thread; begin to load the model if this is a worker."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._batcher = Batcher(
            self.embedder.embed,
            self._thread,
            VectorCache(self._cache_windows),
            batch_windows=self.embedder.batch_windows,
            turn_seconds=self._turn_seconds,
        )
        self._cutting = asyncio.Lock()
        self._cutting_of: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        if self._load_at_once:
            self._loaded()

    async def close_spider(self) -> None:
        """Let waiting pages come back later, and end the model's thread."""
        self._failure = self._failure or "The worker is stopping."
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await self._batcher.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def work(self, item: ChunkedPage) -> EmbeddedPage:
        """Embed every window of every chunk that is not known. Raises Outage if there is no model."""
        new = [chunk for chunk in item.chunks if chunk.position not in item.known]
        embedded = dict(item.known)
        if new:
            embedded |= await self._embed(item, new)
        return EmbeddedPage(page=item.page, chunks=tuple(embedded[chunk.position] for chunk in item.chunks))

    async def _embed(self, page: ChunkedPage, chunks: Sequence[Chunk]) -> dict[int, EmbeddedChunk]:
        await asyncio.wait([self._loaded()])
        if self._failure:
            raise Outage(Reason.MODEL, self._failure)
        project_id = page.page.provenance.project_id
        cuts = [await self._cut(project_id, page.page.title, chunk) for chunk in chunks]
        texts = [text for cut in cuts for text in cut.windows]
        vectors = iter(await self._batcher.embed(project_id, texts))
        self.signals.send_catch_log(
            tokens_embedded,
            project_id=project_id,
            tokens=sum(cut.tokens for cut in cuts),
            windows=len(texts),
        )
        return {
            chunk.position: EmbeddedChunk(chunk, cut.tokens, np.stack([*islice(vectors, len(cut.windows))]))
            for chunk, cut in zip(chunks, cuts, strict=True)
        }

    async def _cut(self, project_id: UUID, title: str, chunk: Chunk) -> Cut:
        """Cut a chunk into windows, on the event loop.

        The tokenizer lets no other thread run. If it ran in another thread without pause, the loop would wait
        5 ms for each of its turns, which is longer than a chunk takes.
        """
        # The loop cuts one chunk a turn, however many pages there are. Locks serve those that wait in order,
        # and one page of each project waits for the shared lock: so projects take turns, then their pages.
        own = self._cutting_of.setdefault(project_id, asyncio.Lock())
        async with own, self._cutting:
            await asyncio.sleep(0)
            return self.embedder.cut(title, chunk.heading_path, chunk.content)

    def _loaded(self) -> asyncio.Task[None]:
        """Return the task that loads the model; start it at the first call."""
        if self._loading is None:
            self.signals.send_catch_log(model_loading)
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _load(self) -> None:
        started = perf_counter()
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self.embedder.load)
        except StartupError as error:
            self._failure = str(error)
            logger.error("No page can be embedded: %s", error)  # noqa: TRY400  the sentence says it all
            self.signals.send_catch_log(unable_to_work, sentence=str(error))
            return
        seconds = perf_counter() - started
        self.signals.send_catch_log(model_loaded, model=self.embedder.model_name, seconds=seconds)
