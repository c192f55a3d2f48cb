"""The event loop beside a stage that embeds without pause.

`python -m tests.benchmarks.embedding_lag BACKEND MODELS_DIR SECONDS` reads chunked pages from its standard
input (JSON: title, and a heading path and text for each chunk), embeds them over and over for SECONDS, and
prints a JSON line: for `idle` (the stage is open and has nothing to do) and `busy`, by how many
milliseconds the sleeps of one millisecond were too long, and the windows embedded meanwhile.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from scrapy.signalmanager import SignalManager

from alonchat_crawl.embedding import BUNDLED_MODEL, Embedder
from alonchat_crawl.items import Chunk, ChunkedPage, CleanPage, ContentType, Provenance
from alonchat_crawl.settings import (
    EMBEDDING_BATCH_WINDOWS,
    EMBEDDING_CACHE_WINDOWS,
    EMBEDDING_TURN_SECONDS,
    WINDOW_TOKENS,
)
from pipelines.embed import Embed

TICK_SECONDS = 0.001
PAGES_AT_ONCE = 8
Told = list[tuple[str, list[tuple[list[str], str]]]]


def page_of(title: str, chunks: list[tuple[list[str], str]], project_id: UUID) -> ChunkedPage:
    """Return a page of one project."""
    url = "http://docs.example/"
    provenance = Provenance(url, url, project_id, uuid4(), uuid4(), datetime.now(UTC))
    text = "\n\n".join(content for _, content in chunks)
    page = CleanPage(provenance, title, "en", ContentType.DOCUMENTATION, text, bytes(32))
    return ChunkedPage(
        page,
        tuple(Chunk(n, text, tuple(path), 0, len(text)) for n, (path, text) in enumerate(chunks)),
    )


async def _lags(seconds: float) -> list[float]:
    """Sleep a millisecond at a time; return the milliseconds that were too many."""
    lags, until = [], perf_counter() + seconds
    while (began := perf_counter()) < until:
        await asyncio.sleep(TICK_SECONDS)
        lags.append((perf_counter() - began - TICK_SECONDS) * 1000)
    return lags


async def _keep_busy(stage: Embed, pages: Iterator[ChunkedPage], done: list[int]) -> None:
    while True:
        page = next(pages)
        provenance = replace(page.page.provenance, project_id=uuid4())  # so that nothing is remembered
        page = replace(page, page=replace(page.page, provenance=provenance))
        embedded = await stage.process_item(page)
        done.append(sum(len(chunk.vectors) for chunk in embedded.chunks if chunk.vectors is not None))


async def _measured(embedder: Embedder, pages: list[ChunkedPage], seconds: float) -> dict[str, Any]:
    stage = Embed(
        SignalManager(),
        embedder,
        turn_seconds=EMBEDDING_TURN_SECONDS,
        cache_windows=EMBEDDING_CACHE_WINDOWS,
        load_at_once=True,
    )
    await stage.open_spider()
    await stage.process_item(pages[0])  # the model is loaded
    idle = await _lags(seconds / 3)
    done: list[int] = []
    endless = cycle(pages)
    tasks = [asyncio.create_task(_keep_busy(stage, endless, done)) for _ in range(PAGES_AT_ONCE)]
    busy = await _lags(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await stage.close_spider()
    return {"idle": idle, "busy": busy, "windows": sum(done)}


def main(backend: str, models_dir: Path, seconds: float) -> None:
    """Measure and print."""
    told: Told = json.load(sys.stdin)
    pages = [page_of(title, chunks, uuid4()) for title, chunks in told]
    embedder = Embedder(BUNDLED_MODEL, backend, WINDOW_TOKENS, EMBEDDING_BATCH_WINDOWS, models_dir)
    sys.stdout.write(json.dumps(asyncio.run(_measured(embedder, pages, seconds))))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
