"""The micro-batcher: shared texts, backpressure, failures, the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event
from uuid import UUID, uuid4

import numpy as np
import pytest

from alonchat_crawl.embedding import DIMENSIONS, Vectors
from alonchat_crawl.embedding.batcher import Batcher
from alonchat_crawl.embedding.cache import VectorCache, key_of
from alonchat_crawl.errors import Outage, Retry

PROJECT, OTHER = UUID(int=1), UUID(int=2)


def vector_of(text: str) -> Vectors:
    """A vector that only this text has."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[hash(text) % DIMENSIONS] = 1
    return vector


class Model:
    """Embeds, notes what, and can be held up or break."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.batches: list[int] = []
        self.free = Event()
        self.free.set()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Wait until it is let go; raise for a text that says so."""
        assert self.free.wait(10)
        self.seen += texts
        self.batches.append(len(texts))
        if any("poison" in text for text in texts):
            raise RuntimeError
        return np.stack([vector_of(text) for text in texts])


@asynccontextmanager
async def running(model: Model, queue: int = 512, turn: int = 8, cache: int = 100) -> AsyncIterator[Batcher]:
    """A batcher that is closed in the end."""
    with ThreadPoolExecutor(1) as executor:
        batcher = Batcher(model.embed, executor, VectorCache(cache), queue, turn)
        try:
            yield batcher
        finally:
            model.free.set()
            await batcher.close()


async def soon() -> None:
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_order() -> None:
    """Each page gets the vectors of its own texts, in their order."""
    pages = [[f"{page} {number}" for number in range(20)] for page in range(5)]
    async with running(Model(), queue=7) as batcher:
        found = await asyncio.gather(*(batcher.embed(PROJECT, page) for page in pages))
    for page, vectors in zip(pages, found, strict=True):
        assert np.array_equal(np.stack(vectors), np.stack([vector_of(text) for text in page]))


async def test_no_text_twice() -> None:
    """A text is embedded once: in a page, in two pages under way, and in a page that comes later."""
    model = Model()
    model.free.clear()
    async with running(model) as batcher:
        pages = [asyncio.create_task(batcher.embed(PROJECT, ["a", "b", "a"])) for _ in range(3)]
        await soon()
        model.free.set()
        first = await asyncio.gather(*pages)
        later = await batcher.embed(PROJECT, ["b", "c"])
    assert sorted(model.seen) == ["a", "b", "c"]
    assert all(np.array_equal(vectors[0], vector_of("a")) for vectors in first)
    assert np.array_equal(later[0], vector_of("b"))


async def test_nothing_crosses_projects() -> None:
    """What one project has embedded is embedded again for another, under way and after."""
    model = Model()
    async with running(model) as batcher:
        await asyncio.gather(batcher.embed(PROJECT, ["secret"]), batcher.embed(OTHER, ["secret"]))
        await batcher.embed(uuid4(), ["secret"])
    assert model.seen == ["secret"] * 3


async def test_the_oldest_is_forgotten() -> None:
    """The cache holds so many and no more; what was asked for lately stays."""
    cache = VectorCache(2)
    for text in ("a", "b"):
        cache.put(key_of(PROJECT, text), vector_of(text))
    assert cache.get(key_of(PROJECT, "a")) is not None
    cache.put(key_of(PROJECT, "c"), vector_of("c"))
    kept = [cache.get(key_of(PROJECT, text)) is not None for text in "abc"]
    assert kept == [True, False, True]
    assert cache.get(key_of(OTHER, "a")) is None


async def test_cached_as_stored() -> None:
    """What the cache gives back is, in the table's half precision, what it was given."""
    vector = np.random.default_rng(1).normal(size=DIMENSIONS).astype(np.float32)
    cache = VectorCache(1)
    cache.put(b"key", vector)
    found = cache.get(b"key")
    assert found is not None
    assert found.dtype == np.dtype("float32")
    assert np.array_equal(found.astype(np.float16), vector.astype(np.float16))


async def test_pages_wait_where_many_do() -> None:
    """While the model is busy, no more windows are taken than the queue and one turn hold."""
    model = Model()
    model.free.clear()
    async with running(model, queue=4, turn=2) as batcher:
        pages = [
            asyncio.create_task(batcher.embed(PROJECT, [f"{page} {number}" for number in range(50)]))
            for page in range(4)
        ]
        await soon()
        assert len(batcher._waiting) <= 4 + 2 + 1  # and the one that waits for room
        model.free.set()
        await asyncio.gather(*pages)
    assert len(model.seen) == 200
    assert max(model.batches) <= 2


async def test_a_page_that_leaves() -> None:
    """A cancelled page's windows are not embedded, but for those that another page wants too."""
    model = Model()
    model.free.clear()
    async with running(model, turn=1) as batcher:
        first = asyncio.create_task(batcher.embed(PROJECT, ["busy"]))
        await soon()
        leaving = asyncio.create_task(batcher.embed(PROJECT, ["shared", "alone"]))
        staying = asyncio.create_task(batcher.embed(PROJECT, ["shared"]))
        await soon()
        leaving.cancel()
        await soon()
        model.free.set()
        await asyncio.gather(first, staying)
        assert not batcher._waiting
    assert model.seen == ["busy", "shared"]


async def test_failures_are_not_remembered() -> None:
    """A text that fails, fails its pages only, and is tried again when it comes again."""
    model = Model()
    async with running(model) as batcher:
        for _ in range(2):
            results = await asyncio.gather(
                *(batcher.embed(PROJECT, [text]) for text in ("fine", "poison", "well")),
                return_exceptions=True,
            )
            assert [isinstance(result, Retry) for result in results] == [False, True, False]
    assert model.seen.count("poison") == 3  # in the batch, alone, and when it came again
    assert model.seen.count("fine") == 2  # in the batch and alone


async def test_closing() -> None:
    """Whoever waits when it is closed, or comes after, is told to come back later."""
    model = Model()
    model.free.clear()
    async with running(model, queue=2, turn=1) as batcher:
        pages = [
            asyncio.create_task(batcher.embed(PROJECT, [f"{n} {m}" for m in range(9)])) for n in range(3)
        ]
        await soon()
        async with asyncio.timeout(10):
            model.free.set()
            await batcher.close()
            results = await asyncio.gather(*pages, return_exceptions=True)
        assert [type(result) for result in results] == [Outage] * 3
        with pytest.raises(Outage):
            await batcher.embed(PROJECT, ["new"])
