"""The micro-batcher: the windows of all waiting pages go through one model, the same text only once."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from uuid import UUID

from alonchat_crawl.embedding.backend import Vectors
from alonchat_crawl.embedding.cache import VectorCache, key_of
from alonchat_crawl.errors import Outage, Retry


@dataclass(slots=True, eq=False)
class Window:
    """A text that waits for its vector, and how many wait with it."""

    key: bytes
    text: str
    vector: "asyncio.Future[Vectors]"
    wanted: int = 0

    def fail(self, error: Exception) -> None:
        """Tell all who wait, if any still do."""
        if not self.vector.done():
            self.vector.set_exception(error)
            self.vector.exception()  # seen: a page ends with its first error, and asks for no other


class Batcher:
    """Lives on one event loop; only `embed_texts` runs in the executor.

    A page waits where `queue_windows` windows wait already. As a window is bounded in tokens, so is memory.
    """

    def __init__(
        self,
        embed_texts: Callable[[Sequence[str]], Vectors],
        executor: Executor,
        cache: VectorCache,
        queue_windows: int,
        turn_windows: int,
    ) -> None:
        self._embed_texts = embed_texts
        self._executor = executor
        self._cache = cache
        self._turn_windows = turn_windows
        self._queue: asyncio.Queue[Window] = asyncio.Queue(queue_windows)
        self._waiting: dict[bytes, Window] = {}
        self._turn = asyncio.Lock()
        self._closed = False
        self._serving = asyncio.create_task(self._serve())

    async def embed(self, project_id: UUID, texts: Sequence[str]) -> list[Vectors]:
        """Return float32[384] a text, in order. Raises Retry where the model fails, Outage after `close`."""
        windows: list[Window] = []
        try:
            async with self._turn:  # page by page: taking turns by the window, all would be done late
                for text in texts:
                    await self._ask(key_of(project_id, text), text, windows)
            for window in windows:
                await asyncio.wait([window.vector])  # awaited itself, a page's end would cancel it for all
            return [window.vector.result() for window in windows]
        finally:
            for window in windows:
                self._leave(window)

    async def close(self) -> None:
        """Tell waiting pages to come back later."""
        self._closed = True
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        while not self._queue.empty():
            self._fail(self._queue.get_nowait(), _stopping())
            await asyncio.sleep(
                0
            )  # a page that waited for room puts its window in, and sees that it is closed

    async def _ask(self, key: bytes, text: str, windows: list[Window]) -> None:
        """Append the text's window to the page's, and queue it if it is new."""
        window, cached = self._waiting.get(key), None
        if window is None:
            window, cached = Window(key, text, asyncio.Future()), self._cache.get(key)
        window.wanted += 1
        windows.append(window)
        if cached is not None:
            window.vector.set_result(cached)
        elif self._closed:
            raise _stopping()
        elif key not in self._waiting:
            self._waiting[key] = window
            await self._queue.put(window)

    def _leave(self, window: Window) -> None:
        """One page less wants it: where none does, it need not be embedded."""
        window.wanted -= 1
        if not window.wanted and self._waiting.get(window.key) is window:
            del self._waiting[window.key]
            window.vector.cancel()

    async def _serve(self) -> None:
        """Embed whatever waits, at once: the first page never waits for a full batch."""
        while True:
            windows = [await self._queue.get()]
            while len(windows) < self._turn_windows and not self._queue.empty():
                windows.append(self._queue.get_nowait())
            try:
                await self._embed([window for window in windows if not window.vector.done()])
            except asyncio.CancelledError:
                for window in windows:
                    self._fail(window, _stopping())
                raise

    async def _embed(self, windows: Sequence[Window]) -> None:
        if not windows:
            return
        texts = [window.text for window in windows]
        loop = asyncio.get_running_loop()
        try:
            vectors = await loop.run_in_executor(self._executor, self._embed_texts, texts)
        except Exception as error:  # noqa: BLE001  models raise anything; Retry settles each page's end
            if len(windows) > 1:  # one page's text must not fail the others
                for window in windows:
                    await self._embed([window])
                return
            self._fail(windows[0], Retry("embed", f"The model failed: {type(error).__name__}."))
            return
        for window, vector in zip(windows, vectors, strict=True):
            self._cache.put(window.key, vector)
            self._waiting.pop(window.key, None)
            if not window.vector.done():
                window.vector.set_result(vector)

    def _fail(self, window: Window, error: Exception) -> None:
        self._waiting.pop(window.key, None)
        window.fail(error)


def _stopping() -> Outage:
    return Outage("model", "The worker is stopping.")
