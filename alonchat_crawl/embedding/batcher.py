"""The micro-batcher: waiting pages take turns at the model, and the same text is embedded only once."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from time import perf_counter
from uuid import UUID

from alonchat_crawl.embedding.backends.backend import Vectors
from alonchat_crawl.embedding.cache import VectorCache, key_of
from alonchat_crawl.embedding.turns import TenantTurns
from alonchat_crawl.errors import Outage, Retry
from alonchat_crawl.reasons import Reason

LEAST_BATCHES = 4  # fewest batches in a turn: with fewer, a tenth of the model's work would be padding
MOST_AT_ONCE = 512  # most texts in a turn: taking more would block the event loop


class EmbeddingRequest:
    """A page's texts that wait for their vectors."""

    def __init__(self, project_id: UUID, texts: Sequence[str]) -> None:
        self.project_id = project_id
        self.done: asyncio.Future[None] = asyncio.Future()
        self._keys = [key_of(project_id, text) for text in texts]
        self._texts = dict(zip(self._keys, texts, strict=True))
        self._vectors: dict[bytes, Vectors] = {}
        # Sorted, and taken from the longest: texts of similar length together need little padding.
        self._untaken = sorted(self._texts, key=lambda key: len(self._texts[key]))

    @property
    def waits(self) -> bool:
        """Whether it still has texts to embed."""
        return bool(self._untaken) and not self.done.done()

    def take(self) -> tuple[bytes, str]:
        """Return the next text and its key."""
        key = self._untaken.pop()
        return key, self._texts[key]

    def put(self, key: bytes, vector: Vectors) -> None:
        """Keep a text's vector; the last one completes the request."""
        self._vectors[key] = vector
        if len(self._vectors) == len(self._texts) and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """End the request with an error, unless it has ended."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # mark it as retrieved: a cancelled page never asks for it

    def vectors(self) -> list[Vectors]:
        """Return one float32[384] per text, in the texts' order. Call it when `done` is set."""
        return [self._vectors[key] for key in self._keys]


Turn = dict[bytes, tuple[str, list[EmbeddingRequest]]]
"""The texts that are embedded together: by key, the text and the requests that wait for it."""


class Batcher:
    """Lives on one event loop; only `embed_texts` runs in the executor.

    Its queue is bounded by the number of pages in a worker. A turn has as many texts as the model embeds in
    about `turn_seconds`, but at least LEAST_BATCHES batches. A new request waits for one turn at most.
    """

    def __init__(
        self,
        embed_texts: Callable[[Sequence[str]], Vectors],
        executor: Executor,
        cache: VectorCache,
        batch_windows: int,
        turn_seconds: float,
    ) -> None:
        self._embed_texts = embed_texts
        self._executor = executor
        self._cache = cache
        self._batch_windows = batch_windows
        self._turn_seconds = turn_seconds
        self._turn_windows = LEAST_BATCHES * batch_windows
        self._pages: TenantTurns[EmbeddingRequest] = TenantTurns()
        self._open: set[EmbeddingRequest] = set()
        self._wanted = asyncio.Event()
        self._closed = False
        self._serving = asyncio.create_task(self._serve())

    async def embed(self, project_id: UUID, texts: Sequence[str]) -> list[Vectors]:
        """Return one float32[384] per text, in order.

        Raises Retry if the model fails, Outage after `close`.
        """
        if self._closed:
            raise _stopping()
        if not texts:
            return []
        waiting = EmbeddingRequest(project_id, texts)
        self._open.add(waiting)
        self._pages.join(waiting)
        self._wanted.set()
        try:
            await waiting.done
        finally:
            self._pages.leave(waiting)
            self._open.remove(waiting)
        return waiting.vectors()

    async def close(self) -> None:
        """Stop, and fail all waiting requests with Outage."""
        self._closed = True
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        for waiting in self._open:
            waiting.fail(_stopping())

    async def _serve(self) -> None:
        """Embed whatever is waiting. A page never waits for a batch to fill."""
        while True:
            await self._wanted.wait()
            if turn := self._next_turn():
                await self._embed(turn)
            elif not self._pages:
                self._wanted.clear()
            else:  # all texts were in the cache
                await asyncio.sleep(0)

    def _next_turn(self) -> Turn:
        """Take texts for the next turn, one batch from one page at a time."""
        turn: Turn = {}
        for _ in range(MOST_AT_ONCE // self._batch_windows):
            if not self._pages or len(turn) >= self._turn_windows:
                break
            waiting = self._pages.first()
            if waiting.waits:
                self._pages.move_on(waiting, self._take(waiting, turn))
            else:
                self._pages.leave(waiting)
        return turn

    def _take(self, waiting: EmbeddingRequest, turn: Turn) -> int:
        """Take a request's next batch of texts and return its cost. Cached texts cost nothing."""
        cost = 0
        for _ in range(self._batch_windows):
            if not waiting.waits or len(turn) >= self._turn_windows:
                break
            key, text = waiting.take()
            known = self._cache.get(key)
            if known is not None:
                waiting.put(key, known)
                continue
            turn.setdefault(key, (text, []))[1].append(waiting)
            # In bytes of UTF-8: in most languages, a token has three or four.
            cost += len(text.encode(errors="surrogatepass"))
        return cost

    async def _embed(self, turn: Turn) -> None:
        loop, texts, began = asyncio.get_running_loop(), [text for text, _ in turn.values()], perf_counter()
        try:
            vectors = await loop.run_in_executor(self._executor, self._embed_texts, texts)
        except Exception as error:  # noqa: BLE001  models raise anything; each page gets a Retry
            await self._failed(turn, error)
            return
        self._learn(len(turn), perf_counter() - began)
        for (key, (_, waiting)), vector in zip(turn.items(), vectors, strict=True):
            self._cache.put(key, vector)
            for each in waiting:
                each.put(key, vector)

    async def _failed(self, turn: Turn, error: Exception) -> None:
        """Embed the texts one by one, so that one bad text fails only its own page."""
        for key, (text, waiting) in turn.items():
            if len(turn) == 1:
                for each in waiting:
                    each.fail(Retry(Reason.EMBED, f"The model failed: {type(error).__name__}."))
            elif any(not each.done.done() for each in waiting):
                await self._embed({key: (text, waiting)})

    def _learn(self, windows: int, seconds: float) -> None:
        """Size the next turn by how long the last one took, but at most double it."""
        if windows < self._turn_windows:
            return
        most = min(windows * self._turn_seconds / seconds, 2 * windows, MOST_AT_ONCE)
        self._turn_windows = max(LEAST_BATCHES, round(most / self._batch_windows)) * self._batch_windows


def _stopping() -> Outage:
    return Outage(Reason.MODEL, "The worker is stopping.")
