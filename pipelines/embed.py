"""Chunks get their vectors: the windows of all waiting pages go through one model in small batches."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from time import perf_counter
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scrapy.crawler import Crawler
from scrapy.signalmanager import SignalManager

from alonchat_crawl.embedding import Embedder
from alonchat_crawl.errors import Outage, Retry, StartupError
from alonchat_crawl.items import Chunk, ChunkedPage, EmbeddedChunk, EmbeddedPage
from alonchat_crawl.signals import model_loaded, model_loading, tokens_embedded, unable_to_work
from pipelines.stage import Stage

BATCHES_AT_ONCE = 8  # so many batches a turn of the model's thread: long enough to sort by length
logger = logging.getLogger(__name__)


class Window(NamedTuple):
    """A text that waits for its vector."""

    text: str
    vector: asyncio.Future[NDArray[np.float32]]


class Embed(Stage[ChunkedPage, EmbeddedPage]):
    """Embed pages; the model loads in its own thread while pages are fetched.

    All but the model's own calls run on the event loop. A page waits where EMBEDDING_QUEUE_WINDOWS
    windows wait already, so that memory stays bounded.
    """

    name: ClassVar[str] = "embed"

    def __init__(
        self, signals: SignalManager, embedder: Embedder, queue_windows: int, *, load_at_once: bool
    ) -> None:
        super().__init__(signals)
        self.embedder = embedder
        self._queue_windows = queue_windows
        self._load_at_once = load_at_once
        self._loading: asyncio.Task[None] | None = None
        self._failure = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the EMBEDDING_… settings and WINDOW_TOKENS.

        A worker loads the model before its first page; a crawl of one source at its first new page, so
        that one that fails, or finds nothing changed, does without.
        """
        settings = crawler.settings
        embedder = Embedder.from_settings(settings)
        return cls(
            crawler.signals,
            embedder,
            settings.getint("EMBEDDING_QUEUE_WINDOWS"),
            load_at_once=getattr(crawler.spider, "seed", None) is None,
        )

    async def open_spider(self) -> None:
        """Start serving windows, and loading the model if that is due; return at once."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._queue: asyncio.Queue[Window] = asyncio.Queue(self._queue_windows)
        self._turn = asyncio.Lock()
        self._serving = asyncio.create_task(self._serve())
        if self._load_at_once:
            self._loaded()

    async def close_spider(self) -> None:
        """Tell waiting pages to come back later and let the model's thread end."""
        self._failure = self._failure or "The worker is stopping."
        tasks = [task for task in (self._loading, self._serving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while not self._queue.empty():
            _fail(self._queue.get_nowait(), Outage("model", self._failure))
            await asyncio.sleep(0)  # a page that waited for room puts its window in, and sees the failure
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def work(self, item: ChunkedPage) -> EmbeddedPage:
        """Embed every window of every chunk; raises Outage where the model cannot."""
        await asyncio.wait([self._loaded()])
        if self._failure:
            raise Outage("model", self._failure)
        cut = await asyncio.to_thread(self._cut, item)
        windows = [[self._window(text) for text in texts] for _, _, texts in cut]
        try:
            async with self._turn:  # page by page: taking turns by the window, all would be done late
                await self._enqueue(chain.from_iterable(windows))
            vectors = [np.stack([await window.vector for window in of_chunk]) for of_chunk in windows]
        finally:
            for window in chain.from_iterable(windows):
                window.vector.cancel()  # where this page failed, the rest of it need not be embedded
        self.signals.send_catch_log(
            tokens_embedded,
            project_id=item.page.provenance.project_id,
            tokens=sum(tokens for _, tokens, _ in cut),
            windows=sum(map(len, windows)),
        )
        chunks = (
            EmbeddedChunk(chunk, tokens, of_chunk)
            for (chunk, tokens, _), of_chunk in zip(cut, vectors, strict=True)
        )
        return EmbeddedPage(page=item.page, chunks=tuple(chunks))

    def _cut(self, page: ChunkedPage) -> list[tuple[Chunk, int, list[str]]]:
        title = page.page.title
        return [
            (
                chunk,
                self.embedder.token_count(chunk.content),
                self.embedder.windows(
                    " › ".join(part for part in (title, *chunk.heading_path) if part), chunk.content
                ),
            )
            for chunk in page.chunks
        ]

    def _window(self, text: str) -> Window:
        return Window(text, asyncio.get_running_loop().create_future())

    async def _enqueue(self, windows: Iterable[Window]) -> None:
        for window in windows:
            if self._failure:
                raise Outage("model", self._failure)
            await self._queue.put(window)

    def _loaded(self) -> asyncio.Task[None]:
        """Return the task that loads the model, begun at the first call."""
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

    async def _serve(self) -> None:
        """Embed whatever waits, at once: the first page never waits for a full batch."""
        most = self.embedder.batch_windows * BATCHES_AT_ONCE
        while True:
            windows = [await self._queue.get()]
            while len(windows) < most and not self._queue.empty():
                windows.append(self._queue.get_nowait())
            try:
                await self._embed([window for window in windows if not window.vector.done()])
            except asyncio.CancelledError:
                for window in windows:
                    _fail(window, Outage("model", "The worker is stopping."))
                raise

    async def _embed(self, windows: Sequence[Window]) -> None:
        texts = [window.text for window in windows]
        loop = asyncio.get_running_loop()
        try:
            vectors = await loop.run_in_executor(self._thread, self.embedder.embed, texts)
        except Exception as error:  # noqa: BLE001  torch raises anything; Retry settles each page's end
            if len(windows) > 1:  # one page's text must not fail the others
                for window in windows:
                    await self._embed([window])
                return
            _fail(windows[0], Retry("embed", f"The model failed: {type(error).__name__}."))
            return
        for window, vector in zip(windows, vectors, strict=True):
            if not window.vector.done():
                window.vector.set_result(vector)


def _fail(window: Window, error: Exception) -> None:
    if not window.vector.done():
        window.vector.set_exception(error)
        window.vector.exception()  # seen: a page ends with its first error, and need not ask for the others
