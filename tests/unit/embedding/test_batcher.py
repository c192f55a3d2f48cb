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

PROJECT, OTHER = UUID(int=101), UUID(int=102)
Ask = tuple[UUID, Sequence[str]]
"""A page: its project, and its texts."""


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
async def running(model: Model, batch: int = 8, cache: int = 100) -> AsyncIterator[Batcher]:
    """A batcher whose turns are of four batches, closed in the end."""
    with ThreadPoolExecutor(1) as executor:
        batcher = Batcher(model.embed, executor, VectorCache(cache), batch, turn_seconds=0)
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
    async with running(Model(), batch=7) as batcher:
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


async def begun(batcher: Batcher, *pages: Ask) -> list["asyncio.Task[list[Vectors]]"]:
    """Let pages wait, in this order."""
    tasks = []
    for project, texts in pages:
        tasks.append(asyncio.create_task(batcher.embed(project, texts)))
        await soon()
    return tasks


async def test_a_page_waits_for_no_larger_one() -> None:
    """Behind a page of thousands of windows, another's are embedded in the next turns, whosever it is."""
    for project in (PROJECT, OTHER):
        model = Model()
        model.free.clear()
        async with running(model, batch=4) as batcher:
            large, small = await begun(
                batcher,
                (PROJECT, [f"large {number}" for number in range(2000)]),
                (project, [f"small {number}" for number in range(4)]),
            )
            model.free.set()
            await small
            assert max(model.seen.index(f"small {number}") for number in range(4)) < 2 * 16
            assert not large.done()
            assert len(await large) == 2000


async def test_tenants_share_alike() -> None:
    """A tenant with twenty pages gets no more than one with one, as long as both wait."""
    model = Model()
    model.free.clear()
    async with running(model, batch=4) as batcher:
        many = [(PROJECT, [f"many {page:02} {number:02}" for number in range(40)]) for page in range(20)]
        *_, one = await begun(batcher, *many, (OTHER, [f"other 00 {number}" for number in range(10, 50)]))
        model.free.set()
        await one
        last = max(number for number, text in enumerate(model.seen) if text.startswith("other"))
        assert abs(last + 1 - 2 * 40) <= 16


async def test_who_comes_anew_overtakes_nobody_for_ever() -> None:
    """A page is done although smaller ones of its tenant never cease to come."""
    model = Model()
    async with running(model, batch=2, cache=1) as batcher:
        large = asyncio.create_task(batcher.embed(PROJECT, [f"large {number}" for number in range(100)]))
        coming = 0
        while not large.done():
            await batcher.embed(PROJECT, [f"small {coming} {number}" for number in range(2)])
            coming += 1
    assert 5 <= coming <= 60


async def test_long_texts_cost_more() -> None:
    """Turns are shared by what they cost, not by their number: the model takes longer for a long text."""
    model = Model()
    model.free.clear()
    async with running(model, batch=1) as batcher:
        long, short = await begun(
            batcher,
            (PROJECT, [f"{number:03} " + "word " * 100 for number in range(100)]),
            (OTHER, [f"{number:03} " + "word " * 10 for number in range(100)]),
        )
        model.free.set()
        await asyncio.gather(long, short)
        last = max(number for number, text in enumerate(model.seen) if len(text) < 200)
        assert sum(len(text) > 200 for text in model.seen[:last]) <= 16


async def test_alike_lengths_are_embedded_together() -> None:
    """A page's texts come by their length, so that little is spent on padding."""
    model = Model()
    texts = [f"{number:02} " + "x" * (number * 37 % 50) for number in range(50)]
    async with running(model, batch=5) as batcher:
        await batcher.embed(PROJECT, texts)
    assert model.seen == sorted(texts, key=len, reverse=True)


async def test_a_turn_is_as_long_as_it_may_be() -> None:
    """A fast model gets more at once, up to a bound; a slow one some batches."""
    texts = [str(number) for number in range(3000)]
    for seconds, fitting in ((1000.0, 512), (0.0, 32)):
        model = Model()
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(model.embed, executor, VectorCache(1), 8, turn_seconds=seconds)
            await batcher.embed(PROJECT, texts)
            await batcher.close()
        assert model.batches[0] == 32
        assert max(model.batches) == fitting


async def test_nothing_is_taken_before_its_turn() -> None:
    """While the model is busy, no more texts are taken out of the pages than it has at once."""
    model = Model()
    model.free.clear()
    async with running(model, batch=2) as batcher:
        pages = await begun(
            batcher, *((PROJECT, [f"{page} {number}" for number in range(50)]) for page in range(4))
        )
        assert sum(len(page._untaken) for page in batcher._open) == 200 - 8
        model.free.set()
        await asyncio.gather(*pages)
    assert len(model.seen) == 200
    assert max(model.batches) <= 8


async def test_a_page_that_leaves() -> None:
    """A cancelled page's windows are not embedded, but for those that another page wants too."""
    model = Model()
    model.free.clear()
    async with running(model, batch=1) as batcher:
        first = asyncio.create_task(batcher.embed(PROJECT, ["busy"]))
        await soon()
        leaving = asyncio.create_task(batcher.embed(PROJECT, ["shared", "alone"]))
        staying = asyncio.create_task(batcher.embed(PROJECT, ["shared"]))
        await soon()
        leaving.cancel()
        await soon()
        model.free.set()
        await asyncio.gather(first, staying)
        assert not batcher._open
    assert model.seen == ["busy", "shared"]


async def test_no_text_is_no_wait() -> None:
    """A page without texts is done at once."""
    async with running(Model()) as batcher:
        assert await batcher.embed(PROJECT, []) == []


async def test_known_texts_cost_nothing() -> None:
    """What a project has embedded lately is given without the model, also of a page as long as a book."""
    model = Model()
    texts = [str(number) for number in range(2000)]
    async with running(model, cache=2000) as batcher:
        await batcher.embed(PROJECT, texts)
        model.free.clear()
        async with asyncio.timeout(10):
            again = await batcher.embed(PROJECT, [*texts, texts[0]])
        assert np.array_equal(np.stack(again), np.stack([vector_of(text) for text in [*texts, texts[0]]]))


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
    async with running(model, batch=1) as batcher:
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
