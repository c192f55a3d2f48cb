"""Storing: embedded documentation pages through the store stage, into a table that is searched exactly.

Pages of 4 KB chunks with 11 windows each wait as they do behind a fast embedder, a hundred at once. A third
of them replace a version of which nothing is left. Their words are drawn as prose's are (Zipf's law) from a
vocabulary of 45,000, since the text index is what takes longest. The baseline writes the same rows by
`executemany`, a page a transaction, on one connection.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate, product
from typing import Any
from uuid import uuid4

import numpy as np
from pgvector import HalfVector
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.items import EmbeddedChunk, EmbeddedPage
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl
from pipelines.store import Store
from tests.benchmarks.bench import Bench
from tests.benchmarks.documentation import WORDS
from tests.benchmarks.results import Row
from tests.support.knowledge import SCHEME, Piece, make_page, make_source, open_pool

ROUNDS = 5
PAGES = 200
CHUNKS = 5
WINDOWS = 11  # of a chunk of 4 KB
CHUNK_CHARS = 4000
WAITING = 100  # pages at once: more than one worker has in its pipelines

VOCABULARY = ["".join(pair) for pair in product(WORDS, WORDS)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1)))

INSERT_PAGE = """insert into pages (id, project_id, source_id, url, content_type, content_sha256,
    embedding_scheme, crawl_id, fetched_at) values (%s, %s, %s, %s, 'documentation', '', %s, %s, now())"""
INSERT_CHUNK = """insert into source_chunks (id, project_id, source_id, page_id, position, title, content,
    content_type, token_count) values (%s, %s, %s, %s, %s, %s, %s, 'documentation', 1)"""
INSERT_WINDOW = """insert into chunk_embeddings (chunk_id, project_id, source_id, scheme_id, window_index,
    embedding) values (%s, %s, %s, 1, %s, %s)"""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield windows a second."""
    yield asyncio.run(_measure(bench))


async def _measure(bench: Bench) -> Row:
    ours, theirs = [], []
    for number in bench.rounds(ROUNDS):
        bench.say(f"storing: round {number + 1} …")
        source = make_source(f"storing {number}", f"storing {number}")
        pages = [documentation_page(source, n % (2 * PAGES // 3), random.Random(f"{number}/{n}"))  # noqa: S311 - to be the same
                 for n in range(PAGES)]  # fmt: skip
        ours.append(await _through_the_stage(bench, source, pages))
        theirs.append(await _by_executemany(bench, source, pages))
    return Row(
        "windows stored, upserts included", "a second", ours, "executemany, a page a transaction", theirs
    )


def documentation_page(source: Source, number: int, rng: random.Random) -> EmbeddedPage:
    """Return page `number` of a source: CHUNKS chunks of WINDOWS random vectors each."""
    texts = [
        " ".join(rng.choices(VOCABULARY, cum_weights=WEIGHTS, k=700))[:CHUNK_CHARS] for _ in range(CHUNKS)
    ]
    page = make_page(source, *map(Piece, texts), url=f"https://shop.example/{number}")
    vectors = np.random.default_rng(rng.randrange(2**32)).random((CHUNKS, WINDOWS, 384), np.float32)
    chunks = [
        EmbeddedChunk(embedded.chunk, 1000, of_chunk)
        for embedded, of_chunk in zip(page.chunks, vectors, strict=True)
    ]
    return EmbeddedPage(page.page, tuple(chunks))


async def _through_the_stage(bench: Bench, source: Source, pages: Sequence[EmbeddedPage]) -> float:
    settings = Settings()
    settings.setmodule("alonchat_crawl.settings")
    settings.set("DATABASE_URL", bench.database_url)
    connections = Connections(settings)
    stage = Store(
        SignalManager(), connections, SCHEME, settings["STORE_GROUP_WINDOWS"], settings["STORE_WRITERS"]
    )
    await begin_crawl(await connections.postgres(), source)
    places = asyncio.Semaphore(WAITING)

    async def one(page: EmbeddedPage) -> None:
        async with places:
            await stage.process_item(page)

    began = time.perf_counter()
    await asyncio.gather(*map(one, pages))
    seconds = time.perf_counter() - began
    await connections.close()
    return len(pages) * CHUNKS * WINDOWS / seconds


async def _by_executemany(bench: Bench, source: Source, pages: Sequence[EmbeddedPage]) -> float:
    async with open_pool(bench.database_url) as pool, pool.connection() as connection:
        began = time.perf_counter()
        for page in pages:
            owner = (source.project_id, source.source_id)
            page_id = uuid4()
            chunks = [(uuid4(), *owner, page_id, each.chunk.position, page.page.title, each.chunk.content)
                      for each in page.chunks]  # fmt: skip
            windows: list[tuple[Any, ...]] = [
                (row[0], *owner, index, HalfVector(vector))
                for row, each in zip(chunks, page.chunks, strict=True)
                for index, vector in enumerate(each.vectors if each.vectors is not None else ())
            ]
            url = f"https://shop.example/{page_id}"
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.execute(INSERT_PAGE, (page_id, *owner, url, SCHEME, source.crawl_id))
                await cursor.executemany(INSERT_CHUNK, chunks)
                await cursor.executemany(INSERT_WINDOW, windows)
        return len(pages) * CHUNKS * WINDOWS / (time.perf_counter() - began)
