"""Searching: questions to a tenant of 50,000 windows, beside another as large, exactly and by an index.

Questions are six words, half of them rare, and a vector. The baseline asks pgvector alone, exactly,
for the ten nearest windows of the tenant: no words, no grouping into chunks, no folding.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator

import numpy as np
import psycopg
from pgvector import HalfVector

from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.projects import promote, read_projects
from alonchat_crawl.storage.search import search
from alonchat_crawl.storage.sources import begin_crawl
from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row
from tests.benchmarks.storing import CHUNKS, VOCABULARY, WEIGHTS, WINDOWS, documentation_page
from tests.support.knowledge import SCHEME, make_source, open_pool

WINDOWS_STORED = 50_000
QUESTIONS = 60
PAGES_AT_ONCE = 20
NEAREST = (
    "select chunk_id from chunk_embeddings where project_id = %s and scheme_id = 1 "
    "order by embedding <=> %s::halfvec(384) limit 10"
)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield milliseconds a question."""
    stored = WINDOWS_STORED // (10 if bench.quick else 1)
    sources = [make_source("large", "large"), make_source("other", "other")]
    for source in sources:
        bench.say(f"searching: storing {stored} windows …")
        asyncio.run(_fill(bench.database_url, source, stored))
    with psycopg.connect(bench.database_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        project = sources[0].project_id
        rng = random.Random(1)  # noqa: S311 - the same questions every time
        asked = [
            (np.random.default_rng(n).random(384, np.float32), " ".join(_words(rng)))
            for n in range(QUESTIONS)
        ]
        nearest = _times(
            lambda vector, _: connection.execute(NEAREST, (project, HalfVector(vector).to_text())).fetchall(),
            asked,
        )
        exact = _times(lambda vector, text: search(connection, project, vector, text, 10), asked)
        what = f"a question to {stored} windows"
        yield Row(f"{what}, exactly", "ms", exact, "the nearest windows alone", nearest)
        bench.say("searching: building the index …")
        began = time.perf_counter()
        asyncio.run(_promote(bench.database_url, sources[0]))
        yield Row("the index built meanwhile", "s", [time.perf_counter() - began])
        indexed = _times(lambda vector, text: search(connection, project, vector, text, 10), asked)
        yield Row(f"{what}, by its index", "ms", indexed, "the nearest windows alone, exactly", nearest)


def _words(rng: random.Random) -> list[str]:
    return [*rng.choices(VOCABULARY, cum_weights=WEIGHTS, k=3), *rng.choices(VOCABULARY[500:], k=3)]


def _times(ask: Callable[[np.ndarray, str], object], asked: list[tuple[np.ndarray, str]]) -> list[float]:
    """Return milliseconds a question, the first few left out: they warm up."""
    taken = []
    for vector, text in asked:
        began = time.perf_counter()
        ask(vector, text)
        taken.append((time.perf_counter() - began) * 1000)
    return taken[5:]


async def _fill(url: str, source: Source, windows: int) -> None:
    pages = windows // (CHUNKS * WINDOWS)
    async with open_pool(url) as pool:
        await begin_crawl(pool, source)
        for first in range(0, pages, PAGES_AT_ONCE):
            numbers = range(first, min(first + PAGES_AT_ONCE, pages))
            batch = [documentation_page(source, n, random.Random(f"{source.url}/{n}")) for n in numbers]  # noqa: S311
            await store(pool, batch, SCHEME)


async def _promote(url: str, source: Source) -> None:
    async with open_pool(url) as pool:
        for project in await read_projects(pool, source.project_id):
            await promote(pool, project)
